import type { FlagInfo, Outcomes } from "./engine.js";
import { swiftWriter } from "./swift-write.js";
import { decisions, type Asked, type Entry, type Source, type Table } from "./table.js";
import type { Decisions, Json, Position } from "./types.js";
import { entry, type Kept, type Ways } from "./ways.js";

/** The ways of servers. */
export const swift: Ways = {
  writer: swiftWriter,
  kept,
  table: (flags, outcomes, position, withheld) => new Decided(flags, outcomes, position, withheld),
  reads: (source, own) => new Reads(source, own),
};

/** Copies to where there is room for the outcomes of many contexts: an array for each would take longer than deciding. */
function kept(): Kept {
  let words: Int32Array = new Int32Array();
  let used = 0;
  /** What is to be copied, of `from`. */
  let outcomes: Int32Array = new Int32Array();
  let from: Uint8Array | undefined;
  return (bytes, length) => {
    const count = length / 4;
    if (from !== bytes || outcomes.length !== count) {
      from = bytes;
      outcomes = bytes.byteOffset % 4 === 0 ? new Int32Array(bytes.buffer, bytes.byteOffset, count) : new Int32Array(bytes.slice(0, length).buffer);
      // A copy is good for one time only.
      if (outcomes.buffer !== bytes.buffer) from = undefined;
    }
    if (used + count > words.length) {
      words = new Int32Array(Math.max(WORDS, count));
      used = 0;
    }
    const at = used;
    used += count;
    if (count > FEW) words.set(outcomes, at);
    else for (let i = 0; i < count; i++) words[at + i] = outcomes[i] as number;
    return { words, at };
  };
}

/** The flags of a program, with what reads look up in as few steps as possible. */
class Index {
  /** Each one's place, by its key. */
  readonly places: ReadonlyMap<string, number>;
  /** The values of all variants, and where those of each flag begin. */
  readonly given: readonly Json[];
  readonly firsts: readonly number[];
  /** When each was last asked for; see `Asked`. */
  readonly turns: number[];
  /** By place: the key that it was last asked for with, and who was asked for next. One request asks as the other, mostly. */
  readonly #asked: string[];
  readonly #next: number[];
  #last = 0;

  constructor(flags: readonly FlagInfo[]) {
    const given: Json[] = [];
    this.firsts = flags.map(({ variants }) => given.push(...variants.map(({ value }) => value)) - variants.length);
    this.given = given;
    this.places = new Map(flags.map(({ key }, place) => [key, place]));
    this.turns = flags.map(() => 0);
    // As the caller has them: the same text is found sooner if it is the same object.
    this.#asked = flags.map(() => "");
    this.#next = flags.map((_, place) => (place + 1) % flags.length);
  }

  place(key: string): number | undefined {
    const expected = this.#next[this.#last] as number;
    if (this.#asked[expected] === key) {
      this.#last = expected;
      return expected;
    }
    const place = this.places.get(key);
    if (place !== undefined) {
      this.#next[this.#last] = place;
      this.#asked[place] = key;
      this.#last = place;
    }
    return place;
  }
}

let newest: { readonly flags: readonly FlagInfo[]; readonly index: Index } | undefined;
const indices = new WeakMap<readonly FlagInfo[], Index>();

function indexOf(flags: readonly FlagInfo[]): Index {
  if (newest?.flags === flags) return newest.index;
  let index = indices.get(flags);
  if (!index) indices.set(flags, (index = new Index(flags)));
  newest = { flags, index };
  return index;
}

/** The table of an evaluation: numbers, of which each becomes an entry where it is looked at. */
export class Decided implements Table {
  readonly #index: Index;

  /** Flags in `withheld` are left out, as they were decided for another context. */
  constructor(
    readonly flags: readonly FlagInfo[],
    readonly outcomes: Outcomes,
    readonly position: Position | undefined,
    readonly withheld: boolean,
  ) {
    this.#index = indexOf(flags);
  }

  get complete(): boolean {
    return !this.withheld || !this.flags.some((flag) => flag.decided);
  }

  value(key: string, asked: Asked): Json | undefined {
    const index = this.#index;
    const place = index.place(key);
    if (place === undefined || (this.withheld && this.flags[place]?.decided)) return undefined;
    if (index.turns[place] !== asked.turn) {
      index.turns[place] = asked.turn;
      asked.add(key);
    }
    return index.given[(index.firsts[place] as number) + ((this.outcomes.words[this.outcomes.at + place * 2] as number) & 0xffff)];
  }

  get(key: string): Entry | undefined {
    const place = this.#index.places.get(key);
    return place === undefined ? undefined : this.#entry(place);
  }

  #entry(place: number): Entry | undefined {
    const flag = this.flags[place] as FlagInfo;
    return this.withheld && flag.decided ? undefined : entry(flag, this.outcomes, place, this.position);
  }

  get entries(): Iterable<readonly [string, Entry]> {
    return this.#entries();
  }

  *#entries(): Iterable<readonly [string, Entry]> {
    for (const [key, place] of this.#index.places) {
      const entry = this.#entry(place);
      if (entry) yield [key, entry];
    }
  }
}

/** The reads over a table, which make nothing where a value is all that is asked for. */
class Reads implements Decisions {
  constructor(
    readonly source: Source,
    readonly own: Table,
  ) {}

  // Each may be taken by itself: `const { boolean } = client.evaluate(context)`.
  get boolean(): Decisions["boolean"] {
    const { own, source } = this;
    return (key, fallback) => {
      const value = own.value(key, source.asked);
      return typeof value === "boolean" ? value : fallback;
    };
  }

  get string(): Decisions["string"] {
    const { own, source } = this;
    return (key, fallback) => {
      const value = own.value(key, source.asked);
      return typeof value === "string" ? (value as typeof fallback) : fallback;
    };
  }

  get number(): Decisions["number"] {
    const { own, source } = this;
    return (key, fallback) => {
      const value = own.value(key, source.asked);
      return typeof value === "number" ? value : fallback;
    };
  }

  get object(): Decisions["object"] {
    const { own, source } = this;
    return (key, fallback) => {
      const value = own.value(key, source.asked);
      return typeof value === "object" ? (value as typeof fallback) : fallback;
    };
  }

  get #more(): Decisions {
    return decisions({ ...this.source, table: () => this.own });
  }

  get details(): Decisions["details"] {
    return this.#more.details;
  }

  get all(): Decisions["all"] {
    return this.#more.all;
  }

  get bootstrapData(): Decisions["bootstrapData"] {
    return this.#more.bootstrapData;
  }
}

/** The least that is made of room for outcomes. */
const WORDS = 8192;
/** So many words are copied sooner one by one. */
const FEW = 16;
