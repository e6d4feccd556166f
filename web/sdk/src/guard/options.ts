import type { Decisions } from "../types.js";
import type { Move } from "./machine.js";
import type { MarkStore } from "./marks.js";
import type { BreakerStatus, GuardTally } from "./watched.js";

export interface GuardOptions<A extends unknown[], R> {
  /** What is done instead: the way that the degraded variant leads. */
  readonly fallback: (...args: A) => R;
  /**
   * The variant that leads to the guarded function. Default: every one but the degraded one, and of a boolean flag the one that
   * is true.
   */
  readonly variant?: string;
  /**
   * Nothing is done twice by doing it again. Then the fallback takes the place of a call that failed, and the breaker tries again
   * by itself. Default false: the caller sees the error, and an open breaker waits for somebody.
   */
  readonly idempotent?: boolean;
  /** Milliseconds after which a promise has failed. Default: what the document says, or never. */
  readonly timeoutMs?: number;
  /** Errors that say nothing of the guarded function. Default: aborts, and statuses from 400 to 499 but 408 and 429. */
  readonly ignores?: (cause: unknown) => boolean;
  /** It draws the page: until that has come through, errors that nobody catches count as its own. Default false. */
  readonly uncaught?: boolean;
  /** Where each call has its own context: the decisions for it, `client.evaluate(context)`. */
  readonly decided?: (...args: A) => Decisions;
}

export interface GuardsOptions {
  /**
   * `page`: a few failures open a breaker for the session, tabs share what they know, and starts that crash are counted.
   * `server`: calls are counted, and units try again. Default: `page` where there is a document.
   */
  readonly form?: "page" | "server";
  /** Milliseconds on a clock that never jumps. */
  readonly now?: () => number;
  /** Epoch milliseconds. */
  readonly wall?: () => number;
  /** From 0 to below 1. */
  readonly random?: () => number;
  readonly setTimer?: (callback: () => void, ms: number) => unknown;
  readonly clearTimer?: (timer: unknown) => void;
  /** What outlives the page, and is shared between tabs; `false` for nothing. Default in pages: `localStorage`. */
  readonly marks?: MarkStore | false;
  /** Names this tab for as long as it lives. */
  readonly tab?: string;
  /** Whether guarded calls count as outcomes of their flag, ok or failed. Default true. */
  readonly outcomes?: boolean;
}

/** Circuit breakers of a client. They only ever give the degraded variant instead of another one. */
export interface Guards {
  /** The guarded function: does `path` where the flag leads there and its breaker lets it, else the fallback. */
  guard<A extends unknown[], R>(flag: string, path: (...args: A) => R, options: GuardOptions<A, R>): (...args: A) => R;
  /** Every breaker that was used. */
  breakers(): readonly BreakerStatus[];
  /** Lets everything of a flag through and counts nothing, or ends that: for tests and for the hour of need. */
  disable(flag: string, isDisabled?: boolean): void;
  /** Calls `listener` at each change of state; returns what takes it off again. */
  onMove(listener: (status: BreakerStatus, move: Move) => void): () => void;
  /** From here on it is measured how long guarded calls take, which costs a look at the clock each. For `downhaul/telemetry`. */
  timed(): void;
  /** What was counted since this was last called. For `downhaul/telemetry`. */
  take(): readonly GuardTally[];
  /** Takes up what another tab wrote; called by itself in pages. */
  shared(): void;
}
