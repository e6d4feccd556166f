// What clients tell of the use of flags: what it holds, that it leaves once, in bounded memory, and never in anybody's way.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { startClient } from "../src/client.js";
import { guards } from "../src/guard/guards.js";
import { telemetry } from "../src/telemetry/telemetry.js";
import { Buckets } from "../src/telemetry/buckets.js";
import type { Context, Kind, Options } from "../src/types.js";
import { controlPlane, engine, flag } from "./control-plane.js";
import { fakeHost } from "./fake-host.js";

const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function world({ kind = "server" as Kind, random = 0.5, options = {} as Partial<Options>, guardsFirst = false } = {}) {
  const server = await controlPlane([flag("f"), flag("g")]);
  closing.push(() => server.close());
  server.state.header = { ...server.state.header, breakers: { f: { fallback: "off", of: "d1" } }, audience: { kind, attributes: {}, decided_for: null } };
  const host = { ...fakeHost(), random: () => random };
  const client = startClient(
    { key: "key", url: server.url, kind, store: false, transport: "manual", release: "shop 1", context: { targetingKey: "somebody@example.com" }, ...options },
    { kind, engine: () => engine(), store: () => undefined, host },
  );
  closing.push(() => client.close());
  await client.refresh();
  if (guardsFirst) guards(client, { now: host.now, random: host.random });
  const told = telemetry(client);
  return { client, server, host, told, last: () => server.told.at(-1)?.batch };
}

test("exposures by variant, reason and cause; once for each decision of a server, once a minute in a page", async () => {
  for (const [kind, counts] of [["server", [1, 3]], ["browser", [1, 1]]] as const) {
    const { client, server, told, last } = await world({ kind });
    for (let read = 0; read < 9; read++) client.boolean("f", false);
    for (const targetingKey of ["a", "b", "c"]) {
      const mine = client.evaluate({ targetingKey });
      for (let read = 0; read < 9; read++) mine.boolean("g", false);
    }
    client.boolean("missing", false);
    await told.flush();
    assert.deepEqual(last()?.buckets[0]?.exposures, [{ flag: "f", variant: "on", reason: "STATIC", count: counts[0] }, { flag: "g", variant: "on", reason: "STATIC", count: counts[1], ...(kind === "server" ? { units: 3 } : {}) }], kind);
    server.kill("f");
    await client.refresh();
    client.boolean("f", false);
    await told.flush();
    assert.deepEqual(last()?.buckets[0]?.exposures, [{ flag: "f", variant: "off", reason: "DISABLED", cause: "kill", count: 1 }]);
    assert.ok(!JSON.stringify(server.told).includes("somebody"), "nothing of anybody");
    assert.deepEqual(server.told.map(({ packed, batch }) => [packed, batch.batch]), [[true, 1], [true, 2]]);
  }
});

test("a unit is told once by a server for each flag, by a page never, and nothing of who it is", async () => {
  const { client, told, last, server } = await world();
  const exposed = () => (last()?.buckets[0]?.exposures ?? []) as readonly { flag: string; units?: number }[];
  const read = (targetingKey: unknown, key: string) => client.evaluate({ targetingKey } as Context).boolean(key, false);
  for (const key of ["somebody", "somebody", "anybody", 7, 7, "", undefined, null, 1.5]) read(key, "g");
  await told.flush();
  assert.deepEqual(last()?.buckets[0]?.exposures, [{ flag: "g", variant: "on", reason: "STATIC", count: 9, units: 3 }]);
  for (const key of ["somebody", "nobody"]) read(key, "g"), read(key, "f");
  await told.flush();
  assert.deepEqual(exposed().map(({ flag, units }) => [flag, units]), [["g", 1], ["f", 2]]);
  for (let user = 0; user < 60_000; user++) read(`u${user}`, "g");
  await told.flush();
  const units = exposed()[0]?.units ?? 0;
  assert.ok(units < 50_000 && units > 49_000, `${units}: memory is bounded`);
  assert.ok(!JSON.stringify(server.told).includes("body"), "nothing of anybody");
});

test("outcomes by name and under a flag, timed work, and what is no name", async () => {
  const { told, last, host, client } = await world();
  told.outcome("checkout.error");
  told.outcome("checkout.error", { failed: true });
  told.outcome("paid", { flag: "f", decided: client.evaluate({}) });
  for (const strange of ["", "1x", "a b", "ä", "x".repeat(65), undefined, {}, "__proto__"]) told.outcome(strange as string);
  assert.equal(told.timed("work", () => (host.advance(16), 7), { flag: "f" }), 7);
  const failure = new Error("no");
  assert.throws(() => told.timed("work", () => { throw failure; }, { flag: "f" }), failure);
  const slow = told.timed("later", async () => "done");
  host.advance(1000);
  assert.equal(await slow, "done");
  await assert.rejects(told.timed("later", () => Promise.reject(failure)), failure);
  await told.flush();
  const { outcomes, from_ms, to_ms } = last()?.buckets[0] ?? { outcomes: [], from_ms: 0, to_ms: 0 };
  assert.deepEqual(outcomes, [
    { name: "checkout.error", count: 2, failed: 1 },
    { name: "paid", flag: "f", variant: "on", count: 1, failed: 0 },
    { name: "work", flag: "f", variant: "on", count: 2, failed: 1, latency: { count: 2, sum_ms: 16, buckets: [[1, 1], [95, 1]] } },
    { name: "later", count: 2, failed: 1, latency: { count: 2, sum_ms: 1000, buckets: [[1, 1], [143, 1]] } },
  ]);
  assert.deepEqual([from_ms, to_ms, last()?.left_out], [1016, 0, 8]);
});

test("who is let through by a half-open breaker still is where telemetry counts, made before or after", async () => {
  for (const guardsFirst of [true, false]) {
    const { client, host } = await world({ guardsFirst });
    const made = guards(client, { now: host.now, random: host.random });
    let broken = true;
    const call = made.guard("f", (_: string) => {
      if (broken) throw new Error("broken");
      return "new";
    }, { fallback: () => "old", idempotent: true, decided: (key) => client.evaluate({ targetingKey: key }) });
    for (let each = 0; each < 5; each++) call("u");
    broken = false;
    host.advance(5000);
    const trying = Array.from({ length: 2000 }, (_, index) => call(`u${index}`)).filter((answer) => answer === "new").length;
    assert.ok(trying > 5 && trying < 50, `${trying}`);
  }
});

test("guards and breakers go along", async () => {
  const { client, told, last, host } = await world();
  const call = guards(client, { now: host.now, random: host.random }).guard("f", () => {
    throw new Error("broken");
  }, { fallback: () => "old", idempotent: true });
  for (let each = 0; each < 7; each++) call();
  host.advance(1000);
  await told.flush();
  assert.deepEqual(last()?.buckets[0]?.guards, [
    { flag: "f", variant: "on", ok: 0, failed: 5, timed_out: 0, slow: 0, ignored: 0, degraded: 2, probes_ok: 0, probes_failed: 0, moves: [{ from: "closed", to: "open", cause: "consecutive", count: 1 }], open_ms: 1000, to_open_ms: 0, latency: { count: 5, sum_ms: 0, buckets: [[1, 5]] } },
  ]);
  assert.deepEqual(last()?.breakers, [{ flag: "f", variant: "on", state: "open", cause: "consecutive", attempt: 1, since_ms: 1000, of: "d1" }]);
});

test("a batch is sent again as it was until it is answered; what is refused for good is let go", async () => {
  const { told, server, host } = await world();
  const send = async (answer: typeof server.state.telemetry): Promise<string> => {
    server.state.telemetry = answer;
    told.outcome("x");
    const before = server.told.length;
    const all = await told.flush();
    return `${all} ${server.told.slice(before).map(({ batch }) => `${batch.batch}:${batch.buckets.map(({ from_ms, outcomes }) => `${outcomes[0]?.count}@${from_ms}`)}`)}`;
  };
  const answer = (status: number, retryAfter?: string) => ({ status, body: {}, retryAfter });
  assert.equal(await send("breaks"), "false 1:1@0");
  host.advance(500);
  assert.equal(await send("breaks"), "false 1:1@500");
  assert.equal(await send(answer(200)), "true 1:1@500,2:1@0,1@0");
  assert.equal(await send(answer(503, "30")), "false 3:1@0");
  assert.equal(await send(answer(200)), "false ", "not before it may");
  host.advance(40_000);
  assert.equal(await send(answer(200)), "true 3:1@40000,4:1@40000,1@0");
  assert.equal(await send(answer(422)), "true 5:1@0");
  assert.equal(await send(answer(404)), "false 6:1@0");
  host.advance(1_800_000);
  assert.equal(await send(answer(200)), "false ");
  host.advance(1_800_000);
  assert.match(await send(answer(200)), /^true 7:/);
  assert.equal(await send(answer(401)), "false 8:1@0");
  host.advance(1e9);
  assert.equal(await send(answer(200)), "false ", "a key that is refused");
});

test("who tells is decided by the answer, in browsers only, and stays the same", async () => {
  for (const [kind, random, tells] of [["browser", 0.5, false], ["browser", 0.2, true], ["server", 0.5, true], ["edge", 0.9, true]] as const) {
    const { told, server } = await world({ kind, random });
    server.state.telemetry = { status: 200, body: { share: 0.3, period_seconds: 30 }, retryAfter: undefined };
    told.outcome("x");
    assert.equal(await told.flush(), true);
    told.outcome("x");
    assert.equal(await told.flush(), tells, `${kind} ${random}`);
    assert.equal(server.told.length, tells ? 2 : 1);
    if (tells) assert.equal(server.told[1]?.batch.share, kind === "browser" ? 0.3 : 1);
  }
});

test("every minute by itself, and at the end without waiting", async () => {
  const { told, server, host } = await world({ options: { transport: "poll" } });
  told.outcome("x");
  host.advance(30_000);
  await server.until(() => server.told.length === 1);
  told.outcome("y");
  await told.close();
  assert.equal(server.told.at(-1)?.batch.buckets.at(-1)?.outcomes[0]?.name, "y");
  assert.equal(server.told.at(-1)?.packed, false);
});

test("memory is bounded, and what did not fit is told", () => {
  const buckets = new Buckets();
  for (let minute = 0; minute < 40; minute++) {
    for (let each = 0; each < 500; each++) {
      buckets.expose({ flag: `f${each}`, variant: "on", reason: "STATIC", cause: undefined }, false, minute * 60_000);
      buckets.happen(`n${each}`, undefined, false, each, minute * 60_000);
    }
  }
  buckets.seal([], 40 * 60_000);
  const all = buckets.take(1e9);
  assert.deepEqual([all.length, all[0]?.exposures.length, all[0]?.outcomes.length], [16, 256, 64]);
  assert.equal(buckets.leftOut, 40 * 1000 - 16 * (256 + 64));
  for (const { from, to } of all) assert.ok(to - from <= 60_000);
});
