/** Indexes of the log-linear histogram of docs/reference/telemetry.md. */
export const LATENCIES = 240;

/** The index of a time: eight for each doubling of microseconds. */
export function latencyIndex(ms: number): number {
  const us = ms >= 0.001 ? Math.min(Math.floor(ms * 1000), 2 ** 32 - 1) : 1;
  if (us < 8) return us;
  const shift = 28 - Math.clz32(us);
  return 8 * shift + (us >>> shift);
}

/** Where an index begins, in milliseconds. */
export const latencyFrom = (index: number): number => (index < 8 ? index : (8 + (index % 8)) * 2 ** (Math.floor(index / 8) - 1)) / 1000;

/** As it leaves. */
export interface Latency {
  readonly count: number;
  readonly sum_ms: number;
  readonly buckets: readonly (readonly [number, number])[];
}

/** How long things took. */
export class Latencies {
  #counts: Float64Array | undefined;
  #sum = 0;

  add(ms: number): void {
    if (!(ms >= 0 && ms < Infinity)) return;
    (this.#counts ??= new Float64Array(LATENCIES))[latencyIndex(ms)]!++;
    this.#sum += ms;
  }

  /** What was added since it was last taken; undefined where nothing was. */
  take(): Latency | undefined {
    const counts = this.#counts;
    if (!counts) return undefined;
    this.#counts = undefined;
    const buckets: [number, number][] = [];
    let count = 0;
    counts.forEach((each, index) => {
      if (each === 0) return;
      buckets.push([index, each]);
      count += each;
    });
    const latency = { count, sum_ms: Math.round(this.#sum * 1000) / 1000, buckets };
    this.#sum = 0;
    return latency;
  }
}
