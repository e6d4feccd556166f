import { probeHash } from "./unit.js";
import type { Settings } from "./settings.js";
import { Window } from "./window.js";

/** docs/reference/telemetry.md names them. */
export type BreakerState = "closed" | "open" | "half-open" | "forced-open" | "disabled" | "observing";

/** Why it went from one state to another. */
export type BreakerCause = "consecutive" | "failures" | "slow" | "probe" | "session" | "crash-loop" | "kill" | "restore" | "probed" | "waited" | "changed" | "shared" | "disabled" | "enabled";

/** How a call ended. What is ignored says nothing of the path. */
export type Ended = "ok" | "slow" | "failed" | "ignored";

export interface Move {
  readonly from: BreakerState;
  readonly to: BreakerState;
  readonly cause: BreakerCause;
}

/** Shares of the bucketing units that a half-open breaker lets through, one after the other. */
export const SHARES = [0.01, 0.1, 0.5] as const;
/** Calls in a row that have to be well at each share. */
export const WELL = 10;
/** Failures before that, at any of them, that open it again. */
const BAD = 2;
/**
 * The least time at a share. With the shortest opening it makes at least a minute from one opening of a closed breaker to the
 * next, however the calls end: nobody is sent to and fro more often than that.
 */
export const SHARE_MS = 20_000;
/** At a share that reaches nobody who calls, others are drawn after so long. */
const NOBODY_MS = 60_000;

export interface MachineOptions {
  readonly flag: string;
  readonly settings: Settings;
  /** In a page: a few failures open it, and it stays open. */
  readonly session: boolean;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Told after each change of state or share. */
  readonly moved?: (move: Move | undefined) => void;
}

/**
 * The breaker of one flag and variant. It has no clock, timer or thread: whoever calls hands in the time, in milliseconds on a
 * clock that never jumps.
 *
 * It only ever takes calls away from the variant: closed, everything is as the flag set says.
 */
export class Machine {
  state: BreakerState;
  /** Whether every call goes through: what is asked before anything else. */
  passing = true;
  /**
   * Whether it is passing, and nothing has failed lately that a call which was well would have to be weighed against: these may
   * be counted together, by `wells`.
   */
  calm = true;
  /** Goes up with each state: what began under another one counts for nothing here. */
  generation = 0;
  /** Goes up with each state and each share: who was let through is known anew. */
  round = 0;
  /** Openings since it was last well. */
  attempt = 0;
  since: number;
  cause: BreakerCause | undefined;
  /** From the first failure of the row to the last opening. */
  toOpenMs: number | undefined;

  #settings: Settings;
  #isMeasured: boolean;
  #isLimited: boolean;
  readonly #options: MachineOptions;
  #window: Window;
  #row = 0;
  #firstFailure: number | undefined;
  #failures = 0;
  #until = 0;
  #stage = 0;
  #stageSince = 0;
  #stageCalls = 0;
  #well = 0;
  #bad = 0;
  #draw = 0;
  #forcedAt = -1;
  #isDisabled = false;
  /** Closed or observing, and has never been open. */
  #isPlain = true;

  constructor(options: MachineOptions, now: number) {
    this.#options = options;
    this.#settings = options.settings;
    this.#isMeasured = options.settings.slowMs < Infinity;
    this.#isLimited = options.settings.timeoutMs < Infinity;
    this.#window = new Window(options.settings.windowMs);
    this.state = this.#calm();
    this.since = now;
  }

  /** Whether it matters how long a call takes. */
  get isMeasured(): boolean {
    return this.#isMeasured;
  }

  /** Whether a call may take too long. */
  get isLimited(): boolean {
    return this.#isLimited;
  }

  get settings(): Settings {
    return this.#settings;
  }

  /** The share that is let through. */
  get share(): number {
    return this.passing ? 1 : this.state === "half-open" ? (SHARES[this.#stage] as number) : 0;
  }

  /** Whether a call for this unit may go through. */
  admits(unit: string, now: number): boolean {
    if (this.passing) return true;
    this.advance(now);
    return this.passing || (this.state === "half-open" && this.draws(unit));
  }

  /** Whether a unit is among those that try. Whoever is at one share is at the next one. */
  draws(unit: string): boolean {
    return probeHash(unit, this.#options.flag, this.#draw) < (SHARES[this.#stage] as number) * 2 ** 32;
  }

  /** What the time alone changes. */
  advance(now: number): void {
    if (this.state === "open" && now >= this.#until) {
      this.#draw++;
      this.#well = this.#bad = 0;
      this.#window.clear();
      this.#row = 0;
      this.#atStage(0, now);
      this.#move("half-open", "waited", now);
    } else if (this.state === "half-open") {
      const waited = now - this.#stageSince;
      if (this.#well >= WELL && waited >= SHARE_MS) {
        if (this.#stage + 1 < SHARES.length) this.#next(this.#stage + 1, now);
        else this.#close("probed", now);
      } else if (this.#stageCalls === 0 && waited >= NOBODY_MS) {
        // Nobody of this share calls. A larger one is only tried as long as nobody is hurt by it; then it is others' turn.
        if (this.#stage + 1 < SHARES.length) this.#next(this.#stage + 1, now);
        else {
          this.#draw++;
          this.#next(0, now);
        }
      }
    } else if (this.attempt > 0 && this.passing && now - this.since >= 10 * this.#settings.openMs) this.attempt = 0;
  }

  /** As `ended(generation, "ok", now)`: what almost every call is. */
  well(generation: number, now: number): void {
    const window = this.#window;
    // Where nothing has failed there is nothing to weigh up.
    if (this.#isPlain && generation === this.generation && window.failed === 0 && window.slow === 0) {
      this.#row = 0;
      window.well(now);
      this.calm = true;
    } else this.ended(generation, "ok", now);
  }

  /** So many calls that were well under the present generation, while it was calm. */
  wells(count: number, now: number): void {
    this.#row = 0;
    this.#window.wells(count, now);
  }

  /** How a call ended that began under `generation`. */
  ended(generation: number, ended: Ended, now: number): void {
    if (generation !== this.generation || ended === "ignored") return;
    if (this.state === "half-open") return this.#probed(ended, now);
    if (this.state !== "closed" && this.state !== "observing") return;
    if (this.attempt > 0) this.advance(now);
    const settings = this.#settings;
    const window = this.#window;
    if (ended === "ok") window.well(now);
    else {
      window.bad(now, ended === "slow");
      this.calm = false;
    }
    if (ended === "failed") {
      if (this.#row++ === 0) this.#firstFailure = now;
      this.#failures++;
      if (this.#options.session && this.#failures >= settings.sessionFailures) return this.#open("session", now);
      if (this.#row >= settings.consecutive) return this.#open("consecutive", now);
    } else this.#row = 0;
    if (window.failed === 0 && window.slow === 0) return;
    const { calls } = window;
    if (calls < settings.leastCalls) return;
    if (window.failed >= settings.failureShare * calls) this.#open("failures", now);
    else if (window.slow >= settings.slowShare * calls) this.#open("slow", now);
  }

  /** Opens it for good, for what is known from elsewhere. */
  latch(cause: "session" | "crash-loop" | "shared", now: number): void {
    if (!this.#settings.acts || this.#isDisabled || this.state === "forced-open") return;
    if (this.state === "open" && this.#until === Infinity) return;
    this.#until = Infinity;
    this.attempt++;
    this.#move("open", cause, now);
  }

  /** The flag is killed, at this kill revision. */
  force(killRevision: number, now: number): void {
    this.#forcedAt = Math.max(this.#forcedAt, killRevision);
    if (this.state !== "forced-open") this.#move("forced-open", "kill", now);
  }

  /** It is killed no more; believed only at a higher kill revision. Somebody has closed it, so it begins anew. */
  release(killRevision: number, now: number): void {
    if (this.state !== "forced-open" || killRevision <= this.#forcedAt) return;
    this.#afresh();
    this.#move(this.#calm(), "restore", now);
  }

  /** The document says something else. `same`: what failed so far failed under the same definition. */
  configure(settings: Settings, same: boolean, now: number): void {
    const observed = this.#settings.acts === settings.acts;
    this.#settings = settings;
    this.#isMeasured = settings.slowMs < Infinity;
    this.#isLimited = settings.timeoutMs < Infinity;
    if (same && observed) return;
    this.#afresh();
    if (this.state !== "forced-open" && this.state !== this.#calm()) this.#move(this.#calm(), "changed", now);
  }

  /** By the application: a breaker that is disabled lets everything through and counts nothing. */
  disable(isDisabled: boolean, now: number): void {
    if (this.#isDisabled === isDisabled) return;
    this.#isDisabled = isDisabled;
    this.#afresh();
    if (this.state !== "forced-open") this.#move(this.#calm(), isDisabled ? "disabled" : "enabled", now);
  }

  #calm(): BreakerState {
    return this.#isDisabled ? "disabled" : this.#settings.acts ? "closed" : "observing";
  }

  #afresh(): void {
    this.#window = new Window(this.#settings.windowMs);
    this.#row = this.#failures = this.attempt = 0;
    this.#until = 0;
  }

  #probed(ended: Ended, now: number): void {
    this.#stageCalls++;
    const isBad = ended === "failed" || ended === "slow";
    if (isBad) this.#window.bad(now, ended === "slow");
    else this.#window.well(now);
    this.#row = isBad ? this.#row + 1 : 0;
    if (this.#well < WELL) {
      this.#well = isBad ? 0 : this.#well + 1;
      if (isBad && ++this.#bad >= BAD) return this.#open("probe", now);
    } else if (isBad) {
      // While it waits for its time, half of what opens a closed breaker is enough: at the border it must not flap.
      const { failureShare, slowShare, leastCalls, consecutive } = this.#settings;
      const { calls, failed, slow } = this.#window;
      const isTooMuch = failed >= (failureShare / 2) * calls || slow >= (slowShare / 2) * calls;
      if (this.#row >= consecutive || (calls >= leastCalls && isTooMuch)) return this.#open("probe", now);
    }
    this.advance(now);
  }

  #open(cause: BreakerCause, now: number): void {
    this.toOpenMs = this.#firstFailure === undefined ? 0 : now - this.#firstFailure;
    if (this.state === "observing") {
      // Said, not done; the next one needs as much evidence again.
      this.#window.clear();
      this.#row = this.#failures = 0;
      this.#options.moved?.({ from: "observing", to: "observing", cause });
      return;
    }
    const { openMs, openAtMostMs, probes } = this.#settings;
    const jitter = 0.8 + 0.4 * this.#options.random();
    const stays = this.#options.session || !probes;
    this.#until = stays ? Infinity : now + Math.min(openMs * 2 ** this.attempt, openAtMostMs) * jitter;
    this.attempt++;
    this.#move("open", cause, now);
  }

  #close(cause: BreakerCause, now: number): void {
    this.#window.clear();
    this.#row = 0;
    this.#move(this.#calm(), cause, now);
  }

  #atStage(stage: number, now: number): void {
    this.#stage = stage;
    this.#stageSince = now;
    this.#stageCalls = 0;
  }

  #next(stage: number, now: number): void {
    this.#well = 0;
    this.#atStage(stage, now);
    this.round++;
    this.#options.moved?.(undefined);
  }

  #move(to: BreakerState, cause: BreakerCause, now: number): void {
    const from = this.state;
    this.state = to;
    this.cause = cause;
    this.since = now;
    this.generation++;
    this.round++;
    this.#isPlain = (to === "closed" || to === "observing") && this.attempt === 0;
    this.calm = false;
    this.passing = to === "closed" || to === "observing" || to === "disabled";
    this.#options.moved?.({ from, to, cause });
  }
}
