import { EngineTrap, type FlagInfo, type Outcomes, type Report } from "./engine.js";
import { engineProblem } from "./holding.js";
import type { Direct, Handle } from "./flag.js";
import type { Asker, Sifted } from "./sifted.js";
import type { Index } from "./swift-index.js";
import { decisions, type Asked, type Entry, type Source, type Table } from "./table.js";
import type { Decisions, Json, Position } from "./types.js";
import { entry } from "./ways.js";

/** A program with its kills, of which each flag can be looked up. */
export class Ready {
  /** Reads of one context after which the module decides all flags: about as long as that takes. */
  readonly #few: number;
  /** For so many contexts it does so at the first read: the one before was asked for many flags. */
  #ahead = 0;

  constructor(
    readonly sifted: Sifted,
    readonly index: Index,
    /** Decides every flag by the module, for values by their slots. */
    readonly decide: (values: readonly unknown[]) => Outcomes,
  ) {
    const { length } = index.flags;
    this.#few = length < 32 ? ANY : 16 + (length >> 2);
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
  /** The module has decided all flags: its outcomes are in `words`. */
  #decided = false;
  /** Flags that are still looked up. */
  #left = -1;

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
    return this.#decided ? index.value(place, this.words, this.at) : this.#look(place);
  }

  direct<T>(handle: Handle<T>): T {
    const index = this.index;
    if (handle.binding !== index) index.bind(handle);
    const place = handle.place;
    if (place < 0) return handle.fallback;
    const asked = this.source.asked;
    if (handle.turn !== asked.turn) {
      handle.turn = asked.turn;
      index.note(place, asked);
    }
    if (this.#decided) return handle.values[(this.words[this.at + place * 2] as number) & 0xffff] as T;
    return handle.typed(this.#look(place));
  }

  #look(place: number): Json | undefined {
    const given = this.#given(place);
    if (given >= 0) return this.ready.sifted.values[given];
    return this.#decided ? this.index.value(place, this.words, this.at) : undefined;
  }

  /** What a flag gives, in the tables; -1 where the module has decided all flags, or gave up. */
  #given(place: number): number {
    if (this.#left < 0) this.#left = this.ready.few();
    else if (this.#left === 0) this.ready.many();
    if (this.#left > 0) {
      this.#left--;
      const given = this.ready.sifted.given(this, place);
      if (given >= 0) return given;
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

  // Each may be taken by itself: `const { boolean } = client.evaluate(context)`.
  get boolean(): Decisions["boolean"] {
    return (key, fallback) => {
      const value = this.value(key, this.source.asked);
      return typeof value === "boolean" ? value : fallback;
    };
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
