import assert from "node:assert/strict";
import { test } from "node:test";
import { asked } from "../src/asked.js";
import { backoffMs, retryAfterMs, spreadMs } from "../src/backoff.js";
import { attribute, canonical, completed, plain } from "../src/context.js";
import { freshness } from "../src/freshness.js";
import { eventParser } from "../src/sse.js";
import { indexedDbStore, memoryStore } from "../src/store.js";
import { bootstrapTable, changes, decisions, EMPTY } from "../src/table.js";
import { webCiphers } from "../src/ciphers.js";
import { openKept } from "../src/kept.js";
import { vouchedFor } from "../src/token.js";
import { connect } from "../src/transport.js";
import { fakeHost } from "./fake-host.js";
import "fake-indexeddb/auto";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("attributes: own keys, then paths through plain objects, never lists or prototypes", () => {
  class Person {
    name = "x";
  }
  const context = {
    "a.b": 1,
    a: { b: 2, c: { d: "deep" }, list: [{ e: 1 }] },
    nothing: null,
    "n.x": null,
    n: { x: 5 },
    inherited: Object.create({ x: 1 }) as object,
    person: new Person(),
  };
  const cases: [string, unknown][] = [
    ["a.b", 1],
    ["a.c.d", "deep"],
    ["a.list.0.e", undefined],
    ["a.list.length", undefined],
    ["nothing", undefined],
    ["n.x", undefined],
    ["toString", undefined],
    ["__proto__", undefined],
    ["a.constructor.name", undefined],
    ["inherited.x", undefined],
    ["person.name", undefined],
    ["missing", undefined],
    ["", undefined],
  ];
  for (const [name, expected] of cases) assert.deepEqual(attribute(context, name), expected, name);
});

test("attributes: what JavaScript has and JSON has not", () => {
  const values: [unknown, unknown][] = [
    [new Date(5), 5],
    [new Date(NaN), undefined],
    [10n, 10],
    [2n ** 53n, undefined],
    [-(2n ** 53n), undefined],
    [NaN, undefined],
    [Infinity, undefined],
    [undefined, undefined],
    [() => 1, undefined],
    [Symbol("s"), undefined],
    [false, false],
    ["", ""],
  ];
  for (const [value, expected] of values) assert.equal(attribute({ x: value }, "x"), expected, String(value));
  assert.equal(canonical(plain({ b: new Date(1), a: [undefined, NaN, 1n], c: "\uD800x", d: { e: () => 1 } })), '{"a":[null,null,1],"b":1,"c":"\uFFFDx","d":{}}');
  assert.deepEqual(completed({ tenant: "acme" }, Object.entries({ tenant: "globex", region: "eu" })), { tenant: "acme", region: "eu" });
});

test("stream parser: events whole, in pieces of every size, with every end of line", () => {
  const text = ": comment\nevent: put\nid: 1.2.3\ndata: one\ndata: zwö€𝄞\n\nevent: ping\r\ndata:{}\r\n\r\ndata: last\r\rdata: unfinished\n";
  const expected = [
    { event: "put", data: "one\nzwö€𝄞", id: "1.2.3" },
    { event: "ping", data: "{}", id: "1.2.3" },
    { event: "message", data: "last", id: "1.2.3" },
  ];
  const whole = bytes(text);
  for (const size of [1, 2, 3, 5, 7, 11, whole.length]) {
    const parse = eventParser();
    const events = [];
    for (let at = 0; at < whole.length; at += size) events.push(...parse(whole.subarray(at, at + size)));
    assert.deepEqual(events, expected, `pieces of ${size}`);
  }
});

test("stream parser: refuses an event without end", () => {
  const oneLine = eventParser(100);
  assert.throws(() => oneLine(bytes(`data: ${"x".repeat(200)}`)), /more than 100/);
  const manyLines = eventParser(100);
  assert.throws(() => {
    for (let i = 0; i < 200; i++) manyLines(bytes("data: x\n"));
  }, /more than 100/);
});

test("back-off: full jitter under 0.5 s · 2^k, at most 30 s; Retry-After; spread", () => {
  assert.deepEqual([0, 1, 5, 6, 7, 1000].map((attempt) => backoffMs(attempt, 1)), [500, 1000, 16000, 30000, 30000, 30000]);
  assert.equal(backoffMs(3, 0), 0);
  assert.equal(retryAfterMs("7", 0), 7000);
  assert.equal(retryAfterMs("Thu, 01 Jan 1970 00:00:10 GMT", 4000), 6000);
  assert.equal(retryAfterMs("soon", 0), undefined);
  assert.equal(retryAfterMs(null, 0), undefined);
  assert.equal(spreadMs(1000, 1), 1100);
});

test("polling: what is refused is asked for ever more seldom", async () => {
  let requests = 0;
  const host = fakeHost(async () => {
    requests++;
    return new Response("not an envelope", { headers: { etag: '"1"' } });
  });
  const asks = { url: "http://localhost", key: "key", formats: [1], claimed: () => undefined, token: async () => undefined, base: () => undefined };
  const nothing = (): void => {};
  const feed = { envelope: async () => false, patch: async () => false, position: () => false, staleSeconds: nothing, sampling: nothing, alive: nothing, transport: nothing, problem: nothing };
  const connection = connect(host, asks, feed, "poll");
  for (let second = 0; second < 60; second++) {
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    host.advance(1000);
  }
  connection.close();
  assert.ok(requests >= 5 && requests <= 10, `${requests} requests in a minute`);
});

test("freshness: stale by the monotonic clock, whatever the wall clock does", () => {
  const host = fakeHost();
  const turns: string[] = [];
  const fresh = freshness(host, true, () => turns.push(`${fresh.stale()} ${fresh.expired()}`));
  fresh.heard();
  host.wallJump(3600_000);
  host.advance(44_000);
  assert.deepEqual(turns, []);
  fresh.heard();
  host.advance(44_000);
  assert.equal(fresh.stale(), false);
  host.wallJump(-7200_000);
  host.advance(2000);
  assert.deepEqual(turns, ["true false"]);
  fresh.heard();
  assert.deepEqual(turns, ["true false", "false false"]);
});

test("freshness: validity by the control plane's clock, which never goes back", () => {
  const host = fakeHost();
  let turns = 0;
  const fresh = freshness(host, true, () => turns++);
  const at = (ms: number): string => new Date(host.wall() + ms).toISOString();
  fresh.staleAfter(1e6);
  fresh.serverTime(at(0));
  fresh.validUntil(at(10_000));
  host.wallJump(60_000);
  assert.equal(fresh.expired(), false, "the own clock jumped, not the control plane's");
  host.wallJump(-60_000);
  host.advance(9_000);
  fresh.serverTime(at(-8_000));
  host.advance(2_000);
  assert.equal(fresh.expired(), true, "a replica behind does not lengthen the validity");
  assert.equal(turns, 1);
});

test("freshness: a kept flag set is stale by the time since it was issued", () => {
  const host = fakeHost();
  const fresh = freshness(host, true, () => undefined);
  fresh.keptSince(new Date(host.wall() - 30_000).toISOString());
  assert.equal(fresh.stale(), false);
  host.advance(16_000);
  assert.equal(fresh.stale(), true);
  fresh.heard();
  assert.equal(fresh.stale(), false);
});

for (const [name, store] of [["memory", memoryStore()], ["IndexedDB", indexedDbStore("test")]] as const) {
  test(`store: ${name}`, async () => {
    assert.equal(await store.get("a"), undefined);
    await store.set("a", new Uint8Array([1, 2]));
    assert.deepEqual(await store.get("a"), new Uint8Array([1, 2]));
    await store.delete("a");
    assert.equal(await store.get("a"), undefined);
  });
}

test("kept: by audience, bounded, and never another one's", async () => {
  const store = memoryStore();
  const kept = await openKept(webCiphers, store, "http://x", "key");
  const audience = (tenant: string) => ({ kind: "browser" as const, attributes: { tenant }, decided_for: null });
  const position = { epoch: 1, revision: 1, kill_revision: 0 };
  for (let i = 0; i < 12; i++) await kept.keep(audience(`t${i}`), position, new Uint8Array([i]), undefined);
  const again = await openKept(webCiphers, store, "http://x", "key");
  assert.deepEqual((await again.find({ tenant: "t11" }, undefined))?.flagSet, new Uint8Array([11]));
  assert.equal(await again.find({ tenant: "t0" }, undefined), undefined);
  assert.equal(await again.find({ tenant: "globex" }, undefined), undefined);
  assert.equal((await openKept(webCiphers, store, "http://x", "other")).ratchet, undefined);
  assert.deepEqual(again.ratchet, position);
});

test("reads never throw, whatever they are asked", () => {
  const table = bootstrapTable({ flags: { b: { value: true, variant: "on" }, s: { value: "x" }, n: { value: 1.5 }, o: { value: { a: [1] } }, __proto__: { value: 1 } } as never });
  assert.ok(table);
  const seen: string[] = [];
  const reads = decisions({ table: () => table, expired: () => false, asked: { turn: 1, add: (key) => seen.push(key) } });
  assert.equal(reads.boolean("b", false), true);
  assert.equal(reads.boolean("s", false), false);
  assert.equal(reads.string("s", "y"), "x");
  assert.equal(reads.number("n", 0), 1.5);
  assert.deepEqual(reads.object("o", {}), { a: [1] });
  assert.throws(() => ((reads.object("o", {}) as { a: number[] }).a.push(2)), TypeError, "values are frozen");
  assert.equal(reads.details("s", 1).errorCode, "TYPE_MISMATCH");
  assert.equal(reads.details("missing", 1).errorCode, "PROVIDER_NOT_READY");
  for (const odd of [undefined, null, {}, Symbol("x"), "constructor"]) assert.equal(reads.boolean(odd as string, false), false);
  assert.deepEqual(seen, ["b", "s", "n", "o"], "each flag that there is, once");
  assert.equal(bootstrapTable({ flags: { f: null } } as never), undefined);
  assert.equal(bootstrapTable(null as never), undefined);
});

test("context tokens: two of one visitor are one, another's is not", () => {
  const token = (payload: object): string => `h.${Buffer.from(JSON.stringify(payload)).toString("base64url")}.s`;
  const acme = { aud: "production", sub: "u", attributes: { tenant: "acmé" } };
  assert.deepEqual(vouchedFor(token({ ...acme, exp: 1 })), vouchedFor(token({ ...acme, exp: 2, iat: 1 })));
  assert.notDeepEqual(vouchedFor(token(acme)), vouchedFor(token({ ...acme, sub: "v" })));
  assert.equal(vouchedFor("no token"), "no token");
  assert.equal(vouchedFor(undefined), null);
});

test("changes: only real ones", () => {
  const a = bootstrapTable({ flags: { f: { value: { x: 1 }, variant: "on", reason: "SPLIT" }, g: { value: 1 } } });
  const b = bootstrapTable({ flags: { f: { value: { x: 1 }, variant: "on", reason: "SPLIT" }, g: { value: 2 }, h: { value: 3 } } });
  assert.ok(a && b);
  assert.deepEqual([...changes(a, b).keys()], ["g", "h"]);
  assert.equal(changes(a, b).get("g")?.before?.value, 1);
  assert.equal(changes(EMPTY, a).size, 2);
});

test("flags that are asked for are told once an hour, and so many at a time", () => {
  let now = 0;
  const told = asked(() => now);
  told.add("f");
  told.add("f");
  told.add("g");
  assert.deepEqual(told.take(), ["f", "g"]);
  assert.deepEqual(told.take(), []);
  told.add("f");
  assert.deepEqual(told.take(), [], "told of just now");
  now += 3_600_000;
  told.add("f");
  assert.deepEqual(told.take(), ["f"]);
  for (let i = 0; i < 300; i++) told.add(`f${i}`);
  assert.equal(told.take().length, 256);
  assert.equal(told.take().length, 44, "the others come next");
});
