import { backoffMs, retryAfterMs } from "./backoff.js";
import { fromBase64, fromUtf8, toBase64 } from "./bytes.js";
import { applyPatch, type Header, type Patch } from "./envelope.js";
import { sleep, type Host } from "./host.js";
import { eventParser, type StreamEvent } from "./sse.js";
import type { Position } from "./types.js";

/** What the control plane would not give, as it said so. */
export interface Refusal {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** What is held for one audience: the newest flag set, and a kill set where a newer one came alone. */
export interface Snapshot {
  readonly position: Position;
  readonly header: Header;
  readonly envelope: Uint8Array;
  /** The event that brought it. */
  readonly kills: StreamEvent | undefined;
  /** What of contexts is asked for, as JSON. */
  readonly sample: string | undefined;
  readonly pingSeconds: number;
  readonly staleSeconds: number;
  /** Within how long clients do what all of them would do at once, as the control plane says. */
  readonly within: object | undefined;
  /** Of the control plane's answer, for the browser. */
  readonly headers: Headers;
}

/** One stream of the control plane, for all clients that it would tell the same. */
export interface Channel {
  /** Resolves with the first flag set, or what else came of it. */
  first(): Promise<void>;
  /** Undefined while the control plane is not heard of: then nobody is told that all is well. */
  snapshot(): Snapshot | undefined;
  refusal(): Refusal | undefined;
  /** Hears every event from now on; undefined is the end. Gives what takes it off again. */
  listen(listener: (event: StreamEvent | undefined) => void): () => void;
}

/** How long a stream is held for nobody. */
const IDLE_MS = 60_000;
const HELLO_MS = 10_000;
/** Where the header of an envelope begins. */
const START = 80;

/** `address` and `headers` are those of the client that came first; `ended` is called when the channel is no more. */
export function openChannel(host: Host, address: string, headers: Record<string, string>, ended: () => void): Channel {
  const closing = new AbortController();
  const listeners = new Set<(event: StreamEvent | undefined) => void>();
  let connected = false;
  let held: { envelope: Uint8Array; header: Header } | undefined;
  let kills: { event: StreamEvent; header: Header } | undefined;
  let sample: string | undefined;
  let seconds = { ping: 10, stale: 45 };
  let within: object | undefined;
  let answerHeaders = new Headers();
  let refused: Refusal | undefined;
  let settle: () => void = () => undefined;
  const first = new Promise<void>((resolve) => (settle = resolve));
  let idle: unknown;

  const tell = (event: StreamEvent | undefined): void => [...listeners].forEach((listener) => listener(event));
  const close = (): void => {
    if (closing.signal.aborted) return;
    connected = false;
    closing.abort();
    settle();
    ended();
    tell(undefined);
    listeners.clear();
  };
  const restartIdle = (): void => {
    host.clearTimer(idle);
    if (listeners.size === 0) idle = host.setTimer(close, IDLE_MS);
  };

  const position = (): Position | undefined => {
    if (!held) return undefined;
    const { epoch, revision, kill_revision } = held.header;
    return { epoch, revision, kill_revision: kills && kills.header.epoch >= epoch ? Math.max(kill_revision, kills.header.kill_revision) : kill_revision };
  };

  const takeProgram = (envelope: Uint8Array): void => {
    const header = headerOf(envelope);
    held = { envelope, header };
    if (kills && (header.epoch > kills.header.epoch || header.kill_revision >= kills.header.kill_revision)) kills = undefined;
  };

  /** What it means for newcomers; false where the whole is needed. */
  const take = (event: StreamEvent): boolean => {
    switch (event.event) {
      case "put":
        takeProgram(fromBase64(event.data));
        return true;
      case "patch": {
        const patch = JSON.parse(event.data) as Patch;
        const whole = held && patch.base === held.header.program_sha256 ? applyPatch(patch, programOf(held.envelope, held.header)) : undefined;
        if (whole) takeProgram(whole);
        return !!whole;
      }
      case "kill":
      case "restore":
        kills = { event, header: headerOf(fromBase64(event.data)) };
        return true;
      case "sample":
        sample = event.data === "null" ? undefined : event.data;
        return true;
      default:
        return true;
    }
  };

  const once = async (): Promise<{ readonly healthy: boolean; readonly waitMs?: number | undefined }> => {
    const attempt = new AbortController();
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
    const stop = (): void => {
      attempt.abort();
      reader?.cancel().catch(() => undefined);
    };
    closing.signal.addEventListener("abort", stop);
    let silence: unknown = host.setTimer(stop, HELLO_MS);
    let healthy = false;
    let waitMs: number | undefined;
    try {
      const at = position();
      const base = held && at ? `&base=${held.header.program_sha256}&position=${at.epoch}.${at.revision}.${at.kill_revision}` : "";
      const response = await host.fetch(address + base, { headers, signal: attempt.signal });
      if (!response.ok || !response.body) {
        const body = await response.text();
        // Not ours to try again: the key, the token or the question is refused.
        if (response.status >= 400 && response.status < 500 && response.status !== 429) {
          refused = { status: response.status, headers: response.headers, body };
          close();
        }
        return { healthy, waitMs: retryAfterMs(response.headers.get("retry-after"), host.wall()) };
      }
      answerHeaders = response.headers;
      const parse = eventParser();
      reader = response.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        host.clearTimer(silence);
        silence = host.setTimer(stop, seconds.ping * 2500);
        for (const event of parse(value)) {
          if (event.event === "hello" || event.event === "ping") {
            within = (JSON.parse(event.data) as { within_ms?: object }).within_ms;
          }
          if (event.event === "hello") {
            const hello = JSON.parse(event.data) as { ping_seconds: number; stale_seconds: number };
            seconds = { ping: hello.ping_seconds > 0 ? hello.ping_seconds : 10, stale: hello.stale_seconds };
            healthy = connected = true;
            sample = undefined;
            // Those who listen have had theirs; to them it says that the control plane is back.
            tell({ ...event, event: "ping" });
          } else if (event.event === "bye") {
            waitMs = (JSON.parse(event.data) as { retry_ms?: number }).retry_ms;
            stop();
          } else if (event.event === "void") {
            // A put that was broken off for a kill: it comes again.
          } else if (!take(event)) {
            held = undefined;
            stop();
          } else tell(event);
        }
        if (held) settle();
      }
    } catch {
      // Tried again, and meanwhile nobody is told that all is well.
    } finally {
      host.clearTimer(silence);
      closing.signal.removeEventListener("abort", stop);
      stop();
      connected = false;
    }
    return { healthy, waitMs };
  };

  const run = async (): Promise<void> => {
    for (let failures = 0; !closing.signal.aborted; ) {
      const { healthy, waitMs } = await once();
      failures = healthy ? 0 : failures + 1;
      // Who waits for a first flag set is told that there is none.
      if (failures > 0) settle();
      await sleep(host, waitMs ?? backoffMs(failures, host.random()), closing.signal);
    }
  };
  restartIdle();
  void run();

  return {
    first: () => first,
    snapshot: () => {
      const at = position();
      if (!connected || !held || !at) return undefined;
      return { position: at, header: held.header, envelope: held.envelope, kills: kills?.event, sample, pingSeconds: seconds.ping, staleSeconds: seconds.stale, within, headers: answerHeaders };
    },
    refusal: () => refused,
    listen: (listener) => {
      listeners.add(listener);
      restartIdle();
      return () => {
        listeners.delete(listener);
        restartIdle();
      };
    },
  };
}

/** Read, not trusted: clients check the signature, end to end. */
function headerOf(envelope: Uint8Array): Header {
  const length = new DataView(envelope.buffer, envelope.byteOffset).getUint32(START - 4, true);
  return JSON.parse(fromUtf8(envelope.subarray(START, START + length))) as Header;
}

function programOf(envelope: Uint8Array, header: Header): Uint8Array {
  const start = START + new DataView(envelope.buffer, envelope.byteOffset).getUint32(START - 4, true);
  return envelope.subarray(start, start + header.program_length);
}

export const written = ({ event, data, id }: StreamEvent): string => `event: ${event}\n${id ? `id: ${id}\n` : ""}${data.split("\n").map((line) => `data: ${line}\n`).join("")}\n`;

/** What a client that comes now is told first. */
export function greeting({ position, envelope, kills, sample, pingSeconds, staleSeconds, within }: Snapshot, wall: number, whole: boolean): string {
  const id = `${position.epoch}.${position.revision}.${position.kill_revision}`;
  const hello = { position, server_time: new Date(wall).toISOString(), ping_seconds: pingSeconds, stale_seconds: staleSeconds, within_ms: within };
  const events: StreamEvent[] = [{ event: "hello", data: JSON.stringify(hello), id }];
  if (sample !== undefined) events.push({ event: "sample", data: sample, id });
  // The way down goes first, as everywhere: but a client that has no program yet has nothing to take down.
  if (whole) events.push({ event: "put", data: toBase64(envelope), id });
  if (whole && kills) events.push(kills);
  return events.map(written).join("");
}
