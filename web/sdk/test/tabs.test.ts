import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { startClient } from "../src/client.js";
import { joinTabs } from "../src/tabs.js";
import type { Client } from "../src/types.js";
import { controlPlane, engine, flag } from "./control-plane.js";
import { fakeHost } from "./fake-host.js";

/** Web Locks as far as the client uses them: exclusive, first come first served. */
function fakeLocks() {
  const queues = new Map<string, Promise<unknown>>();
  return {
    request: async (name: string, { signal }: { signal: AbortSignal }, use: () => Promise<void>) => {
      const before = queues.get(name) ?? Promise.resolve();
      let done: () => void = () => undefined;
      queues.set(name, before.then(() => new Promise<void>((resolve) => (done = resolve))));
      await before;
      if (!signal.aborted) await use();
      done();
    },
  };
}
Object.defineProperty(globalThis, "navigator", { value: { locks: fakeLocks() }, configurable: true });

const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const dark = (tab: Client): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => void (tab.details("f", null).flagMetadata.cause === "kill" && resolve());
    tab.on("changed", look);
    look();
  });

test("two tabs share one stream; when the first closes, the other takes over", async () => {
  const server = await controlPlane([flag("f"), flag("g")]);
  closing.push(() => server.close());
  server.state.header.audience = { kind: "browser", attributes: {}, decided_for: null };
  const tab = (): Client => {
    const made = startClient({ key: "key", url: server.url, store: false, context: { targetingKey: "u" } }, { kind: "browser", engine: () => engine(), store: () => undefined });
    closing.push(() => made.close());
    return made;
  };
  const first = tab();
  await first.ready();
  const second = tab();
  await second.ready();
  assert.equal(second.boolean("f", false), true);
  assert.equal(second.status().transport, "tab");
  assert.equal(server.requests.filter((each) => each.endsWith("/stream")).length, 1);

  server.kill("f");
  await Promise.all([dark(first), dark(second)]);
  await server.until(() => new Set(server.acknowledged.filter(({ position }) => position.kill_revision === 1).map(({ instance }) => instance)).size === 2);

  const taken = server.until(() => server.requests.filter((each) => each.endsWith("/stream")).length === 2);
  await first.close();
  await taken;
  const changed = new Promise<void>((resolve) => second.on("changed", ({ keys }) => keys.includes("g") && resolve()));
  server.publish([flag("f"), flag("g", { default: "off" })]);
  await changed;
  assert.equal(second.boolean("g", true), false);
});

test("a tab whose leader is silent helps itself, until it hears something again", async () => {
  const host = fakeHost();
  const leads: string[] = [];
  const leader = joinTabs<string>(fakeHost(), "silent", (leading) => leads.push(`leader ${leading}`), () => undefined);
  const heard = new Promise<void>((resolve) => {
    const follower = joinTabs<string>(host, "silent", (leading) => leads.push(`follower ${leading}`), () => resolve());
    closing.push(() => follower.close());
  });
  closing.push(() => leader.close());
  await new Promise((resolve) => setImmediate(resolve));
  host.advance(31_000);
  assert.deepEqual(leads, ["leader true", "follower true"]);
  leader.post("alive");
  await heard;
  assert.deepEqual(leads, ["leader true", "follower true", "follower false"]);
});
