// Kills over a second path: by another address, by a file of a static host, and behind a relay whose control plane is gone.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, test } from "node:test";
import { startClient } from "../src/client.js";
import { globalHost } from "../src/host.js";
import { relayOn } from "../src/relay.js";
import { secondPath, type Second } from "../src/second-path/second-path.js";
import type { MarkStore } from "../src/guard/marks.js";
import type { Client, Problem } from "../src/types.js";
import { compiled, controlPlane, engine, flag, sha256, signedObject, signer } from "./control-plane.js";

const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A host that gives everybody one file, and remembers what it was asked with. */
async function staticHost() {
  const asked: { key: boolean; status: number }[] = [];
  const state = { file: undefined as Uint8Array | undefined };
  const server = createServer((request, response) => {
    const tag = state.file && `"${sha256(state.file)}"`;
    const status = !tag ? 404 : request.headers["if-none-match"] === tag ? 304 : 200;
    asked.push({ key: "authorization" in request.headers, status });
    response.writeHead(status, tag ? { etag: tag } : {}).end(status === 200 ? state.file : undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/production.kills`, asked, state };
}

type World = Awaited<ReturnType<typeof world>>;

async function world(places: (url: string) => { relays?: string[]; files?: string[]; everySeconds?: number; marks?: MarkStore }) {
  const server = await controlPlane([flag("f"), flag("g")]);
  closing.push(() => server.close());
  const client = startClient({ key: "key", url: server.url, kind: "server", store: false, publicKeys: [server.by.publicKey], signatures: "required" }, { kind: "server", engine: () => engine(), store: () => undefined });
  closing.push(() => client.close());
  const said: Problem[] = [];
  client.on("problem", (problem) => said.push(problem));
  await client.ready();
  const second = secondPath(client, { everySeconds: 0.02, ...places(server.url) });
  closing.push(() => second.close());
  return { server, client, second, said };
}

const until = (client: Client, holds: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => void (holds() && (off.forEach((each) => each()), resolve()));
    const off = [client.on("changed", look), client.on("problem", look)];
    look();
  });
/** The stream is gone, and polls are refused. */
const cutFirst = async ({ server, client }: World): Promise<void> => {
  server.state.streams = false;
  server.cut();
  await until(client, () => client.status().transport !== "stream");
};
/** The kill set goes up without a word on the stream. */
const quietly = ({ server }: World, kills: object[]): void => {
  server.state.kills = kills;
  server.state.header = { ...server.state.header, kill_revision: (server.state.header.kill_revision ?? 0) + 1 };
};
const spoilt = (bytes: Uint8Array): Uint8Array => bytes.map((byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte));
const kill = { id: "k-1", flag: "f", scope: {}, reason: "test", by: "a-1", at: "2026-11-01T00:00:00Z" };

test("a kill comes by a relay while the stream is well and says nothing of it", async () => {
  const all = await world((url) => ({ relays: [url] }));
  quietly(all, [kill]);
  await until(all.client, () => !all.client.boolean("f", true));
  assert.equal(all.client.status().transport, "stream");
  assert.equal(all.client.details("f", true).reason, "DISABLED");
  assert.equal(all.client.boolean("g", false), true);
  quietly(all, []);
  await until(all.client, () => all.client.boolean("f", false));
  assert.deepEqual(all.said, []);
});

test("a file of a static host is enough, learns no key, and goes back for nobody", async () => {
  const host = await staticHost();
  const all = await world(() => ({ files: [host.url] }));
  const { client, second, server } = all;
  await second.refresh();
  assert.deepEqual(all.said, [], "a file that is not there yet is no problem");
  await cutFirst(all);
  const before = server.killsOnly();
  quietly(all, [kill]);
  const killed = server.killsOnly();
  host.state.file = killed;
  await until(client, () => !client.boolean("f", true));
  host.state.file = before;
  await second.refresh();
  assert.equal(client.boolean("f", true), false, "an older object lifts nothing");
  quietly(all, []);
  host.state.file = server.killsOnly();
  await until(client, () => client.boolean("f", false));
  host.state.file = killed;
  await second.refresh();
  assert.equal(client.boolean("f", false), true, "nor does an older one kill again");
  await second.refresh();
  assert.equal(host.asked.at(-1)?.status, 304);
  assert.ok(host.asked.every(({ key }) => !key));
  assert.deepEqual(all.said.filter(({ code }) => code !== "connection-failed"), []);
});

test("what is forged, or no kill object, changes nothing and is told", async () => {
  const host = await staticHost();
  const all = await world(() => ({ files: [host.url], everySeconds: 3600 }));
  const { client, second, server } = all;
  // Not beside the question that it begins with.
  await second.refresh();
  quietly(all, [kill]);
  for (const [file, code] of [
    [new TextEncoder().encode("<html>".repeat(30)), "second-path-failed"],
    [new Uint8Array(200 * 1024), "second-path-failed"],
    [spoilt(server.killsOnly()), "digest-mismatch"],
    [server.killsOnly({ environment: "other" }), "other-environment"],
  ] as const) {
    all.said.length = 0;
    host.state.file = file;
    await second.refresh();
    assert.deepEqual(all.said.map((problem) => problem.code), [code]);
    assert.equal(client.boolean("f", false), true);
  }
  // Programs come by the first path alone.
  all.said.length = 0;
  host.state.file = server.current();
  await second.refresh();
  assert.deepEqual([client.boolean("f", false), all.said], [true, []]);
  const stranger = signer();
  server.sign(stranger, [stranger]);
  host.state.file = server.killsOnly();
  await second.refresh();
  assert.ok(all.said.some(({ code }) => code === "signature-invalid"));
  assert.equal(client.boolean("f", false), true);
});

test("a relay gives the last kills on while its control plane is gone, and a file too", async () => {
  const file = await staticHost();
  const server = await controlPlane([flag("f")]);
  let now = 0;
  const host = { ...globalHost(undefined), now: () => now, setTimer: (callback: () => void, ms: number) => setTimeout(callback, ms).unref() };
  const edge = relayOn(host, { url: server.url, killFiles: { "/kills": file.url } });
  const asks = (path: string, headers: Record<string, string> = {}): Promise<Response> => edge(new Request(`http://edge${path}`, { headers }));
  const key = { authorization: "Bearer key" };

  server.kill("f");
  const before = server.requests.length;
  const answers = await Promise.all(Array.from({ length: 20 }, () => asks("/client/v1/kills?formats=1", key)));
  assert.equal(server.requests.length - before, 1, "twenty who would be told the same ask once");
  const bytes = new Uint8Array(await (answers[0] as Response).arrayBuffer());
  assert.deepEqual(bytes.subarray(0, 4), new TextEncoder().encode("DHE1"));
  const tag = answers[0]?.headers.get("etag") as string;
  assert.equal((await asks("/client/v1/kills?formats=1", { ...key, "if-none-match": tag })).status, 304);
  assert.equal((await asks("/client/v1/kills?formats=1", { authorization: "Bearer other" })).status, 401);
  assert.equal((await asks("/kills")).status, 404, "nothing was put there");
  file.state.file = bytes;
  // Refused answers are not remembered.
  assert.equal((await asks("/kills")).status, 200);

  await server.close();
  now += 60_000;
  const after = await asks("/client/v1/kills?formats=1", key);
  assert.deepEqual([after.status, new Uint8Array(await after.arrayBuffer())], [200, bytes]);
  assert.equal((await asks("/client/v1/stream", key)).status, 503, "of the rest it says that it hears nothing");
  assert.equal((await asks("/client/v1/kills?formats=1", { authorization: "Bearer other" })).status, 503);
  const served = await asks("/kills");
  assert.equal(served.headers.get("access-control-allow-origin"), "*");
  assert.deepEqual(new Uint8Array(await served.arrayBuffer()), bytes);
});

test("asked again it is the same, and closed it asks no more", async () => {
  const host = await staticHost();
  const { client, second } = await world(() => ({ files: [host.url] }));
  const again: Second = secondPath(client, { files: [] });
  assert.equal(again, second);
  second.close();
  await second.refresh();
  const asked = host.asked.length;
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(host.asked.length, asked);
});

/** What `downhaul break-glass kill` writes. */
function object(by: ReturnType<typeof signer>, flags: string[], change: object = {}): Uint8Array {
  const kills = flags.map((flag, number) => ({ ...kill, id: `bg-${by.id}-${number}`, flag }));
  return signedObject(by, compiled([flag("f"), flag("g")], kills).kills, change);
}
const named = (keys: ReturnType<typeof signer>[], restored: string[] = [], expires = "2099-01-01T00:00:00.000Z") => ({ break_glass: { keys: keys.map(({ id, publicKey }) => ({ id, public_key: publicKey, expires })), restored } }) as object;

test("a break-glass kill holds until its restore, whatever is published, and over the next visit", async () => {
  const host = await staticHost();
  const kept = new Map<string, string>();
  const marks = { get: (key: string) => kept.get(key), set: (key: string, value: string) => void kept.set(key, value), delete: (key: string) => void kept.delete(key), keys: () => [...kept.keys()] };
  const all = await world(() => ({ files: [host.url], everySeconds: 3600, marks }));
  const { client, second, server } = all;
  const by = signer();
  await second.refresh();
  server.publish([flag("f"), flag("g")], named([by]));
  await server.until(() => server.acknowledged.some(({ position }) => position.revision === 2));
  host.state.file = object(by, ["f"]);
  await second.refresh();
  assert.deepEqual([client.boolean("f", true), client.details("f", true).reason, client.boolean("g", false)], [false, "DISABLED", true]);
  server.publish([flag("f"), flag("g"), flag("h")], named([by]));
  await until(client, () => client.boolean("h", false));
  assert.equal(client.boolean("f", true), false, "a new flag set lifts nothing");
  server.kill("g");
  await until(client, () => !client.boolean("g", true));
  assert.equal(client.boolean("f", true), false, "nor does a kill set without it");
  server.publish([flag("f"), flag("g")], named([]));
  await until(client, () => client.details("h", false).errorCode === "FLAG_NOT_FOUND");
  assert.equal(client.boolean("f", true), false, "nor the key's revocation");

  const next = startClient({ key: "key", url: server.url, kind: "server", store: false, publicKeys: [server.by.publicKey] }, { kind: "server", engine: () => engine(), store: () => undefined });
  closing.push(() => next.close());
  const again = secondPath(next, { files: [], marks });
  closing.push(() => again.close());
  await next.ready();
  assert.equal(next.boolean("f", true), false, "the next visit begins with it");

  // The control plane has charted and restored it.
  server.publish([flag("f"), flag("g")], { ...named([by], [`bg-${by.id}-0`]), kill_revision: 9 });
  await until(client, () => client.boolean("f", false));
  await until(next, () => next.boolean("f", false));
  all.said.length = 0;
  host.state.file = object(by, ["f"], { issued_at: "2026-11-01T00:00:00.000Z" });
  await second.refresh();
  assert.equal(client.boolean("f", false), true, "the same kill, served again, is refused");
  assert.match(all.said.map(({ message }) => message).join(), /`bg-[0-9a-f]{16}-0` was restored/);
  assert.equal(kept.size, 0);
});

test("a break-glass kill for which no room is left beside the control plane's is told of, and none is left out that has room", async () => {
  const host = await staticHost();
  const all = await world(() => ({ files: [host.url], everySeconds: 3600 }));
  const { client, second, server, said } = all;
  const by = signer();
  await second.refresh();
  const tenants = (count: number): string[] => Array.from({ length: count }, (_, number) => `${number}`.padStart(250, "t"));
  const large = { ...kill, id: `bg-${by.id}-0`, flag: "f", scope: { tenant: tenants(30) } };
  const small = { ...kill, id: `bg-${by.id}-1`, flag: "g" };
  host.state.file = signedObject(by, compiled([flag("f"), flag("g")], [large, small]).kills);
  const left = (): string[] => said.filter(({ code }) => code === "break-glass-left-out").map(({ message }) => message);
  // Some 60 KiB of the control plane's own.
  server.state.kills = [{ ...kill, flag: "h", scope: { tenant: tenants(240) } }];
  server.publish([flag("f"), flag("g"), flag("h")], { ...named([by]), kill_revision: 1 });
  await server.until(() => server.acknowledged.some(({ position }) => position.revision === 2));
  await second.refresh();
  await until(client, () => left().length > 0);
  assert.equal(client.details("g", true).reason, "DISABLED", "the small one has room");
  assert.match(left()[0] ?? "", new RegExp(`^1 break-glass kill does not go into 64 KiB .*: bg-${by.id}-0$`));
  assert.ok(client.status().problems.includes("break-glass-left-out"));
  await server.until(() => server.acknowledged.some(({ problems }) => problems.includes("break-glass-left-out")));

  // With the control plane's own kill gone there is room for all.
  const before = left().length;
  server.state.kills = [];
  server.killSet("restore");
  await server.until(() => server.acknowledged.some(({ position, problems }) => position.kill_revision === 2 && problems.length === 0));
  assert.equal(left().length, before);
  assert.deepEqual(client.evaluate({ tenant: tenants(1)[0], targetingKey: "u" }).details("f", true).flagMetadata.cause, "kill");
});

test("a break-glass kill that is not one is refused with its word", async () => {
  const host = await staticHost();
  const all = await world(() => ({ files: [host.url], everySeconds: 3600 }));
  const { client, second, server } = all;
  const [by, late, stranger] = [signer(), signer(), signer()];
  await second.refresh();
  const keys = [...(named([by]) as { break_glass: { keys: object[] } }).break_glass.keys, ...(named([late], [], "2020-01-01T00:00:00.000Z") as { break_glass: { keys: object[] } }).break_glass.keys];
  server.publish([flag("f"), flag("g")], { break_glass: { keys, restored: [] } } as object);
  await server.until(() => server.acknowledged.some(({ position }) => position.revision === 2));
  for (const [file, word] of [
    [object(stranger, ["f"]), /names no break-glass key/],
    [object(late, ["f"]), /has expired/],
    [spoilt(object(by, ["f"])), /not what was signed/],
    [object(by, ["f"]).map((byte, at) => (at === 20 ? byte ^ 1 : byte)), /not signed by the key/],
    [object(by, ["f"], { environment: "staging" }), /for the environment `staging`/],
    [object(by, ["f"], { clients: ["browser"] }), /other kinds of clients/],
    [object(by, ["f"], { type: "downhaul.kills/1" }), /.*/],
  ] as const) {
    all.said.length = 0;
    host.state.file = file;
    await second.refresh();
    assert.match(all.said.map(({ message }) => message).join(), word);
    assert.equal(client.boolean("f", false), true, `${word}`);
  }
  host.state.file = object(by, ["f"]);
  await second.refresh();
  assert.equal(client.boolean("f", true), false);
});
