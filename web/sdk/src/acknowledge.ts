import type { Host } from "./host.js";
import type { Sampled } from "./sampler.js";
import type { MigrationTally, OutcomeReport, Position, ProblemCode } from "./types.js";

export const SDK = "downhaul-js/0.1.0";
export const HEARTBEAT_MS = 15_000;
/**
 * A page goes dark first and says so within this time, where the control plane does not say another: nothing waits behind the
 * telling of others.
 */
export const ACKNOWLEDGE_WITHIN_MS = 20;

/** What a client tells of itself; the protocol names the fields. */
export interface Acknowledgement {
  readonly instance: string;
  readonly position: Position | null;
  readonly state: "live" | "hidden" | "closing";
  readonly release: string | undefined;
  readonly region: string | undefined;
  readonly program: string | null;
  readonly transport: "stream" | "poll" | "kept";
  readonly problems: readonly ProblemCode[];
  readonly applied_after_ms: number | undefined;
  /** How long ago that was. */
  readonly waited_ms: number | undefined;
  readonly migrations: readonly MigrationTally[] | undefined;
  /** Flags that were asked for since it last told of them. */
  readonly evaluated: readonly string[] | undefined;
  /** How what flags decide of went, until an answer says that it has arrived. */
  readonly outcomes: readonly OutcomeReport[] | undefined;
  readonly sample: Sampled | undefined;
}

/**
 * Sends one acknowledgement, in a way that outlives the page (a beacon would, too, but can't carry the key in a header).
 * A lost one is no problem of the application: the next heartbeat says the same.
 * True if it need not be said again: it was taken, or will never be.
 */
export async function acknowledge(host: Host, url: string, key: string, token: string | undefined, body: Acknowledgement): Promise<boolean> {
  try {
    const response = await host.fetch(`${url}/client/v1/acknowledge`, {
      method: "POST",
      headers: { ...authorised(key, token), "content-type": "application/json" },
      body: JSON.stringify({ ...body, sdk: SDK }),
      keepalive: true,
      // The key goes nowhere else.
      redirect: "error",
    });
    // An unread body would hold the connection.
    await response.body?.cancel();
    return response.ok || [413, 422].includes(response.status);
  } catch {
    // See above.
    return false;
  }
}

/** Who asks, as every request says. */
export function authorised(key: string, token: string | undefined): Record<string, string> {
  return { authorization: `Bearer ${key}`, ...(token === undefined ? {} : { "downhaul-context-token": token }) };
}
