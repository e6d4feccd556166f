// How contexts get into the evaluation module: whatever they are made of, and whatever was decided before.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { outcome, type Engine, type Outcome } from "../src/engine.js";
import { loadTooling } from "../src/entry/tooling-node.js";
import { swift } from "../src/swift.js";
import { wasmEngine } from "../src/wasm-engine.js";
import { small } from "../src/ways.js";
import { flag } from "./control-plane.js";

const module = (name: string) => new WebAssembly.Module(readFileSync(new URL(`../${name}.wasm`, import.meta.url)));
const modules = ([["flags", small], ["flags-server", swift]] as const).map(([name, ways]) => [name, module(name), ways] as const);
const tooling = await loadTooling(module("tooling"));

const SPLIT = { split: { by: "userId", salt: "s", slices: [["on", 50_000], ["off", 50_000]] } };
const rules = [
  { when: [{ attribute: "plan", op: "in", values: ["pro", "caf\u00e9", "\ufffd"] }, { tenant: ["acme"] }], serve: "on" },
  { when: [{ attribute: "app.version", op: "semver", values: [">=2.0.0"] }], serve: "on" },
  { when: [{ attribute: "tags", op: "in", values: ["beta", 7] }], serve: "on" },
  { when: [{ attribute: "email", op: "ends_with", values: ["@example.com", "\u65e5"] }, { attribute: "userId", op: "exists" }], ...SPLIT },
  { when: [{ attribute: "targetingKey", op: "gt", values: [5] }], serve: "on" },
  { when: [{ attribute: "constructor", op: "exists" }], serve: "on" },
];

/** Engines with few and with many flags, as texts are written at different times then. */
function engines(more: object[] = []): readonly (readonly [string, Engine, number])[] {
  return modules.flatMap(([name, module, ways]) =>
    [1, 40].map((count) => {
      const flags = Array.from({ length: count }, (_, i) => flag(`f${i}`, { default: "off", rules: rules.map((rule, number) => ("split" in rule ? { ...rule, split: { ...SPLIT.split, salt: `s${i}.${number}` } } : rule)) }));
      const { program, kills } = tooling.compile({ schema: 1, environment: "test", revision: 1, flags: [...flags, ...more] } as never);
      const engine = wasmEngine(module, ways);
      engine.load(program);
      engine.setKills(kills);
      return [`${name}, ${count} flags`, engine, count] as const;
    }),
  );
}

const decide = (engine: Engine, context: unknown, count: number): readonly Outcome[] => {
  const outcomes = engine.evaluate(context as never, undefined);
  return Array.from({ length: count }, (_, i) => outcome(outcomes, i));
};

const CONTEXTS: readonly (readonly [string, () => unknown, number | undefined])[] = [
  ["nothing", () => ({}), undefined],
  ["texts that the program knows", () => ({ plan: "pro", tenant: "acme" }), 0],
  ["in another order, with others between", () => ({ x: 1, tenant: "acme", y: "z", plan: "pro" }), 0],
  ["not in ASCII", () => ({ tenant: "acme", plan: "caf\u00e9" }), 0],
  ["a lone surrogate is U+FFFD", () => ({ tenant: "acme", plan: "\ud800" }), 0],
  ["a dotted name of its own", () => ({ "app.version": "2.1.0" }), 1],
  ["a path", () => ({ app: { version: "2.1.0" } }), 1],
  ["an own name hides the path, null too", () => ({ "app.version": null, app: { version: "2.1.0" } }), undefined],
  ["a list", () => ({ tags: ["alpha", "beta"] }), 2],
  ["a list with what is no text", () => ({ tags: [null, {}, [], , NaN, 7n] }), 2],
  ["a longer list than a call takes arguments", () => ({ tags: [...new Array<string>(300_000).fill("x"), "beta"] }), 2],
  ["a key that is a number", () => ({ targetingKey: 6 }), 4],
  ["a text that only a unit is", () => ({ userId: "u", email: "x@example.com" }), 3],
  ["longer than is written at once", () => ({ userId: "u".repeat(1000), email: `${"x".repeat(5000)}@example.com` }), 3],
  ["long, and not in ASCII", () => ({ userId: "u", email: `${"\u00e9".repeat(127)}\u65e5` }), 3],
  ["inherited", () => Object.create({ plan: "pro", tenant: "acme" }), undefined],
  ["inherited through its own", () => Object.assign(Object.create({ plan: "pro" }) as object, { tenant: "acme" }), undefined],
  ["of a class", () => new (class { plan = "pro"; tenant = "acme"; })(), 0],
  ["an accessor of a class", () => new (class { tenant = "acme"; get plan() { return "pro"; } })(), undefined],
  ["without prototype", () => Object.assign(Object.create(null) as object, { plan: "pro", tenant: "acme" }), 0],
  ["not enumerable", () => Object.defineProperty({ tenant: "acme" }, "plan", { value: "pro" }), 0],
  ["a name that every object inherits", () => ({ constructor: 1 }), 5],
  ["a proxy", () => new Proxy({ plan: "pro", tenant: "acme" }, {}), 0],
];

test("a context is what it is, whatever it is made of and whatever came before", () => {
  for (const [name, engine, count] of engines()) {
    // Each after each: nothing of one may be left for the next.
    for (const [before, first] of CONTEXTS) {
      engine.evaluate(first() as never, undefined);
      for (const [what, make, rule] of CONTEXTS) {
        const decided = decide(engine, make(), count);
        assert.deepEqual(decided.map(({ ruleIndex }) => ruleIndex), new Array(count).fill(rule), `${name}: ${what}, after ${before}`);
      }
    }
  }
});

test("few flags and many, both modules: the same buckets", () => {
  const [[, first], ...others] = engines() as [ReturnType<typeof engines>[number], ...ReturnType<typeof engines>];
  const seen = new Set<number>();
  for (let i = 0; i < 500; i++) {
    const context = { userId: i % 3 === 0 ? i : `${"user-".repeat(i % 40)}${i}\u00fc`, email: "x@example.com" };
    const [expected] = decide(first, context, 1);
    seen.add(expected?.variant ?? -1);
    for (const [name, engine] of others) assert.deepEqual(decide(engine, context, 1)[0], expected, `${name}: ${JSON.stringify(context)}`);
  }
  assert.deepEqual([...seen].sort(), [0, 1]);
});

test("an object that was changed is another context", () => {
  for (const [name, engine, count] of engines()) {
    const context: Record<string, unknown> = { plan: "free", tenant: "acme" };
    assert.equal(decide(engine, context, count)[0]?.ruleIndex, undefined, name);
    context["plan"] = "pro";
    assert.equal(decide(engine, context, count)[0]?.ruleIndex, 0, name);
    delete context["tenant"];
    assert.equal(decide(engine, context, count)[0]?.ruleIndex, undefined, name);
  }
});

test("what every object inherits since is no attribute", () => {
  const [[, engine]] = engines() as [ReturnType<typeof engines>[number]];
  assert.equal(decide(engine, { tenant: "acme", plan: "pro" }, 1)[0]?.ruleIndex, 0);
  const everything = Object.prototype as Record<string, unknown>;
  everything["plan"] = "pro";
  try {
    assert.equal(decide(engine, { tenant: "acme" }, 1)[0]?.ruleIndex, undefined);
  } finally {
    delete everything["plan"];
  }
});

test("a getter may decide something else in between", () => {
  for (const [name, engine, count] of engines()) {
    const context = {
      get plan() {
        engine.evaluate({ x: 1, tags: ["beta"], userId: "v", email: "y@example.com" }, undefined);
        return "pro";
      },
      tenant: "acme",
    };
    assert.equal(decide(engine, context, count)[0]?.ruleIndex, 0, name);
  }
});

test("what was decided stays, however much is decided after it", () => {
  for (const [name, engine, count] of engines()) {
    const expected = decide(engine, { userId: "u", email: "x@example.com" }, count);
    const held = Array.from({ length: 30 }, () => engine.evaluate({ userId: "u", email: "x@example.com" }, undefined));
    for (let i = 0; i < 20_000; i++) engine.evaluate({ plan: "pro", tenant: "acme" }, undefined);
    // The module's memory grows, and views of it with it.
    engine.evaluate({ userId: "u".repeat(3_000_000), email: `${"x".repeat(3_000_000)}@example.com` }, undefined);
    for (const outcomes of held) assert.deepEqual(Array.from({ length: count }, (_, i) => outcome(outcomes, i)), expected, name);
    assert.deepEqual(decide(engine, { userId: "u", email: "x@example.com" }, count), expected, name);
  }
});

test("a text that only a kill names is known from then on, and not after it", () => {
  const flags = [flag("f", { default: "on" })];
  const document = (kills: object[]) => ({ schema: 1, environment: "test", revision: 1, flags, kills });
  const kill = { id: "k", flag: "f", scope: { tenant: ["acme"] }, reason: "r", by: "b", at: "2026-11-24T00:00:00Z" };
  for (const [name, module, ways] of modules) {
    const engine = wasmEngine(module, ways);
    engine.load(tooling.compile(document([]) as never).program);
    const reason = (): string | undefined => decide(engine, { tenant: "acme" }, 1)[0]?.reason;
    assert.equal(reason(), "STATIC", name);
    engine.setKills(tooling.compile(document([kill]) as never).kills);
    assert.equal(reason(), "DISABLED", name);
    engine.setKills(tooling.compile(document([]) as never).kills);
    assert.equal(reason(), "STATIC", name);
  }
});

test("held down locally, one by one", () => {
  for (const [name, engine, count] of engines()) {
    const causes = Uint8Array.from({ length: count }, (_, i) => [0, 2, 3, 4][i % 4] as number);
    const outcomes = engine.evaluate({ plan: "pro", tenant: "acme" }, causes);
    const seen = Array.from({ length: count }, (_, i) => outcome(outcomes, i).cause);
    assert.deepEqual(seen, Array.from({ length: count }, (_, i) => [undefined, "stale", "breaker", "crash-loop"][i % 4]), name);
  }
});
