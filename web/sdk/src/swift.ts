import type { FlagInfo, Outcomes } from "./engine.js";
import type { Direct, Handle } from "./flag.js";
import { indexOf, type Index } from "./swift-index.js";
import { swiftWriter } from "./swift-write.js";
import { decisions, type Asked, type Entry, type Source, type Table } from "./table.js";
import type { Decisions, Json, Position } from "./types.js";
import { entry, type Kept, type Ways } from "./ways.js";

/** The ways of servers. */
export const swift: Ways = {
  writer: swiftWriter,
  kept,
  table: (flags, outcomes, position, withheld) => new Decided(flags, outcomes, position, withheld),
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
    if (place < 0 || (this.withheld && this.flags[place]?.decided)) return undefined;
    if (index.turns[place] !== asked.turn) index.note(place, asked);
    return index.value(place, this.outcomes.words, this.outcomes.at);
  }

  direct<T>(handle: Handle<T>, asked: Asked): T {
    const index = this.#index;
    if (handle.binding !== index) index.bind(handle);
    const { place } = handle;
    if (place < 0 || (this.withheld && this.flags[place]?.decided)) return handle.fallback;
    const turn = index.turn(asked);
    if (handle.turn !== turn) {
      handle.turn = turn;
      index.note(place, asked);
    }
    const { words, at } = this.outcomes;
    return handle.values[(words[at + place * 2] as number) & 0xffff] as T;
  }

  get(key: string): Entry | undefined {
    const place = this.#index.places.get(key);
    return place === undefined ? undefined : this.#entry(place);
  }

  #entry(place: number): Entry | undefined {
    const flag = this.flags[place] as FlagInfo;
    return this.withheld && flag.decided ? undefined : entry(flag, this.outcomes, place, this.position);
  }

  reads(source: Source): Decisions {
    return new Reads(source, this);
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
class Reads implements Decisions, Direct {
  constructor(
    readonly source: Source,
    readonly own: Decided,
  ) {}

  direct<T>(handle: Handle<T>): T {
    return this.own.direct(handle, this.source.asked);
  }

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
