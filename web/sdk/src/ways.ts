import { attribute } from "./context.js";
import { outcome, type FlagInfo, type Outcomes, type Variant } from "./engine.js";
import type { Constants } from "./program.js";
import { Listed, metadataOf, type Entry, type Table } from "./table.js";
import type { Position } from "./types.js";
import { value, writer, type Scratch, type Writer } from "./write.js";

/** What is done one way in pages, where code is downloaded, and another way on servers, where it runs all the time. */
export interface Ways {
  writer(scratch: Scratch, program: Constants): Writer;
  kept(): Kept;
  /** The table of an evaluation; flags in `withheld` are left out, as they were decided for another context. */
  table(flags: readonly FlagInfo[], outcomes: Outcomes, position: Position | undefined, withheld: boolean): Table;
}

/** Copies outcomes out of the module's memory: the first so many bytes. */
export type Kept = (bytes: Uint8Array, length: number) => Outcomes;

export const small: Ways = {
  writer: (scratch, program) =>
    writer(scratch, program, (context) => program.slots.map(({ name, declared }) => (declared ? undefined : value(attribute(context, name))))),
  kept: () => (bytes, length) => ({ words: new Int32Array(bytes.slice(0, length).buffer), at: 0 }),
  table: (flags, outcomes, position, withheld) => {
    const entries = new Map<string, Entry>();
    flags.forEach((flag, place) => {
      if (!withheld || !flag.decided) entries.set(flag.key, entry(flag, outcomes, place, position));
    });
    return new Listed(entries, entries.size === flags.length, position);
  },
};

export function entry(flag: FlagInfo, outcomes: Outcomes, place: number, position: Position | undefined): Entry {
  const { variant, reason, cause, ruleIndex } = outcome(outcomes, place);
  const { key, value, text } = flag.variants[variant] as Variant;
  return { value, text, variant: key, reason, metadata: metadataOf(cause, ruleIndex, position?.revision), browser: flag.browser };
}
