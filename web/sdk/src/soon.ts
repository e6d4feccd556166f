import { EngineTrap, type FlagInfo, type Outcomes, type Report } from "./engine.js";
import { engineProblem } from "./holding.js";
import type { Direct, Handle } from "./flag.js";
import { GIVEN, VARIANT, type Asker, type Sifted } from "./sifted.js";
import type { Index } from "./swift-index.js";
import { decisions, type Asked, type Entry, type Source, type Table } from "./table.js";
import type { Decisions, Json, Position } from "./types.js";
import { entry } from "./ways.js";

/** A program with its kills, of which each flag can be looked up. */
export class Ready {
  /** Reads of one context after which all flags are looked up, or decided by the module: about as long as that takes. */
  readonly #few: number;
  /** For so many contexts this is so at the first read: the one before was asked for many flags. */
  #ahead = 0;
  /** By flag what it gives to whom all flags were looked up for last. */
  readonly found: Int32Array;
  current: object | undefined;

  constructor(
    readonly sifted: Sifted,
    readonly index: Index,
    /** Decides every flag by the module, for values by their slots. */
    readonly decide: (values: readonly unknown[]) => Outcomes,
  ) {
    const { length } = index.flags;
    this.#few = length < 32 ? ANY : 16 + (length >> 2);
    this.found = sifted.room();
  }

  /** How many flags of the next context are looked up. */
  few(): number {
    if (this.#ahead === 0) return this.#few;
    this.#ahead--;
    return 0;
  }

  many(): void {
    if (this.#ahead === 0) this.#ahead = AHEAD;
  }
}

/** The decisions for a context as it was, by the program and the kills of then, each made when it is asked for. */
export class Soon implements Table, Decisions, Asker, Direct {
  begun = false;
  low = 0;
  high = 0;
  words: Int32Array = NOTHING;
  at = 0;
  /** As the handles that were asked for in it have it; not before there is one. */
  #turn: object = NEVER;
  /** The module has decided all flags: its outcomes are in `words`. */
  #decided = false;
  /** Flags that are still looked up. */
  #left = -1;
  #boolean: Decisions["boolean"] | undefined;

  constructor(
    readonly ready: Ready,
    readonly index: Index,
    readonly values: readonly unknown[],
    readonly position: Position | undefined,
    readonly source: Source,
    readonly report: Report,
  ) {}

  get complete(): boolean {
    return true;
  }

  value(key: string, asked: Asked): Json | undefined {
    const index = this.index;
    const place = index.place(key);
    if (place < 0) return undefined;
    if (index.turns[place] !== asked.turn) index.note(place, asked);
    const ready = this.ready;
    if (ready.current === this) {
      const what = ready.found[place] as number;
      if (what >= 0) return ready.sifted.values[what & GIVEN];
    }
    return this.#look(place);
  }

  direct<T>(handle: Handle<T>): T {
    if (handle.turn !== this.#turn) {
      const { index, source } = this;
      this.#turn = index.turn(source.asked);
      if (handle.binding !== index) index.bind(handle);
      if (handle.place < 0) return handle.fallback;
      if (handle.turn !== this.#turn) index.note(handle.place, source.asked);
      handle.turn = this.#turn;
    }
    const place = handle.place;
    const ready = this.ready;
    if (ready.current === this) {
      const what = ready.found[place] as number;
      if (what >= 0) return handle.values[what >> VARIANT] as T;
    }
    return handle.typed(this.#look(place));
  }

  #look(place: number): Json | undefined {
    if (this.#decided) return this.index.value(place, this.words, this.at);
    const given = this.#given(place);
    if (given >= 0) return this.ready.sifted.values[given];
    return this.#decided ? this.index.value(place, this.words, this.at) : undefined;
  }

  /** What a flag gives, in the tables; -1 where the module has decided all flags, or gave up. */
  #given(place: number): number {
    const { ready } = this;
    if (ready.current !== this) {
      if (this.#left < 0) this.#left = ready.few();
      else if (this.#left === 0) ready.many();
      if (this.#left > 0) {
        this.#left--;
        const given = ready.sifted.given(this, place);
        if (given >= 0) return given;
      } else if (ready.sifted.mostly) {
        ready.sifted.all(this, ready.found);
        ready.current = this;
        // Once others were looked up for in between, one by one.
        this.#left = ANY;
      }
    }
    if (ready.current === this) {
      const what = ready.found[place] as number;
      if (what >= 0) return what & GIVEN;
    }
    this.#decide();
    return -1;
  }

  #decide(): void {
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        ({ words: this.words, at: this.at } = this.ready.decide(this.values));
        this.#decided = true;
        return;
      } catch (cause) {
        this.report(engineProblem(cause, "program"));
        if (!(cause instanceof EngineTrap)) return;
      }
    }
  }

  get(key: string): Entry | undefined {
    const place = this.index.places.get(key);
    return place === undefined ? undefined : this.#entry(place);
  }

  #entry(place: number): Entry | undefined {
    const outcomes = this.outcomes(place);
    return outcomes && entry(this.index.flags[place] as FlagInfo, outcomes, place, this.position);
  }

  /** Outcomes with that of one flag at least; undefined where the module gave up. */
  outcomes(place: number): Outcomes | undefined {
    const given = this.#decided ? -1 : this.#given(place);
    const { outcomes, rules } = this.ready.sifted;
    if (given >= 0) return { words: Int32Array.of(outcomes[given] as number, rules[given] as number), at: -2 * place };
    return this.#decided ? { words: this.words, at: this.at } : undefined;
  }

  reads(): Decisions {
    return this;
  }

  get entries(): Iterable<readonly [string, Entry]> {
    return this.#entries();
  }

  *#entries(): Iterable<readonly [string, Entry]> {
    for (const [key, place] of this.index.places) {
      const entry = this.#entry(place);
      if (entry) yield [key, entry];
    }
  }

  // Each may be taken by itself: `const { boolean } = client.evaluate(context)`. Where many are read, it is made once.
  get boolean(): Decisions["boolean"] {
    if (this.#boolean) return this.#boolean;
    const read: Decisions["boolean"] = (key, fallback) => {
      const value = this.value(key, this.source.asked);
      return typeof value === "boolean" ? value : fallback;
    };
    if (this.ready.current === this) this.#boolean = read;
    return read;
  }

  get string(): Decisions["string"] {
    return (key, fallback) => {
      const value = this.value(key, this.source.asked);
      return typeof value === "string" ? (value as typeof fallback) : fallback;
    };
  }

  get number(): Decisions["number"] {
    return (key, fallback) => {
      const value = this.value(key, this.source.asked);
      return typeof value === "number" ? value : fallback;
    };
  }

  get object(): Decisions["object"] {
    return (key, fallback) => {
      const value = this.value(key, this.source.asked);
      return typeof value === "object" ? (value as typeof fallback) : fallback;
    };
  }

  get #more(): Decisions {
    return decisions({ ...this.source, table: () => this });
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

const AHEAD = 64;
/** More than anyone reads of one context. */
const ANY = 2 ** 30;
const NOTHING = new Int32Array();
const NEVER = {};
