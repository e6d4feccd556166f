/** How old the time may be that a call which went well is counted at: a tenth of the shortest window. */
const ROUGH_MS = 100;

/** Milliseconds that never jump: exactly, and near enough. */
export interface Clock {
  now(): number;
  /** At most a tenth of a second behind, as long as the event loop turns; for what happens millions of times. */
  roughly(): number;
  /** Where it looks by itself: whom it tells the time then, as long as somebody has asked since it last did. */
  ticks?(listener: (at: number) => void): void;
}

/** The same clock both times. */
export const exactly = (now: () => number): Clock => ({ now, roughly: now });

/**
 * In Node, where a look at the clock costs more than all else of a call, and timers outlive what they were set in. The timer
 * runs while there are calls, and keeps no process alive.
 */
export function ofNode(): Clock {
  let at = 0;
  let isUsed = false;
  let timer: ReturnType<typeof setInterval> | undefined;
  let told: ((at: number) => void) | undefined;
  const now = (): number => (at = performance.now());
  const begin = (): void => {
    now();
    timer = setInterval(() => {
      if (!isUsed) {
        clearInterval(timer);
        timer = undefined;
      }
      isUsed = false;
      now();
      told?.(at);
    }, ROUGH_MS);
    timer.unref();
  };
  return {
    now,
    roughly: () => {
      isUsed = true;
      if (timer === undefined) begin();
      return at;
    },
    ticks: (listener) => void (told = listener),
  };
}

export const ownClock = (): Clock => (typeof process === "object" && process.release?.name === "node" ? ofNode() : exactly(() => performance.now()));
