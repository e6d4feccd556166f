const FIRST_MS = 500;
const LAST_MS = 30_000;

/** How long to wait before try number `attempt` (from 0): full jitter under 0.5 s · 2^attempt, at most 30 s. */
export function backoffMs(attempt: number, random: number): number {
  return Math.floor(random * Math.min(LAST_MS, FIRST_MS * 2 ** Math.min(attempt, 16)));
}

/** `Retry-After` in milliseconds: seconds or an HTTP date; undefined where there is none that can be read. */
export function retryAfterMs(value: string | null, wall: number): number | undefined {
  if (value === null) return undefined;
  const text = value.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return date >= 0 ? Math.max(0, date - wall) : undefined;
}

/** A wait that the server asked for, with up to a tenth more, so that not everybody comes back in the same instant. */
export const spreadMs = (ms: number, random: number): number => Math.floor(ms * (1 + random / 10));
