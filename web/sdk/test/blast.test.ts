import assert from "node:assert/strict";
import { test } from "node:test";
import { answers } from "../src/blast-answers.js";
import { blastOver, type Blast, type Request } from "../src/blast.js";
import { tooling } from "./control-plane.js";

const document = (on: number, more: object = {}): object => ({
  schema: 1,
  environment: "test",
  revision: 1,
  regions: { eu: { de: {} }, us: {} },
  flags: [
    {
      key: "checkout",
      owner: "tests",
      kind: "release",
      expires: "2099-01-01",
      variants: { on: true, off: false },
      degraded: { variant: "off", meaning: "the old one" },
      rules: [{ when: [{ tenant: ["acme"] }, { region: ["eu"] }], split: { slices: [["on", on], ["off", 100_000 - on]] } }],
      default: "off",
      ...more,
    },
  ],
});

test("what a ramp moves: one region, with its buckets and a witness", () => {
  const { flags, unchanged } = tooling.compare(document(10_000), document(25_000));
  assert.equal(unchanged, 0);
  const region = flags[0]?.regions[0];
  assert.deepEqual([flags.length, flags[0]?.status, flags[0]?.regions.length], [1, "compared", 1]);
  assert.deepEqual(region?.when, [{ tenant: ["acme"] }, { region: ["eu"] }]);
  assert.deepEqual(region?.bucket, { by: "targetingKey", salt: "checkout", from: 10_000, to: 25_000 });
  assert.deepEqual([region?.share, region?.from, region?.to, region?.exact], [0.15, "off", "on", true]);
  for (const [on, variant] of [[10_000, "off"], [25_000, "on"]] as const) {
    assert.equal(tooling.explain(document(on), "checkout", region?.witness ?? {})["variant"], variant);
  }
});

test("nothing changed is nothing found", () => {
  assert.deepEqual(tooling.compare(document(10_000), document(10_000, { description: "said better" })), { flags: [], unchanged: 1 });
});

test("claims are proved or refuted", () => {
  const verdicts = tooling.prove(document(10_000), document(25_000), [
    { name: "the others", claim: "changes-nothing", when: [{ not: { tenant: ["acme"] } }] },
    { claim: "only-narrows" },
    { claim: { "never-serves": "on" }, when: [{ region: ["us"] }] },
  ]);
  assert.deepEqual(verdicts.map(({ outcome }) => outcome), ["proved", "refuted", "proved"]);
  assert.equal(verdicts[1]?.against?.[0]?.context?.["tenant"], "acme");
  assert.throws(() => tooling.prove(document(1), document(2), [{ claim: "improves" as "only-narrows" }]), /improves/);
});

test("lints are asked for", () => {
  const doubled = document(10_000, { rules: [{ serve: "on" }, { when: [{ tenant: ["acme"] }], serve: "off" }] });
  assert.deepEqual(tooling.check(doubled).diagnostics, []);
  assert.deepEqual(tooling.check(doubled, { lints: true }).diagnostics.map(({ code, place }) => [code, place.pointer]), [["unreachable-rule", "/flags/0/rules/1"]]);
});

const people = Array.from({ length: 2_000 }, (_, at) => ({ targetingKey: `user-${at}`, tenant: at % 2 ? "acme" : "globex", region: at % 4 < 2 ? "de" : "us", share: 0.5 }));
const lines = people.map((person) => JSON.stringify(person)).join("\n");

test("a population is replayed, and a sample of it is the same each time", () => {
  const population = tooling.population(lines, { weight: "share" });
  assert.deepEqual([population.rows(), population.weight()], [2_000, 1_000]);
  const published = tooling.published(document(10_000));
  const replay = published.replay(document(25_000), population, { by: ["region"] });
  // As many as the evaluator itself moves.
  const on = (share: number): Set<string> =>
    new Set(people.filter((person) => tooling.explain(document(share), "checkout", person)["variant"] === "on").map(({ targetingKey }) => targetingKey));
  const [before, after] = [on(10_000), on(25_000)];
  const moved = [...after].filter((key) => !before.has(key)).length;
  assert.ok(moved > 20);
  assert.deepEqual([replay.of, replay.moved, replay.moved_rows], [1_000, moved / 2, moved]);
  assert.deepEqual(replay.flags["checkout"]?.transitions.map(({ from, to, rows }) => [from, to, rows]), [["off", "on", moved]]);
  assert.deepEqual(replay.tenants.map(({ value }) => value), ["acme"]);

  const bytes = population.toSample(500);
  assert.deepEqual(bytes, population.toSample(500));
  const sample = tooling.population(bytes);
  assert.equal(sample.rows(), 500);
  assert.throws(() => tooling.population(bytes.subarray(0, bytes.length / 2)));
  for (const each of [population, sample, published]) each.free();
});

/** The two halves, as if a worker stood between: messages are copied, and come later. */
function joined(): Blast {
  const listeners: ((event: { data: unknown }) => void)[] = [];
  const answer = answers(() => Promise.resolve(tooling));
  return blastOver({
    postMessage: (message) => void answer(structuredClone(message) as Request).then((answered) => listeners.forEach((each) => each({ data: structuredClone(answered) }))),
    addEventListener: (type, listener) => void (type === "message" && listeners.push(listener as (event: { data: unknown }) => void)),
    terminate: () => undefined,
  });
}

test("of several drafts in a row the first and the last are worked out", async () => {
  const blast = joined();
  await assert.rejects(blast.compare(document(1)), /call `published` first/);
  await blast.published(document(10_000));
  await assert.rejects(blast.replay(document(1)), /call `population` first/);
  assert.deepEqual(await blast.population(lines, { weight: "share" }), { rows: 2_000, weight: 1_000 });
  const answered = await Promise.all([20_000, 30_000, 40_000, 50_000].map((on) => blast.replay(document(on))));
  assert.deepEqual(answered.map((each) => each !== undefined), [true, false, false, true]);
  assert.ok((answered[3]?.moved ?? 0) > (answered[0]?.moved ?? 0));
  const compared = await blast.compare(document(25_000));
  assert.equal(compared?.flags[0]?.regions[0]?.share, 0.15);
});

test("a draft that is refused says why, and the next one is answered", async () => {
  const blast = joined();
  await blast.published(document(10_000));
  await assert.rejects(blast.compare(document(10_000, { default: "of" })), (error: Error & { diagnostics?: { code: string }[] }) => {
    assert.match(error.message, /no variant `of`/);
    assert.equal(error.diagnostics?.[0]?.code, "unknown-variant");
    return true;
  });
  assert.equal((await blast.compare(document(10_000)))?.flags.length, 0);
});
