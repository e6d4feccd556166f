import { Latencies, type Latency } from "../histogram.js";
import { Machine, type BreakerCause, type BreakerState, type MachineOptions, type Move } from "./machine.js";

/** What went through a guard since it was last taken; docs/reference/telemetry.md names the fields. */
export interface GuardTally {
  readonly flag: string;
  readonly variant: string;
  readonly ok: number;
  readonly failed: number;
  readonly timed_out: number;
  readonly slow: number;
  readonly ignored: number;
  readonly degraded: number;
  readonly probes_ok: number;
  readonly probes_failed: number;
  readonly moves: readonly (Move & { readonly count: number })[];
  readonly open_ms: number;
  readonly to_open_ms: number | undefined;
  readonly latency: Latency | undefined;
}

/** Where a breaker stands. */
export interface BreakerStatus {
  readonly flag: string;
  readonly variant: string;
  readonly state: BreakerState;
  readonly cause: BreakerCause | undefined;
  /** Openings since it was last well. */
  readonly attempt: number;
  /** How long it has been in this state, in milliseconds. */
  readonly since_ms: number;
  /** Which definition of the flag it watches; undefined where the document has no breaker. */
  readonly of: string | undefined;
}

/** A flag under one of its variants: its breaker, and what is counted of it. */
export class Watched {
  readonly machine: Machine;
  /** Since the beginning. */
  ok = 0;
  failed = 0;
  timedOut = 0;
  slow = 0;
  ignored = 0;
  degraded = 0;
  probesOk = 0;
  probesFailed = 0;
  readonly latencies = new Latencies();

  /** How many of these were handed on as outcomes, and how many failures were not yet. */
  toldOk = 0;
  wentWrong = 0;
  /** When the first call ended since outcomes were handed on, and the last one. */
  first = -1;
  last = 0;

  /** Calls that were well and are not counted yet, and the generation of the machine that they began under. */
  pending = 0;
  pendingOf = 0;

  #takenOk = 0;
  #moves = new Map<string, { move: Move; count: number }>();
  #openMs = 0;
  #openSince: number | undefined;

  constructor(
    readonly flag: string,
    readonly variant: string,
    options: Omit<MachineOptions, "moved">,
    now: () => number,
    moved: (watched: Watched, move: Move | undefined) => void,
  ) {
    this.machine = new Machine(
      {
        ...options,
        moved: (move) => {
          if (move) this.#count(move, now());
          moved(this, move);
        },
      },
      now(),
    );
  }

  status(of: string | undefined, now: number): BreakerStatus {
    const { state, cause, attempt, since } = this.machine;
    return { flag: this.flag, variant: this.variant, state, cause, attempt, since_ms: Math.max(0, Math.round(now - since)), of };
  }

  /** Counts what is pending: as of now, which is at most a tenth of a second later than it was. */
  fold(now: number): void {
    const { pending } = this;
    if (pending === 0) return;
    this.pending = 0;
    this.ok += pending;
    if (this.first < 0) this.first = now;
    this.last = now;
    if (this.pendingOf === this.machine.generation) this.machine.wells(pending, now);
  }

  /** What was counted since it was last taken; undefined where nothing was. */
  take(now: number): GuardTally | undefined {
    this.fold(now);
    if (this.#openSince !== undefined) {
      this.#openMs += now - this.#openSince;
      this.#openSince = now;
    }
    const ok = this.ok - this.#takenOk;
    const { flag, variant, failed, timedOut, slow, ignored, degraded, probesOk, probesFailed, machine } = this;
    const moves = [...this.#moves.values()].map(({ move, count }) => ({ ...move, count }));
    if (ok + failed + timedOut + ignored + degraded + moves.length === 0 && this.#openMs === 0) return undefined;
    const opened = moves.some(({ to }) => to === "open");
    const tally = {
      flag,
      variant,
      ok,
      failed,
      timed_out: timedOut,
      slow,
      ignored,
      degraded,
      probes_ok: probesOk,
      probes_failed: probesFailed,
      moves,
      open_ms: Math.round(this.#openMs),
      to_open_ms: opened && machine.toOpenMs !== undefined ? Math.round(machine.toOpenMs) : undefined,
      latency: this.latencies.take(),
    };
    this.#takenOk = this.ok;
    this.failed = this.timedOut = this.slow = this.ignored = this.degraded = this.probesOk = this.probesFailed = 0;
    this.#moves.clear();
    this.#openMs = 0;
    return tally;
  }

  #count(move: Move, now: number): void {
    const key = `${move.from} ${move.to} ${move.cause}`;
    const known = this.#moves.get(key);
    if (known) known.count++;
    else this.#moves.set(key, { move, count: 1 });
    const isOpen = move.to === "open" || move.to === "half-open";
    if (isOpen) this.#openSince ??= now;
    else if (this.#openSince !== undefined) {
      this.#openMs += now - this.#openSince;
      this.#openSince = undefined;
    }
  }
}
