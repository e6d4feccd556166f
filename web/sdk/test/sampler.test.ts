// What leaves a client that is asked for samples, and what never does.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { afterEach, test } from "node:test";
import { startClient } from "../src/client.js";
import { sampled, type Sampling } from "../src/sampler.js";
import type { Context } from "../src/types.js";
import { controlPlane, engine, flag } from "./control-plane.js";
import { fakeHost } from "./fake-host.js";

const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const KEY = Buffer.from("0123456789abcdef");
const asked: Sampling = { attributes: ["tenant", "app.version", "beta", "seats"], hashed: ["account", "targetingKey"], key: KEY.toString("base64"), rate: 1, period_seconds: 3600 };
const hashOf = (name: string, unit: string): string => createHmac("sha256", KEY).update(`${name}\0${unit}`).digest("hex").slice(0, 32);

const CONTEXT: Context = { targetingKey: "user-4711", email: "maya@example.com", tenant: "acme", app: { version: "2.4.1", secret: "hush" }, beta: true, seats: 7, account: 815 };

test("only what is asked for leaves, and of units keyed hashes", async () => {
  assert.deepEqual(await sampled(asked, CONTEXT, "tab-1"), {
    attributes: { tenant: "acme", "app.version": "2.4.1", beta: true, seats: 7 },
    hashed: { targetingKey: hashOf("targetingKey", "user-4711"), account: hashOf("account", "815") },
  });
});

test("what is no unit and no scalar stays", async () => {
  const odd: Context = { targetingKey: "", tenant: ["acme"], app: { version: { major: 2 } }, beta: null, seats: Number.NaN, account: 1.5 };
  assert.deepEqual(await sampled(asked, odd, "tab-1"), { attributes: {}, hashed: {} });
  assert.deepEqual(await sampled(asked, { tenant: "x".repeat(129) }, "tab-1"), { attributes: {}, hashed: {} });
  // Not even where a control plane asks for it.
  assert.deepEqual(await sampled({ ...asked, attributes: ["targetingKey"], hashed: [] }, CONTEXT, "tab-1"), { attributes: {}, hashed: {} });
});

test("the rate takes part of the units, and each always or never", async () => {
  let taken = 0;
  for (let unit = 0; unit < 400; unit++) {
    const context = { targetingKey: `user-${unit}` };
    const one = await sampled({ ...asked, rate: 0.25 }, context, "tab-1");
    assert.deepEqual(one, await sampled({ ...asked, rate: 0.25 }, context, "tab-2"), "whatever the tab");
    if (one) taken++;
  }
  // 100 expected, with a standard deviation of 9; the key is fixed, so this never changes.
  assert.ok(taken > 65 && taken < 135, `${taken} of 400`);
  assert.equal(await sampled({ ...asked, rate: 0 }, CONTEXT, "tab-1"), undefined);
});

/** A client on clocks of the test, and the bodies that it sent. */
async function started(asks: Sampling | undefined, context: Context, sampler = async () => sampled) {
  const server = await controlPlane([flag("f")]);
  closing.push(() => server.close());
  const bodies: string[] = [];
  const recording: typeof fetch = (input, init) => {
    if (typeof init?.body === "string") bodies.push(init.body);
    return fetch(input, init);
  };
  const host = fakeHost(recording);
  server.state.sample = asks;
  const flags = startClient({ key: "key", url: server.url, kind: "server", store: false, context }, { kind: "server", engine: () => engine(), store: () => undefined, sampler, host });
  closing.push(() => flags.close());
  await server.until(() => server.open.size === 1);
  while (flags.boolean("f", false) !== true) await new Promise((resolve) => setImmediate(resolve));
  const heartbeats = () => server.acknowledged.filter((each) => each.applied_after_ms === undefined);
  /** The next heartbeat, of which there is one in each 15 s; gives what it tells of contexts. */
  const beat = async (): Promise<unknown> => {
    const before = heartbeats().length;
    host.advance(15_000);
    await server.until(() => heartbeats().length > before);
    return (heartbeats().at(-1) as { sample?: unknown }).sample;
  };
  return { server, flags, bodies, beat };
}

test("nothing is told unless the control plane asks", async () => {
  const { bodies, beat } = await started(undefined, CONTEXT);
  for (let times = 0; times < 3; times++) assert.equal(await beat(), undefined);
  assert.ok(bodies.length >= 3);
  for (const body of bodies) for (const secret of ["user-4711", "maya@", "acme", "2.4.1", "hush", ":815"]) assert.ok(!body.includes(secret), body);
});

test("asked, a heartbeat tells one context a period, and nothing else of it leaves", async () => {
  const { server, flags, bodies, beat } = await started({ ...asked, period_seconds: 30 }, CONTEXT);
  assert.deepEqual(await beat(), await sampled(asked, CONTEXT, "any"));
  assert.equal(await beat(), undefined, "not within the period");
  // A server decides for others: the last one of them.
  flags.evaluate({ targetingKey: "user-9000", tenant: "globex" }).boolean("f", false);
  assert.deepEqual(await beat(), await sampled(asked, { targetingKey: "user-9000", tenant: "globex" }, "any"));
  for (const body of bodies) for (const secret of ["user-4711", "user-9000", "maya@", "hush", "email", ":815"]) assert.ok(!body.includes(secret), body);

  // The policy was changed: no more.
  server.state.sample = undefined;
  server.broadcast("sample", "null");
  // Once it has what comes after it.
  server.publish([flag("f", { default: "off" })]);
  while (flags.boolean("f", true)) await new Promise((resolve) => setImmediate(resolve));
  for (let times = 0; times < 3; times++) assert.equal(await beat(), undefined);
});

test("a sampler that fails harms nothing", async () => {
  const broken = async () => Promise.reject(new Error("no such chunk"));
  const { flags, beat } = await started(asked, CONTEXT, broken as never);
  assert.equal(await beat(), undefined);
  assert.deepEqual(flags.status().problems, []);
  const malformed = await started({ key: 7 } as never, CONTEXT);
  assert.equal(await malformed.beat(), undefined);
  assert.deepEqual(malformed.flags.status().problems, []);
});

test("who polls is asked by a header", async () => {
  const server = await controlPlane([flag("f")]);
  closing.push(() => server.close());
  server.state.sample = asked;
  const flags = startClient({ key: "key", url: server.url, kind: "server", store: false, transport: "manual", context: CONTEXT }, { kind: "server", engine: () => engine(), store: () => undefined, sampler: async () => sampled });
  closing.push(() => flags.close());
  // The first request brings the flag set, and acknowledges it at once.
  await flags.refresh();
  await flags.refresh();
  assert.deepEqual((server.acknowledged.at(-1) as { sample?: unknown }).sample, await sampled(asked, CONTEXT, "any"));
});
