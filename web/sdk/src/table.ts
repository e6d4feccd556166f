import type { FlagInfo, Outcome } from "./engine.js";
import { frozen } from "./program.js";
import type { Bootstrap, BootstrapFlag, Decisions, Details, ErrorCode, FlagChange, FlagMetadata, Json, Position, Reason, Widened } from "./types.js";

/** One decision, as reads find it. */
export interface Entry {
  readonly value: Json;
  /** The value as canonical enough a text to tell a change. */
  readonly text: string;
  readonly variant: string | undefined;
  readonly reason: Reason;
  readonly metadata: FlagMetadata;
  readonly browser: boolean;
  /** Whether this entry was read. */
  asked: boolean;
}

/** Every decision for one context. */
export interface Table {
  readonly entries: ReadonlyMap<string, Entry>;
  /** False while nothing decides: a flag that is not in the table may then exist all the same. */
  readonly complete: boolean;
  readonly position: Position | undefined;
}

export const EMPTY: Table = { entries: new Map(), complete: false, position: undefined };

/** The table of an evaluation; flags in `withheld` are left out, as they were decided for another context. */
export function tableOf(flags: readonly FlagInfo[], outcomes: readonly Outcome[], position: Position | undefined, withheld: boolean): Table {
  const entries = new Map<string, Entry>();
  let complete = true;
  flags.forEach((flag, index) => {
    const outcome = outcomes[index];
    const variant = outcome && flag.variants[outcome.variant];
    if (!outcome || !variant || (withheld && flag.decided)) {
      complete = false;
      return;
    }
    const metadata: FlagMetadata = {
      ...(outcome.cause === undefined ? {} : { cause: outcome.cause }),
      ...(outcome.ruleIndex === undefined ? {} : { ruleIndex: outcome.ruleIndex }),
      ...(position === undefined ? {} : { revision: position.revision }),
    };
    entries.set(flag.key, { value: variant.value, text: variant.text, variant: variant.key, reason: outcome.reason, metadata, browser: flag.browser, asked: false });
  });
  return { entries, complete, position };
}

/** The table that a page brings along; undefined where it is none. */
export function bootstrapTable(bootstrap: Bootstrap): Table | undefined {
  const flags: unknown = bootstrap?.flags;
  if (flags === null || typeof flags !== "object") return undefined;
  const entries = new Map<string, Entry>();
  for (const [key, flag] of Object.entries(flags as Record<string, BootstrapFlag | null>)) {
    if (flag === null || typeof flag !== "object" || flag.value === undefined) return undefined;
    // A copy: the page's own object may change under us.
    const text = JSON.stringify(flag.value);
    const metadata = bootstrap.position ? { revision: bootstrap.position.revision } : {};
    entries.set(key, { value: frozen(JSON.parse(text) as Json), text, variant: flag.variant, reason: flag.reason ?? "CACHED", metadata, browser: true, asked: false });
  }
  return { entries, complete: false, position: bootstrap.position };
}

/** What differs in value, variant or reason. */
export function changes(before: Table, after: Table): Map<string, FlagChange> {
  const changed = new Map<string, FlagChange>();
  for (const key of new Set([...before.entries.keys(), ...after.entries.keys()])) {
    const a = before.entries.get(key);
    const b = after.entries.get(key);
    if (a && b && a.text === b.text && a.variant === b.variant && a.reason === b.reason && a.metadata.cause === b.metadata.cause) continue;
    changed.set(key, { before: a && found(key, a, false), after: b && found(key, b, false) });
  }
  return changed;
}

/** Where reads look: the present table, and whether it is past its validity. */
export interface Source {
  table(): Table;
  expired(): boolean;
  /** An entry is read for the first time. */
  asked(key: string, entry: Entry): void;
}

/** The reads over a table. None throws, whatever it is given. */
export function decisions(source: Source): Decisions {
  const note = (key: string, entry: Entry): void => {
    if (entry.asked) return;
    entry.asked = true;
    source.asked(key, entry);
  };

  const read = <T>(key: string, fallback: T, fits: (value: Json) => boolean): T => {
    const entry = source.table().entries.get(key);
    if (entry && !entry.asked) note(key, entry);
    return entry && fits(entry.value) ? (entry.value as T) : fallback;
  };

  const details = <T extends Json>(key: string, fallback: T): Details<Widened<T>> => {
    const table = source.table();
    const entry = table.entries.get(key);
    if (!entry) {
      return table.complete
        ? failed(key, fallback, "FLAG_NOT_FOUND", `no flag \`${key}\` in this flag set`)
        : failed(key, fallback, "PROVIDER_NOT_READY", `no flag set for this context as yet`);
    }
    note(key, entry);
    if (fallback !== null && typeOf(fallback) !== typeOf(entry.value)) {
      return failed(key, fallback, "TYPE_MISMATCH", `flag \`${key}\` is of type ${typeOf(entry.value)}, not ${typeOf(fallback)}`);
    }
    return found(key, entry, source.expired()) as Details<Widened<T>>;
  };

  return {
    boolean: (key, fallback) => read(key, fallback, isBoolean),
    string: (key, fallback) => read(key, fallback, isString),
    number: (key, fallback) => read(key, fallback, isNumber),
    object: (key, fallback) => read(key, fallback, isObject),
    details: details as Decisions["details"],
    all: () => {
      const all: Record<string, Details> = Object.create(null) as Record<string, Details>;
      for (const [key, entry] of source.table().entries) {
        note(key, entry);
        all[key] = found(key, entry, source.expired());
      }
      return all;
    },
    bootstrapData: () => {
      const { entries, position } = source.table();
      const flags: Record<string, BootstrapFlag> = Object.create(null) as Record<string, BootstrapFlag>;
      for (const [key, { value, variant, reason, browser }] of entries) {
        if (browser) flags[key] = { value, ...(variant === undefined ? {} : { variant }), reason };
      }
      return { flags, ...(position ? { position } : {}) };
    },
  };
}

function found(flagKey: string, entry: Entry, expired: boolean): Details {
  const { value, variant, reason, metadata } = entry;
  return {
    flagKey,
    value,
    ...(variant === undefined ? {} : { variant }),
    reason: expired ? "STALE" : reason,
    flagMetadata: expired ? { ...metadata, trueReason: reason } : { ...metadata },
  };
}

function failed<T extends Json>(flagKey: string, fallback: T, errorCode: ErrorCode, errorMessage: string): Details<Widened<T>> {
  return { flagKey, value: fallback as unknown as Widened<T>, reason: "ERROR", errorCode, errorMessage, flagMetadata: {} };
}

const isBoolean = (value: Json): boolean => typeof value === "boolean";
const isString = (value: Json): boolean => typeof value === "string";
const isNumber = (value: Json): boolean => typeof value === "number";
const isObject = (value: Json): boolean => typeof value === "object";
/** Lists, objects and null are one type, as in the document. */
const typeOf = (value: Json | undefined): string => typeof value;
