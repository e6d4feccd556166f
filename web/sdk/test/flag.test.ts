// Handles: `flag(key, fallback)` reads what the key reads, of every kind of decisions, whatever program comes next.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, test } from "node:test";
import { startClient } from "../src/client.js";
import { flag as handle } from "../src/flag.js";
import { swiftEngine } from "../src/swift-engine.js";
import { telemetry } from "../src/telemetry/telemetry.js";
import { flagsOf } from "../src/testing.js";
import type { Client, Flag } from "../src/types.js";
import { controlPlane, engine, flag } from "./control-plane.js";

const large = new WebAssembly.Module(readFileSync(new URL("../flags-server.wasm", import.meta.url)));
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const ACME = [{ when: [{ tenant: ["acme"] }], serve: "b" }];
const of = (key: string, a: unknown, b: unknown, more: object = {}): object => flag(key, { variants: { a, b }, degraded: { variant: "b", meaning: "b" }, default: "a", rules: ACME, ...more });
const FLAGS = [of("on", true, false), of("text", "x", "y"), of("number", 1.5, 2), of("list", [1], [2]), of("object", { n: 1 }, {})];
const other = Array.from({ length: 40 }, (_, i) => of(`a${i}`, i % 2 === 0, i % 2 === 1));

async function started(place: "page" | "server", flags = FLAGS): Promise<{ server: Awaited<ReturnType<typeof controlPlane>>; client: Client }> {
  const server = await controlPlane(flags);
  const client = startClient({ key: "key", url: server.url, kind: "server", store: false }, { kind: "server", engine: () => (place === "page" ? engine() : swiftEngine(large)), store: () => undefined });
  closing.push(() => server.close(), () => client.close());
  await client.ready();
  return { server, client };
}

/** Until flags are looked up one by one. */
const warm = (client: Client): void => {
  for (let i = 0; i < 70; i++) client.evaluate({});
};
const next = (client: Client): Promise<void> => new Promise((resolve) => client.on("changed", () => resolve()));

const handles = {
  on: handle("on", false),
  text: handle<"x" | "y">("text", "y"),
  number: handle("number", 0),
  list: handle("list", [0]),
  object: handle<{ n?: number }>("object", {}),
  missing: handle("missing", "mine"),
  mistyped: handle("on", "mine"),
};

for (const place of ["page", "server"] as const) {
  test(`by handle as by key, in a ${place}`, async () => {
    const { client } = await started(place);
    const read = (decisions: Parameters<Flag<boolean>["value"]>[0]): unknown[] => Object.values(handles).map((each) => each.value(decisions));
    for (const _ of [1, 2]) {
      assert.deepEqual(read(client), [true, "x", 1.5, [1], { n: 1 }, "mine", "mine"], "the client's own context");
      assert.deepEqual(read(client.evaluate({ tenant: "globex" })), [true, "x", 1.5, [1], { n: 1 }, "mine", "mine"]);
      assert.deepEqual(read(client.evaluate({ tenant: "acme" })), [false, "y", 2, [2], {}, "mine", "mine"]);
      const decided = client.evaluate({ tenant: "acme" });
      assert.equal(handles.list.value(decided), decided.object("list", null), "the same object, frozen");
      assert.equal(handles.mistyped.details(decided).errorCode, "TYPE_MISMATCH");
      assert.equal(handles.missing.details(decided).errorCode, "FLAG_NOT_FOUND");
      assert.equal(handles.on.details(decided).flagMetadata.ruleIndex, 0);
      warm(client);
    }
    const value: boolean = handles.on.value(client);
    const text: "x" | "y" = handles.text.value(client);
    assert.deepEqual([value, text], [true, "x"]);
  });

  test(`kills and the next flag set, in a ${place}`, async () => {
    const { server, client } = await started(place);
    warm(client);
    const before = client.evaluate({});
    assert.equal(handles.on.value(before), true);
    let changed = next(client);
    server.kill("on");
    await changed;
    assert.equal(handles.on.value(client.evaluate({})), false, "dark at once");
    assert.equal(handles.on.value(before), true, "what was decided stays");
    warm(client);
    assert.equal(handles.on.value(client.evaluate({})), false);
    changed = next(client);
    server.state.kills = [];
    // In another place, and of another type; one is gone.
    server.publish([...other, of("on", "now a text", "b"), of("text", "z", "y")], { kill_revision: 2 });
    await changed;
    for (const _ of [1, 2]) {
      const after = client.evaluate({});
      assert.deepEqual([handles.on, handles.mistyped, handles.text, handles.number].map((each) => each.value(after)), [false, "now a text", "z", 0]);
      warm(client);
    }
    assert.equal(handles.text.value(before), "x");
  });
}

test("one handle for two clients", async () => {
  const [one, two] = [(await started("server")).client, (await started("server", [...other, of("on", false, true)])).client];
  for (const client of [one, two]) warm(client);
  for (let i = 0; i < 4; i++) {
    assert.equal(handles.on.value(one.evaluate({})), true);
    assert.equal(handles.on.value(two.evaluate({})), false);
    assert.equal(handles.text.value(two.evaluate({})), "y");
    assert.equal(handles.text.value(one.evaluate({})), "x");
  }
});

test("many of one context, so that all are decided at once", async () => {
  const { client } = await started("server", [...other, ...FLAGS]);
  warm(client);
  const all = other.map((_, i) => handle(`a${i}`, i % 2 === 1));
  for (let i = 0; i < 200; i++) {
    const tenant = i % 3 === 0 ? "acme" : "globex";
    const decided = client.evaluate({ tenant });
    assert.deepEqual(all.map((each) => each.value(decided)), all.map((_, at) => (at % 2 === 0) !== (tenant === "acme")), String(i));
  }
});

test("what is asked for by a handle is told, once a turn, and so are exposures", async () => {
  const { server, client } = await started("server");
  warm(client);
  const used = handle("number", 0);
  for (let i = 0; i < 3; i++) used.value(client.evaluate({}));
  await client.close();
  await server.until(() => server.acknowledged.some(({ evaluated }) => evaluated?.includes("number")));
  assert.deepEqual(server.acknowledged.flatMap(({ evaluated }) => evaluated ?? []), ["number"]);

  const counted = await started("server");
  const telling = telemetry(counted.client);
  for (const each of [handles.on, handles.missing]) each.value(counted.client.evaluate({ targetingKey: "u" }));
  assert.equal(await telling.flush(), true);
  await telling.close();
  assert.deepEqual(counted.server.told.flatMap(({ batch }) => batch.buckets.flatMap(({ exposures }) => exposures.map((each) => (each as { flag: string }).flag))), ["on"]);
});

test("of the client of a test", () => {
  const { withFlags } = flagsOf({ flags: [{ key: "on", variants: { on: true, off: false }, default: "off" }] });
  withFlags({ on: "on" }, (client) => assert.equal(handles.on.value(client), true));
});
