import type { Freshness } from "./freshness.js";
import type { LastChange, Position, ProblemCode, Source, Status, Transport } from "./types.js";

/** What a client's status is told from. */
export interface Standing {
  readonly closed: boolean;
  /** Whether the client asks for news by itself. */
  readonly background: boolean;
  readonly source: Source;
  readonly transport: Transport;
  readonly position: Position | undefined;
  readonly environment: string | undefined;
  readonly validUntil: string | undefined;
  readonly fresh: Freshness;
  readonly lastChange: LastChange | undefined;
  readonly problems: readonly ProblemCode[];
}

/** A client's status, as the application reads it. */
export function statusOf({ closed, background, source, transport, fresh, ...rest }: Standing): Status {
  const expired = fresh.expired();
  const silent = fresh.silentMs();
  const connected = transport === "stream" || transport === "poll" || transport === "tab";
  const state = (): Status["state"] => {
    if (closed) return "closed";
    if (source === "none") return "connecting";
    if (fresh.stale() || expired) return "stale";
    return connected || !background ? "ready" : "offline";
  };
  const without = source === "kept" || source === "bootstrap" ? source : source === "network" && !background ? "poll" : "none";
  return { ...rest, state: state(), transport: connected ? transport : without, source, expired, silentSeconds: silent === undefined ? undefined : silent / 1000 };
}
