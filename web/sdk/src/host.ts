import { webCiphers, type Ciphers } from "./ciphers.js";

/** What the client takes from the world around it; the tests hand in their own. */
export interface Host {
  fetch: typeof fetch;
  /** Monotonic milliseconds. */
  now(): number;
  /** Epoch milliseconds by the wall clock, which may jump. */
  wall(): number;
  /** From 0 to below 1. */
  random(): number;
  setTimer(callback: () => void, ms: number): unknown;
  clearTimer(timer: unknown): void;
  readonly ciphers: Ciphers;
}

/** `own` is what the place has instead. */
export function globalHost(fetchOption: typeof fetch | undefined, own?: Partial<Host>): Host {
  return {
    // Looked up at each call, so that whoever instruments the global one later is heard.
    fetch: fetchOption ?? ((input, init) => globalThis.fetch(input, init)),
    now: () => performance.now(),
    wall: () => Date.now(),
    random: () => Math.random(),
    setTimer: (callback, ms) => setTimeout(callback, ms),
    clearTimer: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
    ciphers: webCiphers,
    ...own,
  };
}

/** Resolves after `ms`, or at once when `signal` aborts. */
export function sleep(host: Host, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      host.clearTimer(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = host.setTimer(done, ms);
    signal.addEventListener("abort", done);
  });
}
