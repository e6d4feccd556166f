import { backoffMs } from "./backoff.js";
import { canonical, plain } from "./context.js";
import type { Host } from "./host.js";
import { frozen } from "./program.js";
import { said } from "./said.js";
import { Listed, metadataOf, type Entry, type Table } from "./table.js";
import type { Cause, ChangeKind, Context, Json, Problem, Reason } from "./types.js";

/** Whom to ask, and for whom; looked up at each request. */
export interface RemoteRequests {
  readonly url: string;
  readonly key: string;
  context(): Context;
  token(): Promise<string | undefined>;
  closed(): boolean;
}

/** What comes of it. */
export interface RemoteFeed {
  decided(table: Table, change: ChangeKind, receivedAt: number): void;
  alive(): void;
  problem(problem: Problem): void;
}

/** Asks for every decision, once more if something changes meanwhile; true if that was answered. */
export type Ask = (change: ChangeKind, receivedAt: number) => Promise<boolean>;

export type Remote = (host: Host, requests: RemoteRequests, feed: RemoteFeed) => Ask;

/**
 * For where no evaluation module can run: the control plane decides for this context, over OpenFeature's remote evaluation
 * protocol. When to ask is told by the same stream as everywhere.
 */
export const remotely: Remote = (host, requests, feed) => {
  let known: { readonly etag: string; readonly body: string } | undefined;
  let asking: Promise<boolean> | undefined;
  /** What was last heard of, if that was after the request under way had begun. */
  let again: readonly [ChangeKind, number] | undefined;
  let failures = 0;

  const once = async (change: ChangeKind, receivedAt: number): Promise<void> => {
    const body = canonical({ context: plain(requests.context()) });
    const token = await requests.token();
    const response = await host.fetch(`${requests.url}/ofrep/v1/evaluate/flags`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${requests.key}`,
        "content-type": "application/json",
        ...(token === undefined ? {} : { "downhaul-context-token": token }),
        ...(known?.body === body ? { "if-none-match": known.etag } : {}),
      },
      body,
      redirect: "error",
    });
    if (!response.ok && response.status !== 304) throw new Error(`control plane answered ${response.status}`);
    feed.alive();
    if (response.status === 304) return;
    const table = tableOfAnswer(await response.json());
    // Somebody else's by now: what follows asks for them.
    if (canonical({ context: plain(requests.context()) }) !== body) return;
    const etag = response.headers.get("etag");
    known = etag === null ? undefined : { etag, body };
    feed.decided(table, change, receivedAt);
  };

  const ask: Ask = (change, receivedAt) => {
    if (asking) {
      again = [change, receivedAt];
      return asking;
    }
    const work = async (): Promise<boolean> => {
      try {
        for (let next: typeof again = [change, receivedAt]; next && !requests.closed(); next = again) {
          again = undefined;
          await once(...next);
        }
        failures = 0;
        return true;
      } catch (cause) {
        if (requests.closed()) return false;
        feed.problem({ code: "connection-failed", message: `the decisions could not be asked for: ${said(cause)}`, help: "the client keeps trying", cause });
        host.setTimer(() => requests.closed() || void ask(change, host.now()), backoffMs(failures++, host.random()));
        return false;
      } finally {
        asking = undefined;
      }
    };
    return (asking = work());
  };
  return ask;
};

interface Answer {
  readonly flags?: readonly { readonly key?: unknown; readonly value?: Json; readonly variant?: string; readonly reason?: Reason; readonly metadata?: { readonly cause?: Cause; readonly ruleIndex?: number } }[];
  readonly metadata?: { readonly revision?: number };
}

function tableOfAnswer(answer: unknown): Table {
  const { flags, metadata: { revision } = {} } = (answer ?? {}) as Answer;
  if (!Array.isArray(flags)) throw new Error("the answer has no `flags`");
  const entries = new Map<string, Entry>();
  for (const { key, value, variant, reason = "CACHED", metadata: { cause, ruleIndex } = {} } of flags as NonNullable<Answer["flags"]>) {
    // One that could not be decided is an entry with an error code, and no value.
    if (typeof key !== "string" || value === undefined) continue;
    const metadata = metadataOf(cause, ruleIndex, revision);
    entries.set(key, { value: frozen(value), text: JSON.stringify(value), variant, reason, metadata, browser: true });
  }
  return new Listed(entries, true, undefined);
}
