// Guarded calls: over the real engine and a control plane, in virtual time, on a server and in what a page has of storage.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { startClient } from "../src/client.js";
import { GuardTimeout } from "../src/guard/errors.js";
import { guarded, guards, type GuardsOptions } from "../src/guard/guards.js";
import type { MarkStore } from "../src/guard/marks.js";
import type { Breakers } from "../src/guard/settings.js";
import type { Client, Kind } from "../src/types.js";
import { controlPlane, engine, flag } from "./control-plane.js";

const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const declared = (more: object = {}): Breakers => ({ f: { fallback: "off", of: "d1", ...more } });

interface World {
  readonly client: Client;
  readonly server: Awaited<ReturnType<typeof controlPlane>>;
  readonly options: GuardsOptions;
  pass(ms: number): void;
}

async function world({ breakers = declared(), kind = "server", flags = [flag("f"), flag("g")] as object[], more = {} as GuardsOptions, early = false } = {}): Promise<World> {
  const server = await controlPlane(flags);
  closing.push(() => server.close());
  server.state.header = { ...server.state.header, breakers, ...(kind === "browser" ? { audience: { kind: "browser" as Kind, attributes: {}, decided_for: null } } : {}) };
  const client = startClient({ key: "key", url: server.url, kind: kind as Kind, store: false, shareAcrossTabs: false, context: { targetingKey: "own" } }, { kind: kind as Kind, engine: () => engine(), store: () => undefined });
  closing.push(() => client.close());
  let now = 0;
  const timers: { at: number; callback: () => void }[] = [];
  const options: GuardsOptions = {
    form: "server",
    now: () => now,
    wall: () => now + 1e12,
    random: () => 0.5,
    setTimer: (callback, ms) => timers.push({ at: now + ms, callback }),
    clearTimer: () => undefined,
    ...more,
  };
  if (early) guards(client, options);
  await client.ready();
  return {
    client,
    server,
    options,
    pass: (ms) => {
      now += ms;
      for (const timer of timers.splice(0)) {
        if (timer.at <= now) timer.callback();
        else timers.push(timer);
      }
    },
  };
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const states = (client: Client): string[] => guards(client).breakers().map(({ flag: of, variant, state }) => `${of}=${variant} ${state}`);

test("after five failures the fallback, for guarded calls and for every other read, with the cause; then back by shares", async () => {
  const { client, options, pass } = await world();
  let broken = true;
  let tried = 0;
  const guard = guarded(client, options).guard;
  const call = guard("f", (what: string) => {
    tried++;
    if (broken) throw new Error("broken");
    return `new ${what}`;
  }, { fallback: (what) => `old ${what}`, idempotent: true });
  const changed: string[] = [];
  client.on("changed", ({ kind, keys }) => changed.push(`${kind} ${keys}`));
  for (let each = 0; each < 8; each++) assert.equal(call("x"), "old x");
  assert.equal(tried, 5);
  await tick();
  const details = client.details("f", false);
  assert.deepEqual([details.value, details.reason, details.flagMetadata.cause], [false, "DISABLED", "breaker"]);
  assert.equal(client.boolean("g", false), true, "others go on");
  assert.deepEqual(changed, ["breaker f"]);
  assert.equal(client.evaluate({ targetingKey: "anybody" }).boolean("f", true), false);

  // Healed: units try again, the others do not, and nobody goes to and fro.
  broken = false;
  pass(5000);
  const decided = (key: string) => client.evaluate({ targetingKey: key }).boolean("f", false);
  const unit = guard("f", (_: string) => "new", { fallback: () => "old", idempotent: true, decided: (key) => client.evaluate({ targetingKey: key }) });
  const units = Array.from({ length: 3000 }, (_, index) => `u${index}`);
  for (const share of [0.01, 0.1, 0.5]) {
    const trying = units.filter((key) => unit(key) === "new");
    assert.ok(Math.abs(trying.length / units.length - share) < 0.03, `${share}: ${trying.length}`);
    assert.deepEqual(units.filter(decided), trying);
    pass(20_000);
    unit("u0");
  }
  assert.deepEqual(states(client), ["f=on closed"]);
  assert.equal(call("x"), "old x", "not within the same turn: the table says so yet");
  await tick();
  assert.equal(call("x"), "new x");
});

test("on Node's own clock calls that are well are counted together: all of them, and before what fails after them", async () => {
  const { client, options } = await world({ breakers: declared({ consecutive: 1000 }) });
  const { now: _, ...own } = options;
  const { guard, take } = guards(client, own);
  let broken = false;
  const call = guard("f", async (n: number) => {
    if (broken) throw new Error("broken");
    return n;
  }, { fallback: async () => -1 });
  const plain = guard("f", (n: number) => n, { fallback: () => -1 });
  for (let each = 0; each < 100; each++) assert.equal(await call(each) + plain(each), 2 * each);
  broken = true;
  // 190 of 390 are not half of them; without those that were well, all would have failed.
  for (let each = 0; each < 190; each++) await assert.rejects(call(each), /broken/);
  assert.deepEqual(states(client), ["f=on closed"]);
  broken = false;
  for (let each = 0; each < 5; each++) await call(each);
  const [tally] = take();
  assert.deepEqual([tally?.ok, tally?.failed], [205, 190]);
  broken = true;
  for (let each = 0; each < 20; each++) await call(each).catch(() => undefined);
  assert.deepEqual(states(client), ["f=on open"], "210 of 415 are");
  assert.equal(await call(1), -1);
});

test("a guarded function and its fallback are given what it is called with, and no more", async () => {
  for (const args of [[], [1], [1, undefined], [1, 2, 3], [1, 2, 3, 4, 5]]) {
    const { client, options } = await world();
    const { guard } = guards(client, options);
    let fails = false;
    const path = (...given: unknown[]): unknown => {
      if (fails) throw new Error("broken");
      return given;
    };
    const call = guard("f", path, { fallback: (...given) => ["instead", ...given], idempotent: true });
    const promised = guard("g", async (...given) => path(...given), { fallback: async (...given) => ["instead", ...given], idempotent: true });
    // The first calls find out what it leads to; the others go as almost all do.
    for (let round = 0; round < 3; round++) assert.deepEqual([call(...args), await promised(...args)], [args, args]);
    fails = true;
    assert.deepEqual([call(...args), await promised(...args)], [["instead", ...args], ["instead", ...args]]);
  }
});

test("decisions that were made before a breaker moved let nobody through", async () => {
  const { client, options, pass } = await world();
  const { guard } = guards(client, options);
  const early = client.evaluate({ targetingKey: "u" });
  let tried = 0;
  const call = guard("f", () => {
    tried++;
    throw new Error("broken");
  }, { fallback: () => "old", idempotent: true, decided: () => early });
  for (let each = 0; each < 50; each++) {
    assert.equal(call(), "old");
    pass(1000);
  }
  assert.equal(tried, 5);
});

test("promises: rejected, late, cancelled, and back after a change of state", async () => {
  const { client, options, pass } = await world({ breakers: declared({ timeout_ms: 100 }) });
  const { guard, breakers, take } = guards(client, options);
  const outcomes: (() => void)[] = [];
  const hanging = guard("f", (): Promise<string> => new Promise((resolve) => outcomes.push(() => resolve("too late"))), { fallback: async () => "old", idempotent: true });
  for (let each = 0; each < 4; each++) {
    const late = hanging();
    pass(101);
    assert.equal(await late, "old");
  }
  const rejecting = guard("f", () => Promise.reject(new Error("no")), { fallback: () => Promise.resolve("old") });
  await assert.rejects(rejecting() as Promise<string>, /no/, "not idempotent: the caller is told");
  assert.equal(breakers()[0]?.state, "open");
  outcomes.forEach((finish) => finish());
  await tick();
  assert.equal(breakers()[0]?.state, "open");
  const [tally] = take();
  assert.deepEqual([tally?.timed_out, tally?.failed, tally?.ok, tally?.moves], [4, 1, 0, [{ from: "closed", to: "open", cause: "consecutive", count: 1 }]]);
  pass(1e7);
  assert.equal(await hanging(), "old", "one guard of the flag must not be done twice: nothing is tried again by itself");
});

test("an error of the caller's own counts for nothing, and is the caller's", async () => {
  const { client, options } = await world();
  const { guard, take, breakers } = guards(client, options);
  const causes = [Object.assign(new Error("gone"), { status: 404 }), Object.assign(new Error("x"), { name: "AbortError" }), { response: { status: 400 } }, Object.assign(new Error("f"), { statusCode: 422 })];
  const call = guard("f", (cause: unknown) => {
    throw cause;
  }, { fallback: () => "old", idempotent: true });
  for (let round = 0; round < 5; round++) for (const cause of causes) assert.throws(() => call(cause), (thrown) => thrown === cause);
  assert.deepEqual([take()[0]?.ignored, breakers()[0]?.state], [20, "closed"]);
  for (const status of [408, 429, 500, 503]) call({ status });
  assert.equal(take()[0]?.failed, 4);
  const strict = guard("f", () => {
    throw { status: 404 };
  }, { fallback: () => "old", idempotent: true, ignores: () => false });
  strict();
  assert.equal(breakers()[0]?.state, "open");
});

test("without a breaker in the document it is only observed; one that observes neither", async () => {
  for (const breakers of [{}, declared({ mode: "observe" })]) {
    const { client, options } = await world({ breakers: breakers as Breakers });
    const { guard, take } = guards(client, options);
    let tried = 0;
    const call = guard("f", () => {
      tried++;
      throw new Error("broken");
    }, { fallback: () => "old", idempotent: true });
    for (let each = 0; each < 20; each++) assert.equal(call(), "old");
    assert.equal(tried, 20);
    await tick();
    assert.equal(client.boolean("f", false), true);
    assert.deepEqual(take()[0]?.moves, [{ from: "observing", to: "observing", cause: "consecutive", count: 4 }]);
  }
});

test("a kill forces it, a restore closes it, and a new definition forgets what was", async () => {
  const { client, server, options } = await world();
  const { guard, breakers, disable } = guards(client, options);
  const call = guard("f", (fails: boolean) => {
    if (fails) throw new Error("broken");
    return "new";
  }, { fallback: () => "old" });
  assert.equal(call(false), "new");
  const after = (event: () => void): Promise<unknown> => {
    const changed = new Promise((resolve) => client.on("changed", resolve));
    event();
    return changed;
  };
  await after(() => server.kill("f"));
  assert.equal(breakers()[0]?.state, "forced-open");
  assert.equal(call(false), "old");
  await after(() => server.restore("f"));
  assert.deepEqual([breakers()[0]?.state, breakers()[0]?.cause], ["closed", "restore"]);
  for (let each = 0; each < 5; each++) assert.throws(() => call(true));
  await tick();
  assert.equal(call(false), "old");
  await after(() => server.publish([flag("f"), flag("g")], { breakers: declared({}) && { f: { fallback: "off", of: "d2" } } }));
  assert.deepEqual([breakers()[0]?.state, breakers()[0]?.cause, breakers()[0]?.of], ["closed", "changed", "d2"]);
  await tick();
  assert.equal(call(false), "new");
  disable("f");
  for (let each = 0; each < 9; each++) assert.throws(() => call(true));
  assert.equal(breakers()[0]?.state, "disabled");
});

test("of several variants only the broken one is turned away, and whoever requires the flag sees it", async () => {
  const split = { rules: [{ when: [{ attribute: "side", op: "in", values: ["a"] }], serve: "a" }], variants: { a: "a", b: "b", off: "off" }, default: "b" };
  const flags = [flag("f", split), flag("needs", { requires: [{ flag: "f", variants: ["a", "b"] }] })];
  const { client, options } = await world({ flags });
  const { guard } = guards(client, options);
  const call = guard("f", (side: string) => {
    if (side === "a") throw new Error("broken");
    return side;
  }, { fallback: () => "off", idempotent: true, decided: (side) => client.evaluate({ targetingKey: "u", side }) });
  for (let each = 0; each < 6; each++) assert.equal(call("a"), "off");
  assert.equal(call("b"), "b");
  const of = (side: string) => client.evaluate({ targetingKey: "u", side });
  assert.deepEqual(["a", "b"].map((side) => [of(side).string("f", "?"), of(side).boolean("needs", false)]), [["off", false], ["b", true]]);
  assert.equal(of("a").details("needs", false).reason, "PREREQUISITE_FAILED");
});

test("guarded calls are outcomes of their flag, ok or failed", async () => {
  const { client, server, options } = await world();
  const { guard } = guards(client, options);
  const call = guard("f", (fails: boolean) => {
    if (fails) throw new Error("broken");
    return 1;
  }, { fallback: () => 0, idempotent: true });
  for (const fails of [false, false, true]) call(fails);
  await client.close();
  await server.until(() => server.acknowledged.at(-1)?.state === "closing");
  assert.deepEqual(server.acknowledged.flatMap(({ outcomes }) => outcomes ?? []).flatMap(({ counts }) => counts), [{ flag: "f", variant: "on", ok: 2, failed: 1 }]);
});

test("which calls are guarded: by variant, by value, and none where the flag is not there", async () => {
  const { client, options } = await world({ flags: [flag("f", { default: "off" }), flag("g", { variants: { x: 1, y: 2, off: 0 }, default: "y" })] });
  const { guard } = guards(client, options);
  const of = (key: string, variant?: string): string => guard(key, () => "new", { fallback: () => "old", ...(variant === undefined ? {} : { variant }) })();
  assert.deepEqual([of("f"), of("f", "off"), of("g"), of("g", "y"), of("g", "x"), of("missing")], ["old", "new", "new", "new", "old", "old"]);
});

/** What a page has: storage that outlives it. */
function storage() {
  const kept = new Map<string, string>();
  const store: MarkStore = { get: (key) => kept.get(key), set: (key, value) => void kept.set(key, value), delete: (key) => void kept.delete(key), keys: () => [...kept.keys()] };
  return { kept, store };
}
const page = (store: MarkStore, tab = "t1"): GuardsOptions => ({ form: "page", marks: store, tab });

test("in a page the second failure is enough, for other tabs and the next visit as well, until the flag is another one", async () => {
  const { store } = storage();
  const first = await world({ kind: "browser", more: page(store) });
  const other = await world({ kind: "browser", more: page(store, "t2") });
  const failing = (client: Client, options: GuardsOptions) => guards(client, options).guard("f", () => {
    throw new Error("broken");
  }, { fallback: () => "old", idempotent: true });
  const call = failing(first.client, first.options);
  const there = guards(other.client, other.options).guard("f", () => "new", { fallback: () => "old" });
  assert.equal(there(), "new");
  call();
  assert.equal(there(), "new");
  call();
  first.pass(10_000);
  other.pass(10_000);
  assert.deepEqual(states(first.client), ["f=on open"]);
  guards(other.client).shared();
  assert.equal(there(), "old");
  const visit = async (breakers: Breakers, at: number): Promise<boolean> => {
    const next = await world({ kind: "browser", breakers, more: { ...page(store, "t3"), wall: () => 1e12 + at } });
    guards(next.client, next.options).guard("f", () => "new", { fallback: () => "old" });
    guards(next.client).shared();
    await tick();
    return next.client.boolean("f", false);
  };
  assert.equal(await visit(declared(), 3_600_000), false, "an hour later");
  assert.equal(await visit({ f: { fallback: "off", of: "d2" } }, 3_600_000), true, "another definition");
  assert.equal(await visit(declared(), 25 * 3_600_000), true, "the next day");
  assert.equal(await visit(declared(), -1e9), false, "a clock that was set back is no way out");
});

test("a start that did not come through twice: dark before anything runs, in every tab", async () => {
  const { store, kept } = storage();
  let ran = 0;
  const start = async (tab = "t1") => {
    const made = await world({ kind: "browser", more: page(store, tab), early: tab === "t1" });
    const call = guards(made.client, made.options).guard("f", () => {
      ran++;
      return "new";
    }, { fallback: () => "old" });
    return { ...made, call };
  };
  // Crashed: nothing of it is heard again.
  for (let crash = 0; crash < 2; crash++) assert.equal((await start()).call(), "new");
  for (const tab of ["t1", "t2"]) {
    const { client, call } = await start(tab);
    if (tab === "t2") await tick();
    assert.deepEqual([client.boolean("f", true), client.details("f", true).flagMetadata.cause], [false, "crash-loop"]);
    assert.equal(call(), "old");
  }
  assert.equal(ran, 2);
  kept.clear();
  const { call, pass } = await start();
  call();
  pass(10_000);
  assert.equal(kept.size, 0, "came through");
  await start("t2").then((each) => each.call());
  assert.equal((await start("t3")).call(), "new", "a tab that is starting has not crashed");
});

test("storage that is full, forbidden or full of nonsense does no harm", async () => {
  const throwing = (): never => {
    throw new Error("denied");
  };
  for (const store of [
    { get: throwing, set: throwing, delete: throwing, keys: throwing },
    { ...storage().store, set: throwing },
    ...["", "null", "7", "[]", "{", '{"at":"x","failures":{"on":"many"},"boots":[null,{"at":1}],"crashes":"NaN"}', '{"boots":7,"failures":null}'].map((text) => ({ ...storage().store, get: () => text, keys: () => ["downhaul.breaker/f"] })),
  ]) {
    const { client, options } = await world({ kind: "browser", more: page(store as MarkStore) });
    const call = guards(client, options).guard("f", () => "new", { fallback: () => "old" });
    assert.equal(call(), "new");
  }
});

test("nothing that is handed in makes a read throw", async () => {
  const { client, options } = await world();
  const { guard } = guards(client, options);
  assert.equal(guards(client), guards(client, options));
  assert.equal(guard(undefined as unknown as string, () => 1, { fallback: () => 0 })(), 0);
  assert.equal(guard("__proto__", () => 1, { fallback: () => 0 })(), 0);
  assert.equal(guard("f", () => 1, { fallback: () => 0, decided: () => null as never })(), 0);
  assert.ok(new GuardTimeout("f", 5).message.includes("`f`"));
});
