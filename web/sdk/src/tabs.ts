import type { Host } from "./host.js";
import type { ChangeKind, Position } from "./types.js";

/** What tabs of one origin tell each other. */
export type TabMessage =
  | { readonly type: "envelope"; readonly kind: ChangeKind; readonly bytes: Uint8Array }
  | { readonly type: "position"; readonly position: Position; readonly serverTime: string; readonly within: number }
  | { readonly type: "stale-seconds"; readonly seconds: number }
  | { readonly type: "alive" }
  | { readonly type: "ask" };

/** What the leading tab hears and what tabs ask of one another. */
export interface Group<Message> {
  post(message: Message): void;
  leads(): boolean;
  close(): void;
}

/** Above this long without a word from the leading tab, a tab helps itself. */
const SILENT_MS = 30_000;

/** Web Locks and BroadcastChannel, where the engine has them. */
export function canShare(): boolean {
  return typeof BroadcastChannel === "function" && typeof navigator !== "undefined" && !!navigator.locks;
}

/**
 * One tab of an origin leads: `lead(true)` when it is this one, until it closes or crashes.
 * The others hear what it posts; one that hears nothing for long leads for itself alone, until it hears something again.
 */
export function joinTabs<Message>(host: Host, name: string, lead: (leads: boolean) => void, hear: (message: Message) => void): Group<Message> {
  const channel = new BroadcastChannel(name);
  const leaving = new AbortController();
  let leader = false;
  let alone = false;
  let watch: unknown;

  const expectWord = (): void => {
    host.clearTimer(watch);
    watch = host.setTimer(() => {
      if (leader || leaving.signal.aborted) return;
      alone = true;
      lead(true);
    }, SILENT_MS);
  };

  channel.onmessage = (event: MessageEvent<Message>) => {
    if (leaving.signal.aborted) return;
    if (!leader) {
      if (alone) {
        alone = false;
        lead(false);
      }
      expectWord();
    }
    hear(event.data);
  };

  const held = new Promise<void>((resolve) => leaving.signal.addEventListener("abort", () => resolve()));
  navigator.locks
    .request(name, { signal: leaving.signal }, () => {
      host.clearTimer(watch);
      leader = true;
      if (!alone) lead(true);
      return held;
    })
    .catch(() => {
      // Left while waiting, or the browser denies locks: then this tab leads for itself.
      if (!leaving.signal.aborted) lead(true);
    });
  expectWord();

  return {
    post: (message) => {
      if (!leaving.signal.aborted) channel.postMessage(message);
    },
    leads: () => leader,
    close: () => {
      host.clearTimer(watch);
      leaving.abort();
      channel.close();
    },
  };
}
