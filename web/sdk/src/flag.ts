import type { Decisions, Details, Flag, FlagOf, Json, Widened } from "./types.js";

/** Decisions of servers, which find a flag by its handle in fewer steps than by its key. */
export interface Direct {
  direct<T>(handle: Handle<T>): T;
}

/** The flags of one program, for handles. */
export interface Binding {
  /** Puts the handle's place here into it, and the values of its variants. */
  bind(handle: Handle<unknown>): void;
}

/** A flag with the default of whoever asks, and where it stands in the program that it was last asked of. */
export class Handle<T> implements Flag<T> {
  // What each read needs comes first, and is one line of the processor's cache.
  /** Of that program, in the turn in which it was last asked for; see `Asked`. */
  turn: unknown;
  /** Of that program; -1 where it has no such flag. */
  place = -1;
  /** By variant; the default where one is of another type. */
  values: readonly T[] = [];
  binding: Binding | undefined;

  constructor(
    readonly key: string,
    readonly fallback: T,
    readonly type: "boolean" | "string" | "number" | "object",
  ) {}

  value(decisions: Decisions): T {
    const direct = decisions as Partial<Direct>;
    if (direct.direct !== undefined) return direct.direct(this);
    return (decisions[this.type] as (key: string, fallback: T) => T)(this.key, this.fallback);
  }

  details(decisions: Decisions): Details<Widened<T>> {
    return decisions.details(this.key, this.fallback as Json) as Details<Widened<T>>;
  }

  /** A value of the flag, or the default where it is of another type. */
  typed(value: Json | undefined): T {
    return typeof value === this.type ? (value as T) : this.fallback;
  }
}

/** A flag that is asked for again and again, with the default of whoever asks: one place for both, and on servers read in less time than by its key. */
export const flag: FlagOf = <T>(key: string, fallback: T): Flag<T> => {
  const type = typeof fallback;
  return new Handle(key, fallback, type === "boolean" || type === "string" || type === "number" ? type : "object");
};
