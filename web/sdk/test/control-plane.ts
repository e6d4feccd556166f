// A control plane for tests: speaks the protocol, driven step by step. It signs what it is told to, right or wrong.
import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { loadTooling } from "../src/entry/tooling-node.js";
import { outcome } from "../src/engine.js";
import { wasmEngine, type Instantiate } from "../src/wasm-engine.js";
import type { Header } from "../src/envelope.js";
import type { Context, OutcomeReport } from "../src/types.js";

export const module = new WebAssembly.Module(readFileSync(new URL("../flags.wasm", import.meta.url)));
export const engine = (instantiate?: Instantiate) => wasmEngine(module, undefined, instantiate);
export const tooling = await loadTooling(new WebAssembly.Module(readFileSync(new URL("../tooling.wasm", import.meta.url))));

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

export interface Signer {
  readonly publicKey: string;
  readonly id: string;
  readonly key: KeyObject;
}

export function signer(): Signer {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ type: "spki", format: "der" }).subarray(-32);
  return { publicKey: raw.toString("base64"), id: sha256(raw).slice(0, 16), key: privateKey };
}

const DAY = 24 * 3600 * 1000;

/** An envelope; `change` may falsify the header before it is signed. */
export function envelope(by: Signer, program: Uint8Array, kills: Uint8Array, change: Partial<Header> = {}): Uint8Array {
  const killsOnly = change.type === "downhaul.kills/1";
  const header = {
    type: "downhaul.flag-set/1",
    epoch: 1000,
    environment: "test",
    audience: { kind: "server", attributes: {}, decided_for: null },
    revision: 1,
    kill_revision: 0,
    issued_at: new Date().toISOString(),
    valid_until: new Date(Date.now() + DAY).toISOString(),
    program_format: 1,
    program_length: killsOnly ? 0 : program.length,
    program_sha256: sha256(killsOnly ? new Uint8Array() : program),
    kills_length: kills.length,
    kills_sha256: sha256(kills),
    ...change,
  };
  const json = Buffer.from(JSON.stringify(header));
  const signature = sign(null, Buffer.concat([Buffer.from(`DHEv1 ${json.length} `), json]), by.key);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return new Uint8Array(Buffer.concat([Buffer.from("DHE1"), Buffer.from(by.id, "hex"), signature, length, json, killsOnly ? Buffer.alloc(0) : program, kills]));
}

/** Kills that a break-glass key has signed. */
export function signedObject(by: Signer, kills: Uint8Array, change: object = {}): Uint8Array {
  const json = Buffer.from(JSON.stringify({ type: "downhaul.break-glass/1", environment: "test", clients: ["edge", "server"], issued_at: new Date().toISOString(), kills_length: kills.length, kills_sha256: sha256(kills), ...change }));
  const signature = sign(null, Buffer.concat([Buffer.from(`DHEv1 ${json.length} `), json]), by.key);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return new Uint8Array(Buffer.concat([Buffer.from("DHE1"), Buffer.from(by.id, "hex"), signature, length, json, kills]));
}

export function flag(key: string, more: object = {}): object {
  return {
    key,
    owner: "tests",
    kind: "release",
    expires: "2099-01-01",
    clients: ["browser", "edge", "server"],
    variants: { on: true, off: false },
    degraded: { variant: "off", meaning: "old" },
    default: "on",
    ...more,
  };
}

export const killOf = (key: string, id = `kill-${key}`, scope: object = {}): object => ({ id, flag: key, scope, reason: "test", by: "a-1", at: "2026-11-01T00:00:00Z" });

export function compiled(flags: object[], kills: object[] = [], killRevision = 0, more: object = {}) {
  return tooling.compile({ schema: 1, environment: "test", revision: 1, flags, kills, ...more }, { killRevision });
}

interface Acknowledged {
  readonly instance: string;
  readonly position: { epoch: number; revision: number; kill_revision: number };
  readonly state: string;
  readonly problems: string[];
  readonly transport: string;
  readonly applied_after_ms?: number;
  readonly waited_ms?: number;
  readonly evaluated?: string[];
  readonly outcomes?: OutcomeReport[];
}

/** A batch of telemetry, as it came. */
interface Told {
  readonly packed: boolean;
  readonly bytes: number;
  readonly batch: {
    readonly instance: string;
    readonly batch: number;
    readonly share: number;
    readonly left_out: number;
    readonly buckets: { readonly from_ms: number; readonly to_ms: number; readonly exposures: object[]; readonly outcomes: { name: string; count: number; latency?: { buckets: [number, number][] } }[]; readonly guards: object[] }[];
    readonly breakers: { readonly state: string }[];
  };
}

/** Starts on a free port. `streams` may be switched off, as behind a proxy that holds answers back. */
export async function controlPlane(flags: object[] = [flag("f")]) {
  let by = signer();
  /** Those that it names when it is asked. */
  let named = [by];
  const state = {
    flags,
    kills: [] as object[],
    header: { epoch: 1000, revision: 1, kill_revision: 0 } as { -readonly [name in keyof Header]?: Header[name] },
    streams: true,
    polls: true,
    remote: "answers" as "answers" | "refuses",
    /** How an acknowledgement is answered; nothing at all where the connection breaks after it was read. */
    acknowledges: 204 as number | "breaks",
    /** Whether a stream begins with the flag set; a client that sends its position may have it. */
    greets: true,
    hello: { ping_seconds: 10, stale_seconds: 45 } as { ping_seconds: number; stale_seconds: number; within_ms?: { acknowledge: number; return: number } },
    retryAfter: undefined as string | undefined,
    /** How telemetry is answered; nothing at all where the connection breaks after it was read. */
    telemetry: { status: 200, body: {} as object, retryAfter: undefined as string | undefined } as { status: number; body: object; retryAfter: string | undefined } | "breaks",
    /** What is asked of contexts. */
    sample: undefined as object | undefined,
  };
  const open = new Set<ServerResponse>();
  const held = new Set<{ request: IncomingMessage; response: ServerResponse }>();
  const acknowledged: Acknowledged[] = [];
  const told: Told[] = [];
  const requests: string[] = [];
  const watchers = new Set<() => void>();
  const changed = (): void => watchers.forEach((watcher) => watcher());

  const current = (more: Partial<Header> = {}): Uint8Array => {
    const { program, kills } = compiled(state.flags, state.kills, state.header.kill_revision ?? 0);
    return envelope(by, program, kills, { ...state.header, ...more });
  };
  const position = () => ({ epoch: state.header.epoch ?? 0, revision: state.header.revision ?? 0, kill_revision: state.header.kill_revision ?? 0 });
  const tag = (): string => `"${position().epoch}.${position().revision}.${position().kill_revision}"`;
  const write = (response: ServerResponse, event: string, data: string): void => void response.write(`event: ${event}\nid: 1\ndata: ${data}\n\n`);
  const broadcast = (event: string, data: string): void => open.forEach((response) => write(response, event, data));
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
  const asking = () => (state.sample ? { "downhaul-sample": Buffer.from(JSON.stringify(state.sample)).toString("base64") } : {});
  const serverTime = (): string => new Date().toISOString();

  /** As remote evaluation answers; docs/reference/ofrep.md. */
  const decided = (context: Context) => {
    const { program, kills } = compiled(state.flags, state.kills, state.header.kill_revision ?? 0);
    const made = engine();
    const flags = made.load(program);
    made.setKills(kills);
    const outcomes = made.evaluate(context, undefined);
    const told = flags.map(({ key, variants }, index) => {
      const { variant, reason, cause } = outcome(outcomes, index);
      return { key, value: variants[variant]?.value, variant: variants[variant]?.key, reason, metadata: cause === undefined ? {} : { cause } };
    });
    return { flags: told, metadata: { environment: "test", revision: state.header.revision } };
  };

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://test");
    requests.push(`${request.method} ${url.pathname}`);
    const refuse = (status: number): void => {
      response.writeHead(status, { "content-type": "application/problem+json", ...(state.retryAfter ? { "retry-after": state.retryAfter } : {}) });
      response.end(JSON.stringify({ status, title: "no", detail: "switched off by the test" }));
    };
    if (request.headers.authorization !== "Bearer key") refuse(401);
    else if (url.pathname === "/client/v1/keys") response.end(JSON.stringify({ keys: named.map(({ id, publicKey }) => ({ id, public_key: publicKey })) }));
    else if (url.pathname === "/client/v1/acknowledge") {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        acknowledged.push(JSON.parse(body) as Acknowledged);
        if (state.acknowledges === "breaks") response.destroy();
        else response.writeHead(state.acknowledges).end();
        changed();
      });
    } else if (url.pathname === "/client/v1/telemetry") {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        const packed = request.headers["content-encoding"] === "gzip";
        const body = Buffer.concat(parts);
        told.push({ packed, bytes: body.length, batch: JSON.parse((packed ? gunzipSync(body) : body).toString()) as Told["batch"] });
        if (state.telemetry === "breaks") response.destroy();
        else response.writeHead(state.telemetry.status, { "content-type": "application/json", ...(state.telemetry.retryAfter ? { "retry-after": state.telemetry.retryAfter } : {}) }).end(JSON.stringify(state.telemetry.body));
        changed();
      });
    } else if (url.pathname === "/ofrep/v1/evaluate/flags") {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        const answer = JSON.stringify(decided((JSON.parse(body) as { context?: Context }).context ?? {}));
        const etag = `"${sha256(Buffer.from(answer))}"`;
        if (state.remote === "refuses") refuse(503);
        else if (request.headers["if-none-match"] === etag) response.writeHead(304, { etag }).end();
        else response.writeHead(200, { "content-type": "application/json", etag }).end(answer);
        changed();
      });
    } else if (url.pathname === "/client/v1/stream") {
      if (!state.streams) refuse(503);
      else {
        response.writeHead(200, { "content-type": "text/event-stream" });
        open.add(response);
        response.on("close", () => {
          open.delete(response);
          changed();
        });
        write(response, "hello", JSON.stringify({ position: position(), server_time: serverTime(), ...state.hello }));
        if (state.sample) write(response, "sample", JSON.stringify(state.sample));
        if (state.greets) write(response, "put", base64(current()));
      }
    } else if (url.pathname === "/client/v1/kills") {
      if (!state.polls) refuse(503);
      else if (request.headers["if-none-match"] === tag()) response.writeHead(304, { etag: tag() }).end();
      else response.writeHead(200, { etag: tag() }).end(current({ type: "downhaul.kills/1" }));
    } else if (url.pathname === "/client/v1/flag-set") {
      if (!state.polls) refuse(503);
      else if (request.headers["if-none-match"] !== tag()) answer(response);
      else if (url.searchParams.has("wait")) {
        const waiting = { request, response };
        held.add(waiting);
        response.on("close", () => held.delete(waiting));
      } else response.writeHead(304, { etag: tag(), ...asking() }).end();
    } else refuse(404);
    changed();
  });
  const answer = (response: ServerResponse): void => void response.writeHead(200, { etag: tag(), ...asking() }).end(current());

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get by() {
      return by;
    },
    /** Signs with another key from now on, and says which ones are in force. */
    sign(next: Signer, inForce: Signer[]) {
      by = next;
      named = inForce;
      state.header = { ...state.header, keys: inForce.map(({ id }) => id) };
      this.publish(state.flags);
    },
    state,
    acknowledged,
    told,
    requests,
    open,
    held,
    current,
    compiled: () => compiled(state.flags, state.kills, state.header.kill_revision),
    broadcast,
    base64,
    /** A new revision, whole. */
    publish(flags: object[], more: Partial<Header> = {}) {
      state.flags = flags;
      state.header = { ...state.header, revision: (state.header.revision ?? 0) + 1, ...more };
      broadcast("put", base64(current()));
      held.forEach(({ response }) => answer(response));
    },
    /** Kills one flag, by a kill set alone. */
    kill(key: string) {
      state.kills = [...state.kills, killOf(key)];
      this.killSet("kill");
    },
    restore(key: string) {
      state.kills = state.kills.filter((kill) => (kill as { flag: string }).flag !== key);
      this.killSet("restore");
    },
    killSet(event: "kill" | "restore") {
      state.header = { ...state.header, kill_revision: (state.header.kill_revision ?? 0) + 1 };
      broadcast(event, base64(this.killsOnly()));
      held.forEach(({ response }) => answer(response));
    },
    killsOnly(more: Partial<Header> = {}) {
      const { program, kills } = compiled(state.flags, state.kills, state.header.kill_revision ?? 0);
      return envelope(by, program, kills, { ...state.header, type: "downhaul.kills/1", ...more });
    },
    /** Says goodbye to every stream and ends it, as a server that closes does. */
    bye(retryMs: number) {
      broadcast("bye", JSON.stringify({ retry_ms: retryMs }));
      open.forEach((response) => response.end());
    },
    ping: () => broadcast("ping", JSON.stringify({ position: position(), server_time: serverTime() })),
    cut: () => open.forEach((response) => response.destroy()),
    /** Resolves when `holds`, looked at after each request and acknowledgement. */
    until: (holds: () => boolean): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!holds()) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
      }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
