// A data change as an application sees it: what is read and written, what is counted, and what is refused.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, test } from "node:test";
import { startClient } from "../src/client.js";
import { migration, MigrationRefused, type MigrationOptions } from "../src/migration.js";
import { isPhase, PHASES, type Phase, type Shape } from "../src/phases.js";
import type { MigrationTally } from "../src/types.js";
import { controlPlane, engine, flag } from "./control-plane.js";

const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Row {
  readonly phase: Phase;
  readonly read: Shape;
  readonly compare: Shape | null;
  readonly write: readonly Shape[];
  readonly kill: Phase;
}
const vectors = process.env["DOWNHAUL_VECTORS"] ?? new URL("../../../../tests/vectors/evaluation/", import.meta.url).pathname;
const rows = JSON.parse(readFileSync(`${vectors}/../phases.json`, "utf8")) as Row[];

test("the table is that of the control plane", () => {
  assert.deepEqual(
    rows.map(({ phase, read, compare, write }) => [phase, { read, compare: compare ?? undefined, write }]),
    Object.entries(PHASES),
  );
  assert.ok(!isPhase("live") && !isPhase("toString"));
});

const variants = Object.fromEntries(rows.map(({ phase }) => [phase, phase]));
const at = (phase: Phase, more: object = {}): object =>
  flag("orders-v2", { kind: "migration", variants, default: phase, degraded: { variant: rows.find((row) => row.phase === phase)?.kill, meaning: "-" }, ...more });

/** A client at a phase, and a data change of two maps; `breaks` says which calls fail. */
async function started(phase: Phase, options: Partial<MigrationOptions> = {}) {
  const server = await controlPlane([at(phase)]);
  closing.push(() => server.close());
  const client = startClient({ key: "key", url: server.url, kind: "server", store: false }, { kind: "server", engine: () => engine(), store: () => undefined });
  closing.push(() => client.close());
  await client.ready();
  while (client.string<string>("orders-v2", "none") !== phase) await new Promise((resolve) => setImmediate(resolve));
  const orders = migration(client, "orders-v2", { fallback: "dual-write", ...options });
  const data = { old: "v1", new: "v1" };
  const done: string[] = [];
  const breaks = new Set<string>();
  const act = (what: "read" | "write", shape: Shape, value?: string) => async () => {
    done.push(`${what} ${shape}`);
    if (breaks.has(`${what} ${shape}`)) throw new Error(`no ${shape}`);
    if (value !== undefined) data[shape] = value;
    return data[shape];
  };
  const read = () => orders.read({ old: act("read", "old"), new: act("read", "new") });
  const write = (value: string) => orders.write({ old: act("write", "old", value), new: act("write", "new", value) });
  const counts = (of: Phase = phase) => orders.counts().find((each) => each.phase === of) as MigrationTally;
  const become = async (next: Phase, more: object = {}) => {
    server.publish([at(next, more)]);
    while (orders.answer().phase !== next) await new Promise((resolve) => setImmediate(resolve));
  };
  return { server, client, orders, data, done, breaks, read, write, counts, become };
}

for (const row of rows) {
  test(`${row.phase}: reads and writes as the table says`, async () => {
    const { orders, done, read, write, counts } = await started(row.phase);
    assert.deepEqual(orders.answer(), { phase: row.phase, read: row.read, compare: row.compare ?? undefined, write: row.write, confirmed: true });
    await write("v2");
    assert.deepEqual(done.splice(0), row.write.map((shape) => `write ${shape}`));
    assert.equal(await read(), "v2");
    await orders.settled();
    assert.deepEqual(done, [`read ${row.read}`, ...(row.compare ? [`read ${row.compare}`] : [])]);
    const { compared, mismatches, refused } = counts();
    assert.deepEqual([compared, mismatches, refused], [row.compare ? 1 : 0, 0, 0]);
    for (const shape of ["old", "new"] as const) {
      assert.equal(orders.mayWrite(shape), row.write.includes(shape));
    }
    assert.equal(counts().refused, 2 - row.write.length, "a closed gate is counted");
  });
}

test("answers that differ are counted, and the one that counts is given", async () => {
  const told: unknown[] = [];
  const { orders, data, read, counts, become } = await started("backfill", { onMismatch: (answers) => told.push(answers) });
  data.new = "other";
  assert.equal(await read(), "v1");
  await orders.settled();
  assert.deepEqual([counts().compared, counts().mismatches, told], [1, 1, [{ old: "v1", new: "other" }]]);
  await become("read-new");
  assert.equal(await read(), "other");
  await orders.settled();
  assert.deepEqual([counts("read-new").compared, counts("read-new").mismatches, counts("backfill").mismatches], [1, 1, 1]);
});

test("what is written between the two reads is no mismatch", async () => {
  const { orders, data, counts } = await started("backfill");
  let first = true;
  const fresh = async () => {
    // Someone writes both just now, after the old shape was read.
    if (first) [data.old, data.new, first] = ["v2", "v2", false];
    return data.new;
  };
  assert.equal(await orders.read({ old: async () => data.old, new: fresh }), "v1");
  await orders.settled();
  assert.deepEqual([counts().compared, counts().mismatches], [1, 0]);
});

test("as JSON answers are the same whatever the order, and what is no JSON is no pass", async () => {
  const cases: [unknown, unknown, number][] = [
    [{ a: 1, b: [2n] }, { b: [2n], a: 1 }, 0],
    [new Map([["a", 1]]), new Map([["a", 2]]), 1],
    [undefined, null, 0],
    [new Date(0), new Date(1), 1],
  ];
  const circle: { own?: unknown } = {};
  circle.own = circle;
  cases.push([circle, circle, 1]);
  const { orders, counts } = await started("backfill");
  let expected = 0;
  for (const [old, fresh, differ] of cases) {
    await orders.read({ old: () => old, new: () => fresh });
    await orders.settled();
    expected += differ;
    assert.equal(counts().mismatches, expected, `${String(old)} ${String(fresh)}`);
  }
  await orders.read<unknown>({ old: () => 1, new: () => 2, equal: () => true });
  await orders.settled();
  assert.equal(counts().mismatches, expected);
});

test("a comparison that fails is nobody's business but the count's", async () => {
  const { orders, read, breaks, counts } = await started("backfill");
  breaks.add("read new");
  assert.equal(await read(), "v1");
  await orders.settled();
  assert.deepEqual([counts().compared, counts().read_new.errors, counts().read_old.errors], [0, 1, 0]);
  breaks.clear();
  breaks.add("read old");
  await assert.rejects(read, /no old/);
  assert.equal(counts().read_old.errors, 1);
});

test("a share is compared, and not more at once than may be", async () => {
  const none = await started("backfill", { compareShare: 0 });
  await none.read();
  await none.orders.settled();
  assert.equal(none.counts().compared, 0);
  const few = await started("backfill", { comparing: 2 });
  const waiting: (() => void)[] = [];
  const slow = () => new Promise<string>((resolve) => waiting.push(() => resolve("v1")));
  for (let times = 0; times < 5; times++) await few.orders.read<string>({ old: () => "v1", new: slow });
  assert.equal(waiting.length, 2, "no request waits for a comparison");
  for (const go of waiting) go();
  await few.orders.settled();
  assert.equal(few.counts().compared, 2);
});

test("the first write counts: if it fails nothing else is written", async () => {
  const { write, data, done, breaks, counts, become } = await started("dual-write");
  breaks.add("write old");
  await assert.rejects(() => write("v2"), /no old/);
  assert.deepEqual([data, done.splice(0)], [{ old: "v1", new: "v1" }, ["write old"]]);
  await become("read-new");
  assert.equal(await write("v3"), "v3");
  assert.deepEqual([data, done], [{ old: "v1", new: "v3" }, ["write new", "write old"]]);
  assert.deepEqual([counts("dual-write").write_old.errors, counts("read-new").write_old.errors], [1, 1]);
});

test("a second write that fails is counted and told, and fails no request", async () => {
  const told: unknown[] = [];
  const { write, breaks, counts, orders } = await started("backfill", {
    onSecondWriteError: (cause, shape) => {
      told.push([(cause as Error).message, shape]);
      throw new Error("the queue is full");
    },
  });
  breaks.add("write new");
  assert.equal(await write("v2"), "v2");
  assert.deepEqual([counts().write_new.errors, told], [1, [["no new", "new"]]]);
  // Code that knows the old shape only leaves the new one without.
  assert.equal(await orders.write({ old: () => "v3" }), "v3");
  assert.deepEqual([counts().write_new.errors, counts().refused], [2, 0]);
});

test("code that knows the old shape only is stopped once that is left alone", async () => {
  const { orders, counts } = await started("stop-old-writes");
  let ran = 0;
  const old = () => void ran++;
  await assert.rejects(
    () => orders.write({ old }),
    (error: MigrationRefused) => error instanceof MigrationRefused && error.code === "migration-refused" && error.phase === "stop-old-writes" && error.shape === "new" && /put out code/.test(error.message),
  );
  await assert.rejects(() => orders.read({ old }), MigrationRefused);
  assert.deepEqual([ran, counts().refused], [0, 2]);
});

test("each request has its own context", async () => {
  const { client, orders, become } = await started("backfill");
  await become("backfill", { default: "backfill", rules: [{ when: [{ tenant: ["acme"] }], serve: "read-new" }] });
  while (orders.answer(client.evaluate({ tenant: "acme" })).phase !== "read-new") await new Promise((resolve) => setImmediate(resolve));
  assert.equal(orders.answer(client.evaluate({ tenant: "globex" })).phase, "backfill");
  assert.equal(await orders.read({ old: () => "old", new: () => "new" }, client.evaluate({ tenant: "acme" })), "new");
});

test("a kill takes a step back at once", async () => {
  const { server, orders } = await started("read-new");
  server.kill("orders-v2");
  while (orders.answer().phase !== "backfill") await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(orders.answer().write, ["old", "new"]);
});

test("without an answer it goes by the fallback, and says that nothing is confirmed", async () => {
  const server = await controlPlane([flag("other"), flag("orders-v1")]);
  closing.push(() => server.close());
  const client = startClient({ key: "key", url: server.url, kind: "server", store: false }, { kind: "server", engine: () => engine(), store: () => undefined });
  closing.push(() => client.close());
  const before = migration(client, "orders-v2", { fallback: "stop-old-writes" });
  assert.deepEqual(before.answer(), { phase: "stop-old-writes", ...PHASES["stop-old-writes"], confirmed: false });
  await client.ready();
  assert.deepEqual([before.answer().phase, before.answer().confirmed], ["stop-old-writes", false]);
  // A flag that is none.
  assert.equal(migration(client, "orders-v1", { fallback: "expand" }).answer().phase, "expand");
  assert.equal(migration(client, "orders-v2", { fallback: "expand" }), before, "one object a flag");
});

test("what was counted is told: that it is followed at once, and numbers only", async () => {
  const { server, client, data, read, write, orders } = await started("backfill");
  const last = () => server.acknowledged.at(-1) as unknown as { migrations?: MigrationTally[] };
  await server.until(() => last()?.migrations?.[0]?.flag === "orders-v2");
  assert.deepEqual([last().migrations?.length, last().migrations?.[0]?.fallback, last().migrations?.[0]?.compared], [1, "dual-write", 0]);
  data.new = "somebody@example.com";
  await read();
  await write("secret");
  await orders.settled();
  await client.close();
  await server.until(() => last().migrations?.[0]?.mismatches === 1);
  const [tally] = last().migrations as [MigrationTally];
  assert.deepEqual([tally.phase, tally.write_old.calls, tally.write_new.calls, tally.read_new.calls], ["backfill", 1, 1, 2]);
  assert.ok(Number.isInteger(tally.read_old.ms));
  assert.ok(!/somebody|secret/.test(JSON.stringify(server.acknowledged)));
});
