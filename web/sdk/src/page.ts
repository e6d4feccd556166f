/** What a page goes through that a connection must know of. */
export interface PageEvents {
  hidden(hidden: boolean): void;
  /** The page is closed, or put aside by the browser; it may come back. */
  leave(): void;
  back(): void;
  online(): void;
}

/** Watches the page, where there is one; gives what ends that. */
export function watchPage(events: PageEvents): () => void {
  if (typeof document === "undefined" || typeof addEventListener !== "function") return () => undefined;
  const ending = new AbortController();
  const { signal } = ending;
  let left = false;
  document.addEventListener("visibilitychange", () => left || events.hidden(document.visibilityState === "hidden"), { signal });
  const leave = (): void => {
    if (left) return;
    left = true;
    events.leave();
  };
  const back = (): void => {
    if (!left) return;
    left = false;
    events.back();
  };
  addEventListener("pagehide", leave, { signal });
  addEventListener("pageshow", back, { signal });
  document.addEventListener("resume", back, { signal });
  addEventListener("online", events.online, { signal });
  return () => ending.abort();
}
