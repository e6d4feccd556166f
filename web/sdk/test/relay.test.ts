// Clients behind a relay: one stream at the control plane, all that they are told and tell, and what happens when it is gone.
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { afterEach, test } from "node:test";
import { startClient } from "../src/client.js";
import { globalHost } from "../src/host.js";
import { relayOn } from "../src/relay.js";
import { telemetry } from "../src/telemetry/telemetry.js";
import type { Client, Options, Problem } from "../src/types.js";
import { controlPlane, engine, flag } from "./control-plane.js";

const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Serves a handler as an edge does. */
async function served(answer: (request: Request) => Promise<Response>): Promise<string> {
  const server: Server = createServer((from, to) => {
    const gone = new AbortController();
    to.on("close", () => gone.abort());
    const body = from.method === "POST" ? { body: Readable.toWeb(from) as ReadableStream, duplex: "half" } : {};
    const request = new Request(new URL(from.url ?? "/", "http://edge"), { method: from.method as string, headers: from.headers as Record<string, string>, signal: gone.signal, ...body } as RequestInit);
    void answer(request).then(async (response) => {
      to.writeHead(response.status, Object.fromEntries(response.headers));
      to.flushHeaders();
      if (!response.body) return to.end();
      const reader = response.body.getReader();
      to.on("close", () => void reader.cancel().catch(() => undefined));
      for (;;) {
        const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }));
        if (done) return to.end();
        to.write(value);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function relayed(streams?: number) {
  const server = await controlPlane([flag("f"), flag("g")]);
  closing.push(() => server.close());
  // A relay never ends: its timers must not keep the test from ending.
  const host = { ...globalHost(undefined), random: () => 0.01, setTimer: (callback: () => void, ms: number) => setTimeout(callback, ms).unref() };
  const url = await served(relayOn(host, { url: server.url, ...(streams === undefined ? {} : { streams }) }));
  return { server, url };
}

function client(url: string, publicKey: string, options: Partial<Options> = {}): Client & { readonly said: Problem[] } {
  const made = startClient({ key: "key", url, kind: "server", store: false, publicKeys: [publicKey], signatures: "required", ...options }, { kind: "server", engine: () => engine(), store: () => undefined, host: { ...globalHost(undefined), random: () => 0.01 } });
  closing.push(() => made.close());
  const said: Problem[] = [];
  made.on("problem", (problem) => said.push(problem));
  return Object.assign(made, { said });
}

const until = (flags: Client, holds: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => void (holds() && (off.forEach((each) => each()), resolve()));
    const off = [flags.on("changed", look), flags.on("problem", look), flags.on("stale", look)];
    look();
  });
const streams = (requests: readonly string[]): number => requests.filter((each) => each === "GET /client/v1/stream").length;

test("twenty clients share one stream; a kill reaches each, and each is counted", async () => {
  const { server, url } = await relayed();
  const clients = Array.from({ length: 20 }, () => client(url, server.by.publicKey));
  for (const each of clients) {
    await each.ready();
    assert.equal(each.boolean("f", false), true);
  }
  assert.equal(streams(server.requests), 1);
  server.kill("f");
  for (const each of clients) await until(each, () => !each.boolean("f", true));
  const dark = (): Set<string> => new Set(server.acknowledged.filter(({ position }) => position.kill_revision === 1).map(({ instance }) => instance));
  await server.until(() => dark().size === 20);
  assert.deepEqual(clients.flatMap(({ said }) => said), []);
  assert.equal(clients[0]?.details("f", true).flagMetadata.cause, "kill");
});

test("who comes after a kill, or after a new revision, has it at once", async () => {
  const { server, url } = await relayed();
  await client(url, server.by.publicKey).ready();
  server.kill("f");
  const second = client(url, server.by.publicKey);
  await second.ready();
  await until(second, () => !second.boolean("f", true));
  server.publish([flag("f"), flag("g", { default: "off" })]);
  await until(second, () => !second.boolean("g", true));
  const third = client(url, server.by.publicKey);
  await third.ready();
  assert.deepEqual([third.boolean("f", true), third.boolean("g", true), third.said], [false, false, []]);
  assert.equal(streams(server.requests), 1);
});

test("a patch is passed on, and is part of what a newcomer gets", async () => {
  const { server, url } = await relayed();
  const old = client(url, server.by.publicKey);
  await old.ready();
  const base = server.compiled().program;
  server.state.flags = [flag("f", { default: "off" }), flag("g")];
  server.state.header = { ...server.state.header, revision: 2 };
  const whole = server.current();
  const { program, kills } = server.compiled();
  const { createHash } = await import("node:crypto");
  const start = whole.length - program.length - kills.length;
  const patch = { base: createHash("sha256").update(base).digest("hex"), header: server.base64(whole.subarray(0, start)), kills: server.base64(kills), ops: [server.base64(program)] };
  server.broadcast("patch", JSON.stringify(patch));
  await until(old, () => !old.boolean("f", true));
  const fresh = client(url, server.by.publicKey);
  await fresh.ready();
  assert.deepEqual([fresh.boolean("f", true), fresh.status().position?.revision, fresh.said, old.said], [false, 2, [], []]);
});

test("polls are answered from what is held, and held until there is news", async () => {
  const { server, url } = await relayed();
  const polls = client(url, server.by.publicKey, { transport: "poll" });
  await polls.ready();
  server.publish([flag("f", { default: "off" }), flag("g")]);
  await until(polls, () => !polls.boolean("f", true));
  server.kill("g");
  await until(polls, () => !polls.boolean("g", true));
  assert.equal(streams(server.requests), 1);
  assert.deepEqual(polls.said, []);
});

test("the control plane is gone: clients keep, and are told nothing; who comes new is refused until it is back", async () => {
  const { server, url } = await relayed();
  const flags = client(url, server.by.publicKey);
  await flags.ready();
  server.state.streams = false;
  server.state.polls = false;
  server.cut();
  await server.until(() => streams(server.requests) > 1);
  const late = client(url, server.by.publicKey, { readyTimeoutSeconds: 0.2 });
  await until(late, () => late.said.some(({ message }) => message.includes("503")));
  assert.equal(late.details("f", false).errorCode, "PROVIDER_NOT_READY");
  assert.deepEqual([flags.boolean("f", false), flags.status().transport], [true, "stream"]);
  server.state.kills = [];
  server.state.streams = true;
  server.state.polls = true;
  await until(late, () => late.boolean("f", false));
  server.kill("f");
  await Promise.all([flags, late].map((each) => until(each, () => !each.boolean("f", true))));
});

test("silence of the control plane is silence of the relay: clients become stale by their own clock", async () => {
  const { server, url } = await relayed();
  const flags = client(url, server.by.publicKey, { staleSeconds: 0.3 });
  await flags.ready();
  await until(flags, () => flags.status().state === "stale");
  assert.equal(flags.boolean("f", false), true);
  server.ping();
  await until(flags, () => flags.status().state === "ready");
});

test("a refused key is refused as the control plane does, and what else is asked passes", async () => {
  const { server, url } = await relayed();
  const refused = client(url, server.by.publicKey, { key: "other", readyTimeoutSeconds: 0.2 });
  await until(refused, () => refused.said.some(({ code }) => code === "unauthorized"));
  const keys = await fetch(`${url}/client/v1/keys`, { headers: { authorization: "Bearer key" } });
  assert.deepEqual(await keys.json(), { keys: [{ id: server.by.id, public_key: server.by.publicKey }] });
  const remote = await fetch(`${url}/ofrep/v1/evaluate/flags`, { method: "POST", headers: { authorization: "Bearer key" }, body: '{"context":{}}' });
  assert.equal(((await remote.json()) as { flags: unknown[] }).flags.length, 2);
  assert.equal((await fetch(`${url}/api/v1/environments`)).status, 404);
});

test("telemetry is passed on compressed as it came, and what it is answered with as well", async () => {
  const { server, url } = await relayed();
  const flags = client(url, server.by.publicKey);
  await flags.ready();
  const told = telemetry(flags);
  told.outcome("checkout.error");
  await told.flush();
  const [batch] = server.told;
  assert.deepEqual([batch?.packed, batch?.batch.buckets[0]?.outcomes[0]?.name], [true, "checkout.error"]);
  assert.deepEqual(flags.said, []);
});

test("beyond its streams everything is passed on as it is", async () => {
  const { server, url } = await relayed(0);
  const flags = client(url, server.by.publicKey);
  await flags.ready();
  server.kill("f");
  await until(flags, () => !flags.boolean("f", true));
  assert.deepEqual(flags.said, []);
});

test("another signer than the clients trust gets nothing past them, relay or not", async () => {
  const { server, url } = await relayed();
  const flags = client(url, Buffer.alloc(32, 7).toString("base64"), { readyTimeoutSeconds: 0.2 });
  await until(flags, () => flags.said.some(({ code }) => code === "signature-invalid"));
  assert.equal(flags.boolean("f", false), false);
  assert.ok(server.open.size > 0);
});
