import assert from "node:assert/strict";
import { test } from "node:test";
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
