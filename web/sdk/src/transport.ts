import { ACKNOWLEDGE_WITHIN_MS, authorised } from "./acknowledge.js";
import { backoffMs, retryAfterMs, spreadMs } from "./backoff.js";
import { fromBase64 as decode, fromUtf8 } from "./bytes.js";
import type { Patch } from "./envelope.js";
import { sleep, type Host } from "./host.js";
import { laneOf } from "./lanes.js";
import { said } from "./said.js";
import type { Sampling } from "./sampler.js";
import { eventParser, type StreamEvent } from "./sse.js";
import type { ChangeKind, Position, Problem, PublicKeys, Transport } from "./types.js";

/** What is asked of the control plane, looked up at each request. */
export interface Requests {
  readonly url: string;
  readonly key: string;
  readonly formats: readonly number[];
  /** Base64url of the claimed context, or nothing to claim. */
  claimed(): string | undefined;
  token(): Promise<string | undefined>;
  /** What the client has, for a difference instead of the whole. */
  base(): { readonly digest: string; readonly position: Position } | undefined;
}

/** What the transport tells the client. */
export interface Feed {
  /** Bytes of an envelope came; resolves to false where the client could not take it over. */
  envelope(bytes: Uint8Array, kind: ChangeKind, receivedAt: number): Promise<boolean>;
  /** False where the client lacks the base. */
  patch(patch: Patch, receivedAt: number): Promise<boolean>;
  /** Where the control plane is, and within how long to say what was applied; true if the client lacks something. */
  position(position: Position, serverTime: string, acknowledgeWithinMs: number): boolean;
  staleSeconds(seconds: number): void;
  /** What of contexts may be told; null where nothing is. */
  sampling(asked: Sampling | null): void;
  /** Something came: the control plane lives. */
  alive(): void;
  transport(transport: Transport): void;
  problem(problem: Problem): void;
}

export interface Connection {
  /** One request for the flag set; true if it was answered. */
  refresh(): Promise<boolean>;
  /** Begins anew at once: who asks has changed, or the network is another one. */
  restart(): void;
  close(): void;
}

/** Within how long a client says what it applied, and comes back after its stream was cut, where the control plane does not say. */
const WITHIN_MS = { acknowledge: ACKNOWLEDGE_WITHIN_MS, return: 250 };
/** A stream that ends sooner is one that failed: who is greeted and cut off again and again waits longer and longer. */
const LIVED_MS = 5_000;
const HELLO_MS = 10_000;
const WAIT_SECONDS = 25;
const POLL_MS = 30_000;
/** Where the control plane does not say: three of its pings unheard. */
const SILENCE_MS = 30_000;

/** Holds the stream; polls while there is none; keeps trying to come back. */
export function connect(host: Host, requests: Requests, feed: Feed, mode: "stream" | "poll" | "manual"): Connection {
  const closing = new AbortController();
  const closed = closing.signal;
  /** Ends the attempt under way, or the wait before the next one. */
  let interrupt = new AbortController();
  let restarted = false;
  let polling: AbortController | undefined;
  let etag: string | undefined;
  let within = WITHIN_MS;
  let silenceMs = SILENCE_MS;

  const headers = async (): Promise<Record<string, string>> => authorised(requests.key, await requests.token());

  const address = (path: string, more: Record<string, string | undefined>): string => {
    const query = new URLSearchParams({ formats: requests.formats.join(",") });
    const claimed = requests.claimed();
    if (claimed !== undefined) query.set("context", claimed);
    for (const [name, value] of Object.entries(more)) if (value !== undefined) query.set(name, value);
    return `${requests.url}${path}?${query}`;
  };

  const poll = async (wait: number, signal: AbortSignal): Promise<Answer> => {
    try {
      const response = await host.fetch(address("/client/v1/flag-set", { wait: wait > 0 ? String(wait) : undefined }), {
        headers: { ...(await headers()), ...(etag === undefined ? {} : { "if-none-match": etag }) },
        ...NO_CACHE,
        signal,
      });
      if (response.ok || response.status === 304) feed.sampling(sampling(response.headers.get("downhaul-sample")));
      if (response.status === 304) {
        feed.alive();
        return { done: true };
      }
      if (!response.ok) return { done: false, waitMs: await refused(response) };
      const bytes = new Uint8Array(await response.arrayBuffer());
      feed.alive();
      // Only what was taken over may be left out of the next answer.
      const taken = await feed.envelope(bytes, "put", host.now());
      if (taken) etag = response.headers.get("etag") ?? undefined;
      return { done: true, taken };
    } catch (error) {
      if (!signal.aborted) failed("the flag set could not be fetched", error);
      return { done: false };
    }
  };

  /** Reports a refusal; gives how long to wait where the server says so. */
  const refused = async (response: Response): Promise<number | undefined> => {
    const answer = (await response.json().catch(() => ({}))) as { detail?: string; title?: string; help?: string };
    const unauthorized = [401, 403].includes(response.status);
    feed.problem({
      code: unauthorized ? "unauthorized" : "connection-failed",
      message: `control plane answered ${response.status}: ${answer.detail ?? answer.title ?? response.statusText}`,
      help: answer.help ?? (unauthorized ? "check `key`, its kind and its allowed origins" : "the client keeps trying"),
    });
    return retryAfterMs(response.headers.get("retry-after"), host.wall());
  };

  const failed = (what: string, cause: unknown): void =>
    feed.problem({ code: "connection-failed", message: `${what}: ${said(cause)}`, help: "the client keeps trying", cause });

  const pollLoop = async (signal: AbortSignal): Promise<void> => {
    let failures = 0;
    let wait = 0;
    while (!signal.aborted) {
      const began = host.now();
      const answer = await poll(wait, signal);
      if (signal.aborted) return;
      if (answer.done) feed.transport("poll");
      // What was refused would come again at once.
      if (!answer.done || answer.taken === false) {
        await sleep(host, pause(answer.waitMs, failures++), signal);
        continue;
      }
      failures = 0;
      // Something between us may not hold answers: then this is an ordinary poll.
      const held = wait === 0 || answer.taken || host.now() - began > 1000;
      wait = WAIT_SECONDS;
      if (!held) await sleep(host, POLL_MS * (0.5 + host.random()), signal);
    }
  };

  const startPolling = (): void => {
    if (polling || closed.aborted) return;
    polling = new AbortController();
    void pollLoop(polling.signal);
  };
  const stopPolling = (): void => {
    polling?.abort();
    polling = undefined;
  };
  /** Before the next try; a stream that had lived counts as less than one failure. */
  const pause = (asked: number | undefined, failures: number): number =>
    asked !== undefined ? spreadMs(asked, host.random()) : failures < 0 ? within.return * host.random() : backoffMs(failures, host.random());

  const streamLoop = async (): Promise<void> => {
    let failures = 0;
    while (!closed.aborted) {
      interrupt = new AbortController();
      const end = await streamOnce(interrupt.signal);
      if (closed.aborted) return;
      if (restarted) {
        restarted = false;
        continue;
      }
      feed.transport("none");
      if (!(end.lasted >= 0)) startPolling();
      if (end.lasted >= LIVED_MS) failures = -1;
      await sleep(host, pause(end.waitMs, failures++), interrupt.signal);
      restarted = false;
    }
  };

  const streamOnce = async (interrupted: AbortSignal): Promise<StreamEnd> => {
    const attempt = new AbortController();
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
    const stop = (): void => {
      attempt.abort();
      // Node's fetch forgets about the signal once the last byte is there, and a read that waits then waits for ever.
      reader?.cancel().catch(() => undefined);
    };
    interrupted.addEventListener("abort", stop);
    let greeted = NaN;
    let waitMs: number | undefined;
    let silence: unknown = host.setTimer(() => (startPolling(), stop()), HELLO_MS);
    const heard = (): void => {
      host.clearTimer(silence);
      silence = host.setTimer(stop, silenceMs);
      feed.alive();
    };
    try {
      const base = requests.base();
      const position = base && `${base.position.epoch}.${base.position.revision}.${base.position.kill_revision}`;
      const response = await host.fetch(address("/client/v1/stream", { base: base?.digest, position }), {
        headers: { ...(await headers()), accept: "text/event-stream" },
        ...NO_CACHE,
        signal: attempt.signal,
      });
      if (!response.ok || !response.body) return { lasted: NaN, waitMs: await refused(response) };
      const parse = eventParser();
      reader = response.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        heard();
        const receivedAt = host.now();
        // The way down goes first: a kill never stands behind the put that came in the same bytes.
        for (const event of killsFirst(parse(value))) {
          if (event.event === "bye") {
            waitMs = (JSON.parse(event.data) as { retry_ms?: number }).retry_ms;
            stop();
          } else handle(event, receivedAt);
          if (event.event === "hello") greeted = host.now();
        }
      }
    } catch (error) {
      if (!attempt.signal.aborted) failed("the stream broke off", error);
    } finally {
      host.clearTimer(silence);
      interrupted.removeEventListener("abort", stop);
      stop();
    }
    return { lasted: host.now() - greeted, waitMs };
  };

  const handle = (event: StreamEvent, receivedAt: number): void => {
    try {
      dispatch(event, receivedAt);
    } catch (cause) {
      feed.problem({ code: "envelope-malformed", message: `the event \`${event.event}\` of the stream can't be read`, cause });
    }
  };

  const dispatch = (event: StreamEvent, receivedAt: number): void => {
    const missing = (): void => void poll(0, closed);
    switch (event.event) {
      case "put":
      case "kill":
      case "restore":
        void feed.envelope(decode(event.data), event.event, receivedAt);
        break;
      case "patch":
        void feed.patch(JSON.parse(event.data) as Patch, receivedAt).then((fits) => fits || missing());
        break;
      case "sample":
        feed.sampling(JSON.parse(event.data) as Sampling | null);
        break;
      case "hello":
      case "ping": {
        const { position, server_time, ping_seconds, stale_seconds, within_ms = WITHIN_MS } = JSON.parse(event.data) as Hello;
        if (event.event === "hello") {
          silenceMs = ping_seconds > 0 ? ping_seconds * 2500 : SILENCE_MS;
          feed.staleSeconds(stale_seconds);
          stopPolling();
          feed.transport("stream");
          // What follows a greeting says what is asked now.
          feed.sampling(null);
        }
        within = within_ms;
        if (feed.position(position, server_time, within.acknowledge)) missing();
        break;
      }
      default:
        // Events of a later control plane.
        break;
    }
  };

  if (mode === "stream") void streamLoop();
  else if (mode === "poll") startPolling();

  return {
    // A signal of its own: a worker may not use one that another request made.
    refresh: async () => (await poll(0, mode === "manual" ? new AbortController().signal : closed)).done,
    restart: () => {
      etag = undefined;
      if (closed.aborted) return;
      const wasPolling = polling;
      stopPolling();
      if (mode === "stream") {
        restarted = true;
        interrupt.abort();
      }
      if (wasPolling) startPolling();
    },
    close: () => {
      closing.abort();
      stopPolling();
      interrupt.abort();
    },
  };
}

/** The public keys that the control plane names. */
export async function fetchKeys(host: Host, url: string, key: string): Promise<PublicKeys | undefined> {
  const response = await host.fetch(`${url}/client/v1/keys`, { headers: { authorization: `Bearer ${key}` } });
  if (!response.ok) return undefined;
  const answer = (await response.json()) as { keys?: { public_key?: unknown }[] };
  return answer.keys?.map((each) => each.public_key).filter((each): each is string => typeof each === "string");
}

/** What a header asks for; one that can't be read asks for nothing. */
function sampling(header: string | null): Sampling | null {
  try {
    return header === null ? null : (JSON.parse(fromUtf8(decode(header))) as Sampling | null);
  } catch {
    return null;
  }
}

/** Only pages have a cache, and not every other engine takes the option. */
const NO_CACHE: RequestInit = typeof document === "undefined" ? {} : { cache: "no-store" };

interface Answer {
  readonly done: boolean;
  /** Whether a flag set that came was taken over. */
  readonly taken?: boolean;
  readonly waitMs?: number | undefined;
}

interface StreamEnd {
  /** How long it went on, in milliseconds; NaN where it was not even greeted. */
  readonly lasted: number;
  readonly waitMs: number | undefined;
}

interface Hello {
  readonly position: Position;
  readonly server_time: string;
  readonly ping_seconds: number;
  readonly stale_seconds: number;
  readonly within_ms?: typeof WITHIN_MS;
}

function killsFirst(events: StreamEvent[]): StreamEvent[] {
  const urgent = ({ event }: StreamEvent): number => +(laneOf(event) === "kills");
  return events.sort((one, other) => urgent(other) - urgent(one));
}
