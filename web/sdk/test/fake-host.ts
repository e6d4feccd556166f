import { webCiphers } from "../src/ciphers.js";
import type { Host } from "../src/host.js";

/** Clocks and timers that only the test moves. */
export function fakeHost(fetchImplementation: typeof fetch = fetch): Host & { advance(ms: number): void; wallJump(ms: number): void } {
  let now = 0;
  let offset = Date.now();
  let next = 0;
  const timers = new Map<number, { at: number; callback: () => void }>();
  return {
    ciphers: webCiphers,
    fetch: fetchImplementation,
    now: () => now,
    wall: () => now + offset,
    random: () => 0.5,
    setTimer: (callback, ms) => {
      timers.set(++next, { at: now + ms, callback });
      return next;
    },
    clearTimer: (timer) => void timers.delete(timer as number),
    advance: (ms) => {
      const end = now + ms;
      for (;;) {
        const due = [...timers].filter(([, timer]) => timer.at <= end).sort((a, b) => a[1].at - b[1].at)[0];
        if (!due) break;
        timers.delete(due[0]);
        now = Math.max(now, due[1].at);
        due[1].callback();
      }
      now = end;
    },
    wallJump: (ms) => {
      offset += ms;
    },
  };
}
