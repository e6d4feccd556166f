const TENTHS = 10;

/** Calls of the last window, in ten equal parts: the oldest tenth leaves as a new one begins. */
export class Window {
  failed = 0;
  slow = 0;
  readonly #part: number;
  #tick = -Infinity;
  /** When the present tenth is over. */
  #until = -Infinity;
  #at = 0;
  readonly #calls = new Array<number>(TENTHS).fill(0);
  readonly #failed = new Array<number>(TENTHS).fill(0);
  readonly #slow = new Array<number>(TENTHS).fill(0);

  constructor(milliseconds: number) {
    this.#part = milliseconds / TENTHS;
  }

  get calls(): number {
    // Summed up when somebody asks, which is where something failed.
    return this.#calls.reduce((sum, each) => sum + each, 0);
  }

  /** A call that was well. A time before the last one counts as the last one. */
  well(now: number): void {
    if (now >= this.#until) this.#turn(now);
    (this.#calls[this.#at] as number)++;
  }

  /** So many calls that were well. */
  wells(count: number, now: number): void {
    if (now >= this.#until) this.#turn(now);
    (this.#calls[this.#at] as number) += count;
  }

  bad(now: number, isSlow: boolean): void {
    this.well(now);
    if (isSlow) {
      this.slow++;
      (this.#slow[this.#at] as number)++;
    } else {
      this.failed++;
      (this.#failed[this.#at] as number)++;
    }
  }

  clear(): void {
    this.failed = this.slow = 0;
    for (const each of [this.#calls, this.#failed, this.#slow]) each.fill(0);
  }

  #turn(now: number): void {
    const tick = Math.floor(now / this.#part);
    if (tick <= this.#tick) return;
    if (tick - this.#tick >= TENTHS) this.clear();
    else {
      for (let each = this.#tick + 1; each <= tick; each++) {
        const at = each % TENTHS;
        this.failed -= this.#failed[at] as number;
        this.slow -= this.#slow[at] as number;
        this.#calls[at] = this.#failed[at] = this.#slow[at] = 0;
      }
    }
    this.#tick = tick;
    this.#at = tick % TENTHS;
    this.#until = (tick + 1) * this.#part;
  }
}
