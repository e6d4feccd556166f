import assert from "node:assert/strict";
import { test } from "node:test";
import { flagsOf, type State } from "../src/testing.js";
import type { ChangedEvent, Client } from "../src/types.js";

const document = {
  flags: [
    { key: "checkout-v2", variants: { on: true, off: false }, default: "off" },
    { key: "theme", variants: { light: "l", dark: "d" }, default: "light" },
    { key: "limits", variants: { few: { items: 3 }, many: { items: 30 } }, default: "few" },
  ],
};
const flags = flagsOf(document);

test("a client gives what the test says, and the default of the rest", () => {
  flags.withFlags({ "checkout-v2": "on" }, (client: Client) => {
    assert.equal(client.boolean("checkout-v2", false), true);
    assert.equal(client.string("theme", ""), "l");
    assert.deepEqual(client.object("limits", {}), { items: 3 });
    assert.deepEqual(client.details("checkout-v2", false), { flagKey: "checkout-v2", value: true, variant: "on", reason: "STATIC", flagMetadata: { revision: 1 } });
    assert.equal(client.details("missing", 1).errorCode, "FLAG_NOT_FOUND");
    assert.equal(client.details("theme", 1).errorCode, "TYPE_MISMATCH");
    assert.equal(client.evaluate({ targetingKey: "u" }).boolean("checkout-v2", false), true);
    assert.deepEqual(Object.keys(client.all()), ["checkout-v2", "theme", "limits"]);
  });
});

test("a test turns a flag, and listeners hear of it", async () => {
  const client = flags.client();
  const heard: ChangedEvent[] = [];
  client.on("changed", (event) => heard.push(event));
  assert.equal((await client.ready()).state, "ready");
  client.set({ theme: "dark" });
  client.set({ theme: "dark" });
  assert.deepEqual(heard.map(({ keys }) => keys), [["theme"]], "only real changes");
  assert.equal(heard[0]?.flags.get("theme")?.before?.variant, "light");
  assert.equal(client.string("theme", ""), "d");
  assert.deepEqual(client.asked(), ["theme"]);
  client.on("changed", () => {
    throw new Error("a listener fails");
  });
  assert.throws(() => client.set({ theme: "light" }), /a listener fails/);
  await client.close();
  assert.equal(client.status().state, "closed");
  assert.equal(client.string("theme", ""), "l", "reads go on answering");
});

test("a state that names what is not there is an error of the test", () => {
  assert.throws(() => flags.client({ "checkout-v3": "on" }), /no flag `checkout-v3`.*checkout-v2, theme, limits/);
  assert.throws(() => flags.client({ theme: "pink" }), /`theme` has no variant `pink`; its variants are light, dark/);
  assert.throws(() => flags.client({ theme: "toString" }), /no variant/);
  assert.throws(() => flags.client().set({ theme: "pink" }), /no variant/);
});

test("every state, one after the other, as `downhaul states` prints them", async () => {
  const states = '[{"checkout-v2":"on","theme":"light"},{"checkout-v2":"off","theme":"dark"}]';
  const seen: string[] = [];
  await flags.forEachState(states, async (client, _state, name) => {
    await Promise.resolve();
    seen.push(`${name}: ${client.boolean("checkout-v2", false)} ${client.string("theme", "")}`);
  });
  assert.deepEqual(seen, ["checkout-v2=on theme=light: true l", "checkout-v2=off theme=dark: false d"]);
  // A state of a matrix is one object; what is done at once is done before the first wait.
  let ran = 0;
  const over = flags.forEachState('{"theme":"dark"}', () => void ran++);
  assert.equal(ran, 1);
  await over;
});

test("every state is run, and each that fails is named", async () => {
  const states: State[] = [{ theme: "light" }, { theme: "dark" }, { "checkout-v2": "on" }];
  let ran = 0;
  const failing = flags.forEachState(states, async (client) => {
    ran++;
    await Promise.resolve();
    if (client.details("theme", null).value === "l") throw new Error("light is not supported");
  });
  await assert.rejects(failing, (error: AggregateError) => {
    assert.match(error.message, /2 of 3 states fail:\n {2}with theme=light: light is not supported\n {2}with checkout-v2=on: /);
    return error.errors.length === 2;
  });
  assert.equal(ran, 3);
  await assert.rejects(flags.forEachState([{ theme: "dark" }], () => assert.fail("x")), /with theme=dark: x/);
  await assert.rejects(flags.forEachState([], () => undefined), /no states/);
  await assert.rejects(flags.forEachState("on", () => undefined), /not JSON/);
});

test("what the work gives is given, also where it is waited for", async () => {
  assert.equal(flags.withFlags({}, () => 7), 7);
  const late = flags.withFlags({}, async (client) => {
    await Promise.resolve();
    return client.status().state;
  });
  assert.equal(await late, "ready", "closed once the work is done");
  assert.equal(flagsOf([document, { flags: [{ key: "other", variants: { a: 1 }, default: "a" }] }]).client().number("other", 0), 1);
});
