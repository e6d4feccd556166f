import type { Breakers } from "./guard/settings.js";
import type { Holding } from "./holding.js";
import type { Source } from "./table.js";
import type { Cause, Context, Decisions, Json, Problem, Reason } from "./types.js";
import type { Ways } from "./ways.js";

/** A flag of the loaded program, as far as JavaScript needs it. */
export interface FlagInfo {
  readonly key: string;
  readonly variants: readonly Variant[];
  readonly onStaleDegraded: boolean;
  /** The control plane decided it for the claimed context, or it requires such a flag: it answers for no other context. */
  readonly decided: boolean;
  /** May be rendered into a page. */
  readonly browser: boolean;
}

export interface Variant {
  readonly key: string;
  /** The value as JSON text: equal texts are equal values. */
  readonly text: string;
  /** Frozen through and through. */
  readonly value: Json;
}

/** What evaluation says of one flag. */
export interface Outcome {
  readonly variant: number;
  readonly reason: Reason;
  readonly cause: Cause | undefined;
  readonly ruleIndex: number | undefined;
}

/** The outcomes of all flags, as numbers: nothing of it is an object, so that deciding makes one, however many flags there are. */
export interface Outcomes {
  /** From `at` on, for each flag: 16 bits variant, 8 reason, 8 cause; then the rule's index, or -1. */
  readonly words: Int32Array;
  readonly at: number;
}

export function outcome({ words, at }: Outcomes, flag: number): Outcome {
  const word = words[at + flag * 2] as number;
  const rule = words[at + flag * 2 + 1] as number;
  return { variant: word & 0xffff, reason: REASONS[(word >> 16) & 0xff] ?? "ERROR", cause: CAUSES[word >> 24], ruleIndex: rule < 0 ? undefined : rule };
}

const REASONS: readonly Reason[] = ["STATIC", "DEFAULT", "TARGETING_MATCH", "SPLIT", "DISABLED", "STALE", "PREREQUISITE_FAILED", "ERROR"];
const CAUSES: readonly (Cause | undefined)[] = [undefined, "kill", "stale", "breaker", "crash-loop"];

/** The cause of each flag that is degraded locally, by the flag's index; 0 for those that are not. */
export type Overrides = Uint8Array;
export const OVERRIDE = { none: 0, stale: 2, breaker: 3, "crash-loop": 4 } as const;

/**
 * Flags that are degraded locally beside the stale ones, once it is known what was decided; undefined where nothing is to be
 * added to `stale`.
 */
export type Brakes = (flags: readonly FlagInfo[], decided: Outcomes, who: Context, stale: Overrides | undefined) => Overrides | undefined;

/** What a client gives whoever has brakes. */
export interface Braking {
  /** What the flag set in use says of breakers. */
  declared(): Breakers | undefined;
  /** Decides anew: the brakes say something else. */
  again(): void;
}

/** What is in use. */
export type Held = Pick<Holding, "header" | "position">;

/** Is told what went wrong. */
export type Report = (problem: Problem) => void;

/** Whatever evaluates programs. The only one is the WebAssembly module's; tests put others in its place. */
export interface Engine {
  readonly formats: readonly number[];
  /** Takes over a program and keeps the kills. Throws `ProgramRefused`, and then has what it had. */
  load(program: Uint8Array): readonly FlagInfo[];
  /** Takes over a kill set. Throws `ProgramRefused` where it is none. */
  setKills(kills: Uint8Array): void;
  /** Whether some rule reads the time, which the host fills in. */
  readsTime(): boolean;
  /** Decides every flag of the program, in its order. */
  evaluate(context: Context, overrides: Overrides | undefined): Outcomes;
  readonly ways: Ways;
  /** Is told what is held, whenever that has changed. */
  take?(held: Held): void;
  /** Decides each flag when it is asked for, as of now; undefined where all are to be decided at once. On servers only. */
  reads?(context: Context, source: Source, report: Report): Decisions | undefined;
}

/** Decides every flag, and once more where `brakes` say something of what was decided. */
export function braked(engine: Engine, flags: readonly FlagInfo[], who: Context, stale: Overrides | undefined, brakes: Brakes | undefined): Outcomes {
  const decided = engine.evaluate(who, stale);
  const added = brakes?.(flags, decided, who, stale);
  return added ? engine.evaluate(who, added) : decided;
}

/** Bytes that are no program, or none that this release reads. */
export class ProgramRefused extends Error {
  override readonly name = "ProgramRefused";
}

/** The engine gave up; it has been made anew, and what was asked was not answered. */
export class EngineTrap extends Error {
  override readonly name = "EngineTrap";
}
