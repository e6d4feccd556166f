import { attribute, readable } from "./context.js";
import { outcome, type FlagInfo, type Outcomes, type Variant } from "./engine.js";
import type { Constants } from "./program.js";
import { Listed, metadataOf, type Entry, type Source, type Table } from "./table.js";
import type { Context, Decisions, Position } from "./types.js";

/** What is done one way in pages, where code is downloaded, and another way on servers, where it runs all the time. */
export interface Ways {
  reader(program: Constants): Reader;
  kept(): Kept;
  /** The table of an evaluation; flags in `withheld` are left out, as they were decided for another context. */
  table(flags: readonly FlagInfo[], outcomes: Outcomes, position: Position | undefined, withheld: boolean): Table;
  /** The reads over a table, whatever the source's present one is; not given: `decisions`. */
  reads?(source: Source, own: Table): Decisions;
}

/** How contexts are read for a program. */
export interface Reader {
  /** The attributes by their slots, and of lists a copy. */
  read(context: Context): unknown[];
  /**
   * Writes the text of a slot at once, at most `ROOM` bytes, and gives how many these are: where it is needed soon, and
   * nobody asks whether the program knows it. Other texts are written when they are asked for.
   */
  early?(slot: number, text: string, bytes: Uint8Array, at: number): number;
}

export const ROOM = 256;

/** Copies outcomes out of the module's memory: the first so many bytes. */
export type Kept = (bytes: Uint8Array, length: number) => Outcomes;

export const small: Ways = {
  reader: ({ slots }) => ({ read: (context) => slots.map(({ name, declared }) => (declared ? undefined : value(attribute(context, name)))) }),
  kept: () => (bytes, length) => ({ words: new Int32Array(bytes.slice(0, length).buffer), at: 0 }),
  table: (flags, outcomes, position, withheld) => {
    const entries = new Map<string, Entry>();
    flags.forEach((flag, place) => {
      if (!withheld || !flag.decided) entries.set(flag.key, entry(flag, outcomes, place, position));
    });
    return new Listed(entries, entries.size === flags.length, position);
  },
};

/** A readable value as it is now. Holes of a sparse list are absent, as undefined is; `map` would skip them. */
export const value = (known: unknown): unknown => (Array.isArray(known) ? Array.from(known, readable) : known);

export function entry(flag: FlagInfo, outcomes: Outcomes, place: number, position: Position | undefined): Entry {
  const { variant, reason, cause, ruleIndex } = outcome(outcomes, place);
  const { key, value, text } = flag.variants[variant] as Variant;
  return { value, text, variant: key, reason, metadata: metadataOf(cause, ruleIndex, position?.revision), browser: flag.browser };
}
