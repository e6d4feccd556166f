import { frozen } from "./program.js";
import type { Bootstrap, BootstrapFlag, Cause, Decisions, Details, ErrorCode, FlagChange, FlagMetadata, Json, Position, Reason, Widened } from "./types.js";

/** One decision with what `details` tells of it. */
export interface Entry {
  readonly value: Json;
  /** The value as canonical enough a text to tell a change. */
  readonly text: string;
  readonly variant: string | undefined;
  readonly reason: Reason;
  readonly metadata: FlagMetadata;
  readonly browser: boolean;
  /** The turn in which it was last read; see `Asked`. */
  asked?: number;
}

/** Every decision for one context. */
export interface Table {
  readonly entries: Iterable<readonly [string, Entry]>;
  /** False while nothing decides: a flag that is not in the table may then exist all the same. */
  readonly complete: boolean;
  readonly position: Position | undefined;
  get(key: string): Entry | undefined;
  /** Its value alone; that it was asked for is noted. */
  value(key: string, asked: Asked): Json | undefined;
  /** Reads of it, whatever the source's present one is. */
  reads(source: Source): Decisions;
}

/** A table of entries. */
export class Listed implements Table {
  constructor(
    readonly entries: ReadonlyMap<string, Entry>,
    readonly complete: boolean,
    readonly position: Position | undefined,
  ) {}

  get(key: string): Entry | undefined {
    return this.entries.get(key);
  }

  value(key: string, asked: Asked): Json | undefined {
    const entry = this.entries.get(key);
    if (entry && entry.asked !== asked.turn) {
      entry.asked = asked.turn;
      asked.add(key);
    }
    return entry?.value;
  }

  reads(source: Source): Decisions {
    return decisions({ ...source, table: () => this });
  }
}

export const EMPTY: Table = new Listed(new Map(), false, undefined);

/** The table that a page brings along; undefined where it is none. */
export function bootstrapTable(bootstrap: Bootstrap): Table | undefined {
  const flags: unknown = bootstrap?.flags;
  if (flags === null || typeof flags !== "object") return undefined;
  const entries = new Map<string, Entry>();
  for (const [key, flag] of Object.entries(flags as Record<string, BootstrapFlag | null>)) {
    if (flag === null || typeof flag !== "object" || flag.value === undefined) return undefined;
    // A copy: the page's own object may change under us.
    const text = JSON.stringify(flag.value);
    const metadata = metadataOf(undefined, undefined, bootstrap.position?.revision);
    entries.set(key, { value: frozen(JSON.parse(text) as Json), text, variant: flag.variant, reason: flag.reason ?? "CACHED", metadata, browser: true });
  }
  return new Listed(entries, false, bootstrap.position);
}

export const metadataOf = (cause: Cause | undefined, ruleIndex: number | undefined, revision: number | undefined): FlagMetadata => ({
  ...(cause === undefined ? {} : { cause }),
  ...(ruleIndex === undefined ? {} : { ruleIndex }),
  ...(revision === undefined ? {} : { revision }),
});

/** What differs in value, variant or reason. */
export function changes(before: Table, after: Table): Map<string, FlagChange> {
  const changed = new Map<string, FlagChange>();
  const keys = [...before.entries, ...after.entries].map(([key]) => key);
  for (const key of new Set(keys)) {
    const a = before.get(key);
    const b = after.get(key);
    if (a && b && a.text === b.text && a.variant === b.variant && a.reason === b.reason && a.metadata.cause === b.metadata.cause) continue;
    changed.set(key, { before: a && found(key, a, false), after: b && found(key, b, false) });
  }
  return changed;
}

/** Where reads look: the present table, and whether it is past its validity. */
export interface Source {
  table(): Table;
  expired(): boolean;
  readonly asked: Asked;
}

/** Who is told what is asked for: each flag once a turn. */
export interface Asked {
  /** Changes when what was asked for has been told of; never 0. */
  readonly turn: number;
  add(key: string): void;
}

/** The reads over a table. None throws, whatever it is given. */
export function decisions(source: Source): Decisions {
  const read = <T>(key: string, fallback: T, type: string): T => {
    const value = source.table().value(key, source.asked);
    return typeof value === type ? (value as T) : fallback;
  };

  const details = <T extends Json>(key: string, fallback: T): Details<Widened<T>> => {
    const table = source.table();
    const entry = table.get(key);
    if (!entry) {
      return table.complete
        ? failed(key, fallback, "FLAG_NOT_FOUND", `no flag \`${key}\` in this flag set`)
        : failed(key, fallback, "PROVIDER_NOT_READY", `no flag set for this context as yet`);
    }
    table.value(key, source.asked);
    if (fallback !== null && typeof fallback !== typeof entry.value) {
      return failed(key, fallback, "TYPE_MISMATCH", `flag \`${key}\` is of type ${typeof entry.value}, not ${typeof fallback}`);
    }
    return found(key, entry, source.expired()) as Details<Widened<T>>;
  };

  return {
    boolean: (key, fallback) => read(key, fallback, "boolean"),
    string: (key, fallback) => read(key, fallback, "string"),
    number: (key, fallback) => read(key, fallback, "number"),
    object: (key, fallback) => read(key, fallback, "object"),
    details: details as Decisions["details"],
    all: () => {
      const all: Record<string, Details> = Object.create(null) as Record<string, Details>;
      const table = source.table();
      for (const [key, entry] of table.entries) {
        table.value(key, source.asked);
        all[key] = found(key, entry, source.expired());
      }
      return all;
    },
    bootstrapData: () => {
      const table = source.table();
      const flags: Record<string, BootstrapFlag> = Object.create(null) as Record<string, BootstrapFlag>;
      for (const [key, { value, variant, reason, browser }] of table.entries) {
        if (browser) flags[key] = { value, ...(variant === undefined ? {} : { variant }), reason };
      }
      return { flags, ...(table.position ? { position: table.position } : {}) };
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
