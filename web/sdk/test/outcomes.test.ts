// How what flags decide of went: counted under the variant that was decided, told until it has arrived, and never twice as new.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { startClient } from "../src/client.js";
import { outcomes } from "../src/outcomes.js";
import type { Client, OutcomeReport, OutcomeReporter } from "../src/types.js";
import { controlPlane, engine, flag } from "./control-plane.js";

const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** What counts without a client: every flag gives `on` but `none`. */
function counting() {
  let reporter: OutcomeReporter | undefined;
  let at = 0;
  const client = {
    details: (key: string) => (key === "none" ? {} : { variant: "on" }),
    report: (next: OutcomeReporter) => (reporter = next),
  } as unknown as Client;
  const made = outcomes(client, { now: () => at });
  assert.equal(outcomes(client), made);
  return { ...made, pending: () => reporter!.pending(), arrived: (told: readonly OutcomeReport[]) => reporter!.arrived(told), pass: (ms: number) => (at += ms) };
}

const short = (reports: readonly OutcomeReport[]): string[] =>
  reports.map(({ sequence, from_ms, to_ms, counts }) => `${sequence} ${from_ms}-${to_ms} ${counts.map(({ flag, variant, ok, failed }) => `${flag}=${variant} ${ok}/${failed}`).join(" ")}`);

test("what has not arrived is told again as it was, and what is new beside it", () => {
  const counter = counting();
  assert.deepEqual(counter.pending(), []);
  counter.outcome("f", true);
  counter.pass(400);
  counter.outcome("f", false);
  counter.outcome("none", true);
  counter.pass(100);
  const first = counter.pending();
  assert.deepEqual(short(first), ["1 500-100 f=on 1/1"]);
  counter.outcome("f", true);
  counter.outcome("g", true, "blue");
  counter.pass(1000);
  const both = counter.pending();
  assert.deepEqual(short(both), ["1 1500-1100 f=on 1/1", "2 1000-1000 f=on 1/0 g=blue 1/0"]);
  counter.arrived(first);
  assert.deepEqual(short(counter.pending()), ["2 1000-1000 f=on 1/0 g=blue 1/0"]);
  counter.arrived(first);
  counter.arrived(both);
  assert.deepEqual(counter.pending(), []);
  counter.outcome("f", true);
  assert.deepEqual(short(counter.pending()), ["3 0-0 f=on 1/0"]);
});

test("while nothing arrives it is merged, in bounded memory", () => {
  const counter = counting();
  for (let beat = 0; beat < 50; beat++) {
    counter.outcome("f", true);
    counter.pending();
  }
  const told = counter.pending();
  assert.deepEqual(short(told).map((text) => text.slice(0, 1)), ["1", "2", "3", "4"]);
  counter.arrived(told);
  assert.deepEqual(short(counter.pending()), ["5 0-0 f=on 46/0"]);
  for (let each = 0; each < 1000; each++) counter.outcome(`f${each}`, true);
  const lots = counter.pending();
  assert.equal(lots.reduce((sum, { counts }) => sum + counts.length, 0), 64);
  counter.arrived(lots);
  let kept = 64;
  for (let more = counter.pending(); more.length > 0; more = counter.pending()) {
    kept += more.reduce((sum, { counts }) => sum + counts.length, 0);
    counter.arrived(more);
  }
  assert.equal(kept, 257, "256 at a time, and the one that waited");
});

test("watch counts what comes of work, and changes nothing of it", async () => {
  const counter = counting();
  const failure = new Error("declined");
  assert.equal(counter.watch("f", () => 7), 7);
  assert.throws(() => counter.watch("f", () => { throw failure; }), failure);
  assert.equal(await counter.watch("f", async () => 8), 8);
  await assert.rejects(counter.watch("f", () => Promise.reject(failure)), failure);
  assert.equal(counter.watch("none", () => 9), 9);
  assert.deepEqual(short(counter.pending()), ["1 0-0 f=on 2/2"]);
  for (const strange of [undefined, null, Symbol("s"), {}, "__proto__"]) {
    counter.outcome(strange as string, true, "v");
    counter.outcome("f", true, strange as string);
  }
});

async function started(options: object = {}) {
  const server = await controlPlane([flag("f"), flag("g")]);
  closing.push(() => server.close());
  const client = startClient({ key: "key", url: server.url, kind: "server", store: false, ...options }, { kind: "server", engine: () => engine(), store: () => undefined });
  closing.push(() => client.close());
  return { server, client };
}

const told = (acknowledged: readonly { outcomes?: OutcomeReport[] }[]) => acknowledged.flatMap(({ outcomes }) => outcomes ?? []).flatMap(({ counts }) => counts);

test("under the variant that the client decided, killed or not; the rest goes with the goodbye", async () => {
  const { server, client } = await started();
  await client.ready();
  const { outcome, watch } = outcomes(client);
  outcome("f", true);
  const mine = client.evaluate({ targetingKey: "u" });
  outcome("g", false, mine);
  let finish = (): void => undefined;
  const begun = watch("f", () => new Promise<void>((resolve) => (finish = resolve)));
  const dark = new Promise((resolve) => client.on("changed", resolve));
  server.kill("f");
  await dark;
  finish();
  await begun;
  outcome("f", false);
  outcome("unknown", false);
  await client.close();
  await server.until(() => server.acknowledged.at(-1)?.state === "closing");
  const counts = told(server.acknowledged);
  assert.deepEqual(counts, [
    { flag: "f", variant: "on", ok: 2, failed: 0 },
    { flag: "g", variant: "on", ok: 0, failed: 1 },
    { flag: "f", variant: "off", ok: 0, failed: 1 },
  ]);
  for (const { outcomes: reports, applied_after_ms } of server.acknowledged) assert.ok(!reports || applied_after_ms === undefined, "never with the news of a kill");
});

test("an answer that is lost or a server that is away: told again under the same number; what is refused for good is let go", async () => {
  const { server, client } = await started({ transport: "manual" });
  await client.refresh();
  const { outcome } = outcomes(client);
  const numbers = (): (number | undefined)[][] => server.acknowledged.slice(-1).map(({ outcomes }) => (outcomes ?? []).map(({ sequence }) => sequence));
  for (const [answer, expected] of [
    ["breaks", [1]],
    [503, [1, 2]],
    [204, [1, 2, 3]],
    [422, [4]],
    [204, [5]],
  ] as const) {
    server.state.acknowledges = answer;
    outcome("f", true);
    await client.refresh();
    assert.deepEqual(numbers(), [expected], `${answer}`);
  }
  await client.refresh();
  assert.deepEqual(numbers(), [[]], "nothing is left");
});
