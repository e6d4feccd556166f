import type { GuardTally } from "../guard/watched.js";
import { Latencies, type Latency } from "../histogram.js";
import type { FlagMetadata, Reason } from "../types.js";

/** docs/reference/telemetry.md. */
const LONGEST_MS = 60_000;
const MOST_BUCKETS = 16;
const MOST_ENTRIES = 256;
const MOST_TIMED = 64;

export interface Exposure {
  readonly flag: string;
  readonly variant: string;
  readonly reason: Reason;
  readonly cause: FlagMetadata["cause"];
  count: number;
  /** Bucketing units that had not been exposed to the flag before; absent: none. */
  units: number | undefined;
}

interface Happened {
  readonly name: string;
  readonly flag: string | undefined;
  readonly variant: string | undefined;
  count: number;
  failed: number;
  latencies: Latencies | undefined;
}

/** What was counted in one stretch of time, as it leaves but for its times. */
export interface Bucket {
  readonly from: number;
  readonly to: number;
  readonly exposures: readonly Exposure[];
  readonly outcomes: readonly (Omit<Happened, "latencies"> & { readonly latency: Latency | undefined })[];
  readonly guards: readonly GuardTally[];
}

/** Counts, in bounded memory: what does not fit is only counted as left out. */
export class Buckets {
  leftOut = 0;
  #from: number | undefined;
  #exposures = new Map<string, Exposure>();
  #happened = new Map<string, Happened>();
  #sealed: Bucket[] = [];

  expose(exposure: Omit<Exposure, "count" | "units">, once: boolean, now: number, isNew = false): void {
    this.#begin(now);
    const key = `${exposure.flag}\0${exposure.variant}\0${exposure.reason}\0${exposure.cause}`;
    const known = this.#exposures.get(key);
    if (known) {
      if (!once) known.count++;
      if (isNew) known.units = (known.units ?? 0) + 1;
    } else if (this.#exposures.size >= MOST_ENTRIES) this.leftOut++;
    else this.#exposures.set(key, { ...exposure, count: 1, units: isNew ? 1 : undefined });
  }

  happen(name: string, of: { readonly flag: string; readonly variant: string } | undefined, failed: boolean, ms: number | undefined, now: number): void {
    this.#begin(now);
    const key = `${name}\0${of?.flag}\0${of?.variant}`;
    let known = this.#happened.get(key);
    if (!known) {
      if (this.#happened.size >= MOST_TIMED) return void this.leftOut++;
      this.#happened.set(key, (known = { name, flag: of?.flag, variant: of?.variant, count: 0, failed: 0, latencies: undefined }));
    }
    known.count++;
    if (failed) known.failed++;
    if (ms !== undefined) (known.latencies ??= new Latencies()).add(ms);
  }

  /** Ends the bucket that is open. */
  seal(guards: readonly GuardTally[], now: number): void {
    if (this.#from === undefined && guards.length === 0) return;
    const outcomes = [...this.#happened.values()].map(({ latencies, ...rest }) => ({ ...rest, latency: latencies?.take() }));
    const kept = guards.slice(0, MOST_TIMED);
    this.leftOut += guards.length - kept.length;
    // Guards are counted since the last bucket.
    this.#sealed.push({ from: this.#from ?? now, to: now, exposures: [...this.#exposures.values()], outcomes, guards: kept });
    this.#from = undefined;
    this.#exposures.clear();
    this.#happened.clear();
    while (this.#sealed.length > MOST_BUCKETS) {
      const gone = this.#sealed.shift();
      if (gone) this.leftOut += gone.exposures.length + gone.outcomes.length + gone.guards.length;
    }
  }

  /** The oldest ones, as long as they are not too much for one batch. */
  take(bytes: number): readonly Bucket[] {
    const taken: Bucket[] = [];
    let size = 0;
    for (let next = this.#sealed[0]; next; next = this.#sealed[0]) {
      size += JSON.stringify(next).length;
      if (taken.length > 0 && size > bytes) break;
      taken.push(next);
      this.#sealed.shift();
    }
    return taken;
  }

  isDue(now: number): boolean {
    return this.#from !== undefined && now - this.#from >= LONGEST_MS;
  }

  clear(): void {
    this.#from = undefined;
    this.#exposures.clear();
    this.#happened.clear();
    this.#sealed = [];
    this.leftOut = 0;
  }

  #begin(now: number): void {
    if (this.isDue(now)) this.seal([], (this.#from ?? now) + LONGEST_MS);
    this.#from ??= now;
  }
}
