import type { FlagInfo } from "./engine.js";
import type { Binding, Handle } from "./flag.js";
import type { Asked } from "./table.js";
import type { Json } from "./types.js";

/** The flags of a program, with what reads look up in as few steps as possible. */
export class Index implements Binding {
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
  #turn: { readonly asked: Asked | undefined; readonly turn: number } = { asked: undefined, turn: 0 };
  readonly #lists = new Map<string, unknown[]>();

  constructor(readonly flags: readonly FlagInfo[]) {
    // A process that starts waits for this: nothing is made but what is kept.
    const given: Json[] = [];
    const firsts: number[] = [];
    const places = new Map<string, number>();
    flags.forEach(({ key, variants }, place) => {
      firsts.push(given.length);
      for (const { value } of variants) given.push(value);
      places.set(key, place);
    });
    this.given = given;
    this.firsts = firsts;
    this.places = places;
    this.turns = flags.map(() => 0);
    // As the caller has them: the same text is found sooner if it is the same object.
    this.#asked = flags.map(() => "");
    this.#next = flags.map((_, place) => (place + 1) % flags.length);
  }

  /** The place of a key, or -1. */
  place(key: string): number {
    const expected = this.#next[this.#last] as number;
    if (this.#asked[expected] !== key) return this.#find(key);
    this.#last = expected;
    return expected;
  }

  /** Of whoever is told what is asked for, the present turn: another object each time. */
  turn(asked: Asked): object {
    if (this.#turn.asked !== asked || this.#turn.turn !== asked.turn) this.#turn = { asked, turn: asked.turn };
    return this.#turn;
  }

  bind(handle: Handle<unknown>): void {
    const place = this.places.get(handle.key) ?? -1;
    const variants = this.flags[place]?.variants ?? [];
    // Most flags are booleans with the same two: one list for all of them is at hand.
    const shared = handle.type === "boolean" && variants.every(({ value }) => typeof value === "boolean") ? variants.map(({ text }) => text).join() : undefined;
    let values = shared === undefined ? undefined : this.#lists.get(shared);
    if (!values) {
      // Begun with what is no number, so that engines have one kind of list for all handles.
      values = variants.map((): unknown => undefined);
      for (let i = 0; i < variants.length; i++) values[i] = handle.typed(variants[i]?.value);
      if (shared !== undefined) this.#lists.set(shared, values);
    }
    handle.binding = this;
    handle.place = place;
    handle.values = values;
    handle.turn = undefined;
  }

  #find(key: string): number {
    const place = this.places.get(key);
    if (place === undefined) return -1;
    this.#next[this.#last] = place;
    this.#asked[place] = key;
    this.#last = place;
    return place;
  }

  /** The value of a flag by its outcome. */
  value(place: number, words: Int32Array, at: number): Json | undefined {
    return this.given[(this.firsts[place] as number) + ((words[at + place * 2] as number) & 0xffff)];
  }

  /** A flag is asked for, the first time in this turn. */
  note(place: number, asked: Asked): void {
    this.turns[place] = asked.turn;
    asked.add((this.flags[place] as FlagInfo).key);
  }
}

let newest: { readonly flags: readonly FlagInfo[]; readonly index: Index } | undefined;
const indices = new WeakMap<readonly FlagInfo[], Index>();

export function indexOf(flags: readonly FlagInfo[]): Index {
  if (newest?.flags === flags) return newest.index;
  let index = indices.get(flags);
  if (!index) indices.set(flags, (index = new Index(flags)));
  newest = { flags, index };
  return index;
}
