import type { Host } from "./host.js";

/** How long the control plane has been silent, and what time it is there. Neither goes back when a clock does. */
export interface Freshness {
  /** Something came from the control plane. */
  heard(): void;
  serverTime(time: string): void;
  /** A flag set kept since `issuedAt` is all there is: it has been silent since then. */
  keptSince(issuedAt: string): void;
  validUntil(time: string | undefined): void;
  staleAfter(seconds: number): void;
  stale(): boolean;
  expired(): boolean;
  silentMs(): number | undefined;
  close(): void;
}

/** The longest a timer can be set for. */
const LONGEST_MS = 2 ** 31 - 1;

/** `turned` is called when `stale()` or `expired()` may have changed; with `timers` off only when asked. */
export function freshness(host: Host, timers: boolean, turned: () => void): Freshness {
  let heardAt: number | undefined;
  let keptAt: number | undefined;
  let staleMs = 45_000;
  let until: number | undefined;
  let server: { readonly time: number; readonly at: number } | undefined;
  let timer: unknown;

  const since = (): number | undefined => {
    if (heardAt !== undefined) return host.now() - heardAt;
    return keptAt === undefined ? undefined : host.now() - keptAt;
  };
  // The wall clock counts only until the control plane has told its own.
  const time = (): number => (server ? server.time + host.now() - server.at : host.wall());
  const stale = (): boolean => (since() ?? 0) > staleMs;
  const expired = (): boolean => until !== undefined && time() > until;

  let reported = { stale: false, expired: false };
  const look = (): void => {
    host.clearTimer(timer);
    const now = { stale: stale(), expired: expired() };
    const differs = now.stale !== reported.stale || now.expired !== reported.expired;
    reported = now;
    if (differs) turned();
    if (!timers) return;
    const silent = since();
    const next = Math.min(
      silent === undefined || now.stale ? Infinity : staleMs - silent,
      until === undefined || now.expired ? Infinity : until - time(),
    );
    if (next !== Infinity) timer = host.setTimer(look, Math.min(LONGEST_MS, Math.max(0, next) + 1));
  };

  return {
    heard: () => {
      const again = heardAt === undefined || reported.stale;
      heardAt = host.now();
      // Bytes come often: the timer that is set finds out by itself that it rang too early.
      if (again) look();
    },
    serverTime: (text) => {
      const given = Date.parse(text);
      if (Number.isNaN(given)) return;
      // A high-water mark: a replica whose clock is behind does not bring back what has expired.
      server = { time: server ? Math.max(given, time()) : given, at: host.now() };
      look();
    },
    keptSince: (text) => {
      const issued = Date.parse(text);
      keptAt = host.now() - (Number.isNaN(issued) ? Infinity : Math.max(0, host.wall() - issued));
      look();
    },
    validUntil: (text) => {
      const parsed = text === undefined ? undefined : Date.parse(text);
      until = Number.isNaN(parsed) ? 0 : parsed;
      look();
    },
    staleAfter: (seconds) => {
      if (!(seconds > 0)) return;
      staleMs = seconds * 1000;
      look();
    },
    stale: () => (timers || look(), stale()),
    expired: () => (timers || look(), expired()),
    silentMs: () => (heardAt === undefined ? undefined : host.now() - heardAt),
    close: () => host.clearTimer(timer),
  };
}
