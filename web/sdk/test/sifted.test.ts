// Flags that are looked up when they are asked for, on servers: what they give is what the module says, whatever was decided before.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { runVectors } from "../../../tests/engines/vectors.mjs";
import { outcome, type Engine, type FlagInfo, type Held, type Outcome, type Outcomes, type Report } from "../src/engine.js";
import type { Header } from "../src/envelope.js";
import { loadTooling } from "../src/entry/tooling-node.js";
import { GIVEN, VARIANT } from "../src/sifted.js";
import { Soon } from "../src/soon.js";
import { swiftEngine } from "../src/swift-engine.js";
import type { Asked, Source } from "../src/table.js";
import type { Context } from "../src/types.js";
import { wasmEngine, type Instantiate } from "../src/wasm-engine.js";
import { flag as handleOf, type Handle } from "../src/flag.js";
import { flag, killOf } from "./control-plane.js";
import { seeded } from "./random.js";

const module = (name: string) => new WebAssembly.Module(readFileSync(new URL(`../${name}.wasm`, import.meta.url)));
const [small, large] = [module("flags"), module("flags-server")];
const tooling = await loadTooling(module("tooling"));
const compile = (flags: object[], kills: object[] = [], more: object = {}) => tooling.compile({ schema: 1, environment: "test", revision: 1, flags, kills, ...more } as never);

const source = (asked: Asked = { turn: 1, add: () => undefined }): Source => ({ table: () => assert.fail(), expired: () => false, asked });
/** What is held: for everyone, unless said otherwise. */
const holds = (audience: object = { kind: "server", attributes: {}, decided_for: null }): Held => ({ header: { audience } as Header, position: { epoch: 1, revision: 1, kill_revision: 0 } });

/** Until flags are looked up. */
function warm(engine: Engine): void {
  engine.take?.(holds());
  for (let i = 0; i < 64; i++) engine.evaluate({}, undefined);
}

function engineOf(flags: object[], kills: object[] = [], more: object = {}, instantiate?: Instantiate): Engine {
  const engine = swiftEngine(large, instantiate);
  const compiled = compile(flags, kills, more);
  engine.load(compiled.program);
  engine.setKills(compiled.kills);
  warm(engine);
  return engine;
}

const soon = (engine: Engine, context: Context, asked?: Asked, report: Report = () => assert.fail()): Soon | undefined => engine.reads?.(context, source(asked), report) as Soon | undefined;

/** Every flag's outcome, looked up from `first` on. */
function lookedUp(asked: Soon, count: number, first = 0): readonly Outcome[] {
  const found: Outcome[] = [];
  for (let i = 0; i < count; i++) {
    const place = (i + first) % count;
    found[place] = outcome(asked.outcomes(place) as Outcomes, place);
  }
  return found;
}

/** Each flag of which the kind of its first variant is known is read by a handle, and gives what it gives by its key. */
function sameByHandle(asked: Soon, flags: readonly FlagInfo[]): void {
  for (const { key, variants } of flags) {
    const value = variants[0]?.value ?? null;
    for (const fallback of [value, typeof value === "string" ? 7 : "other"]) {
      const handle = flagOf(key, fallback as never);
      const read = { boolean: asked.boolean, string: asked.string, number: asked.number, object: asked.object }[handle.type] as (key: string, fallback: unknown) => unknown;
      assert.deepEqual(handle.value(asked), read(key, fallback), key);
    }
  }
}
const flagOf = handleOf as unknown as (key: string, fallback: never) => Handle<unknown>;

const same = (a: Outcome, b: Outcome): boolean => a.variant === b.variant && a.reason === b.reason && a.cause === b.cause && a.ruleIndex === b.ruleIndex;

const vectors = process.env["DOWNHAUL_VECTORS"] ?? new URL("../../../../tests/vectors/evaluation/", import.meta.url).pathname;
for (const name of readdirSync(vectors).filter((each) => each.endsWith(".json"))) {
  test(`vectors, looked up: ${name}`, () => {
    const vector = JSON.parse(readFileSync(`${vectors}/${name}`, "utf8"));
    const { program, kills } = tooling.compile(vector.flag_set);
    const engine = swiftEngine(large);
    let flags: readonly FlagInfo[] = [];
    const { judged, wrong } = runVectors(
      {
        ...engine,
        load: (bytes: Uint8Array) => {
          const loaded = engine.load(bytes);
          flags = loaded;
          return loaded;
        },
        setKills: (bytes: Uint8Array) => {
          engine.setKills(bytes);
          warm(engine);
        },
        evaluate: (context: Context, overrides: Uint8Array): Outcomes => {
          const asked = overrides.some((cause) => cause !== 0) ? undefined : soon(engine, context);
          if (!asked) return engine.evaluate(context, overrides);
          sameByHandle(asked, flags);
          sameByHandle(soon(engine, context) as Soon, flags);
          const words = new Int32Array(flags.length * 2);
          for (let place = 0; place < flags.length; place++) {
            const found = asked.outcomes(place) as Outcomes;
            words.set(found.words.subarray(found.at + place * 2, found.at + place * 2 + 2), place * 2);
          }
          return { words, at: 0 };
        },
      },
      outcome,
      program,
      kills,
      vector.cases,
    );
    assert.deepEqual(wrong, []);
    assert.ok(judged > 0);
  });
}

const TENANTS = ["acme", "globex", "initech", "umbrella", "caf\u00e9", "\ufffd"];
const REGIONS = { world: { eu: { "eu-west": {}, "eu-north": {} }, us: { "us-east": {} } } };
const PLACES = ["world", "eu", "eu-west", "eu-north", "us", "us-east", "nowhere"];
const PLANS = ["free", "pro", "enterprise", "\u65e5"];

type Pick = <T>(of: readonly T[]) => T;

/** Random flags, with everything that decides: most of it can be looked up, some cannot. */
function randomDocument(random: () => number): { flags: object[]; kills: object[]; more: object } {
  const pick: Pick = (of) => of[Math.floor(random() * of.length)] as (typeof of)[number];
  const some = <T>(of: readonly T[]): T[] => {
    const chosen = of.filter(() => random() < 0.4);
    return chosen.length > 0 ? chosen : [pick(of)];
  };
  const simple = (): object =>
    pick([
      () => ({ tenant: some(TENANTS) }),
      () => ({ region: some(PLACES.slice(0, 6)) }),
      () => ({ attribute: "plan", op: "in", values: some(PLANS) }),
      () => ({ attribute: "app.country", op: "in", values: some(["DE", "FR", "US"]) }),
    ])();
  const other = (): object =>
    pick([
      () => ({ attribute: "plan", op: "not_in", values: some(PLANS) }),
      () => ({ attribute: "plan", op: "in", values: [...some(PLANS), 5, true] }),
      () => ({ attribute: "version", op: "semver", values: [">=2.0.0"] }),
      () => ({ attribute: "userId", op: "exists" }),
      () => ({ segment: ["staff"] }),
      () => ({ attribute: "tenant.tier", op: "in", values: ["gold"] }),
      () => ({ not: simple() }),
      () => ({ any: [simple(), simple()] }),
    ])();
  const split = (): object => {
    const parts = [1 + Math.floor(random() * 50_000), Math.floor(random() * 50_000)];
    return { by: pick(["userId", "userId", "targetingKey", "tenant", "tenant.tier"]), salt: `s${Math.floor(random() * 9)}`, slices: [["on", parts[0]], [pick(["off", "third"]), random() < 0.5 ? 100_000 - (parts[0] as number) : parts[1]]] };
  };
  const rule = (): object => {
    const when = Array.from({ length: Math.floor(random() * 3) }, () => (random() < 0.8 ? simple() : other()));
    return random() < 0.5 ? { when, serve: pick(["on", "off", "third"]) } : { when, split: split() };
  };
  const count = 1 + Math.floor(random() * 60);
  const flags = Array.from({ length: count }, (_, i) =>
    flag(`f${i}`, {
      variants: { on: 1, off: 0, third: 2 },
      default: pick(["on", "off"]),
      rules: Array.from({ length: random() < 0.05 ? 40 : Math.floor(random() * 5) }, rule),
      ...(i > 0 && random() < 0.1 ? { requires: [{ flag: `f${i - 1}`, variants: ["on", "third"] }] } : {}),
    }),
  );
  const kills = Array.from({ length: Math.floor(random() * 4) }, (_, i) => killOf(`f${Math.floor(random() * count)}`, `k${i}`, pick([{}, {}, { tenant: some([...TENANTS, "late"]) }, { variant: ["on"] }])));
  return { flags, kills, more: { regions: REGIONS, tenants: { acme: { tier: "gold" }, globex: { tier: "lead" } }, segments: { staff: { include: ["u-7", "u-8"] } } } };
}

function randomContext(random: () => number): Record<string, unknown> {
  const pick: Pick = (of) => of[Math.floor(random() * of.length)] as (typeof of)[number];
  const number = Math.floor(random() * 1000);
  const unit = (): unknown => pick([`u-${number}`, `u-${number}`, `user-${number}-${"x".repeat(number % 90)}`, `caf\u00e9-${number}`, `\ud800${number}`, "", number, -number, number + 0.5, 2 ** 53, -0, true, null, undefined, NaN]);
  const text = (of: readonly string[]): unknown => (random() < 0.8 ? pick(of) : pick<unknown>([undefined, null, "", "other", "\ud800", 5, true, Symbol("s")]));
  const attributes: [string, () => unknown][] = [
    ["targetingKey", unit],
    ["tenant", () => text([...TENANTS, "late"])],
    ["region", () => text(PLACES)],
    ["plan", () => text(PLANS)],
    ["version", () => text(["1.9.0", "2.1.0"])],
    ["userId", unit],
    ["app.country", () => text(["DE", "FR", "US", "JP"])],
    ["app", () => ({ country: pick(["DE", "US"]) })],
    ["x", () => 1],
  ];
  // In every order, some left out.
  const start = Math.floor(random() * attributes.length);
  return Object.fromEntries([...attributes.slice(start), ...attributes.slice(0, start)].filter(([name]) => random() < (name === "app" ? 0.2 : 0.85)).map(([name, make]) => [name, make()]));
}

test("random flags for random contexts: what is looked up is what both modules decide", () => {
  const random = seeded(20);
  let compared = 0;
  let looked = 0;
  for (let round = 0; round < 100; round++) {
    const { flags, kills, more } = randomDocument(random);
    const compiled = compile(flags, kills, more);
    const plain = wasmEngine(small);
    const engine = swiftEngine(large);
    for (const each of [plain, engine]) {
      each.load(compiled.program);
      each.setKills(compiled.kills);
    }
    warm(engine);
    for (let i = 0; i < 150; i++) {
      const context = randomContext(random);
      const decided = plain.evaluate(context, undefined);
      const expected = flags.map((_, place) => outcome(decided, place));
      const asked = soon(engine, context);
      if (!asked) {
        assert.ok(Object.values(context).some((value) => typeof value === "object" && value !== null) || "app" in context);
        continue;
      }
      // From anywhere, so that each flag is at times the first one asked for.
      const found = lookedUp(asked, flags.length, Math.floor(random() * flags.length));
      if (found.some((each, place) => !same(each, expected[place] as Outcome))) assert.deepEqual(found, expected, JSON.stringify({ flags, kills, context }));
      compared += flags.length;
      const fresh = soon(engine, context) as Soon;
      const { sifted } = fresh.ready;
      const all = sifted.room();
      sifted.all(fresh, all);
      for (let place = 0; place < flags.length; place++) {
        const given = sifted.given(fresh, place);
        const what = all[place] as number;
        if (given >= 0) looked++;
        if ((given < 0 ? -1 : given | (((sifted.outcomes[given] as number) & 0xffff) << VARIANT)) !== what) assert.fail(`flag ${place} gives ${given}, of all ${what & GIVEN}: ${JSON.stringify({ flags, kills, context })}`);
      }
    }
  }
  assert.ok(compared > 300_000, `${compared} compared`);
  assert.ok(looked > compared / 2, `${looked} of ${compared} by the tables`);
});

test("every bucket: a unit's is the core's", () => {
  const slices = Array.from({ length: 50 }, (_, i) => [i % 2 ? "on" : "off", 2_000]);
  const engine = engineOf([flag("f", { rules: [{ split: { by: "userId", salt: "s", slices } }] })]);
  const seen = new Set<number>();
  for (let i = 0; i < 20_000; i++) {
    const context = { userId: i % 5 === 0 ? i - 10_000 : "\u00fc-x\u65e5".slice(0, i % 5) + "y".repeat(i % 80) + i };
    const expected = outcome(engine.evaluate(context, undefined), 0);
    seen.add(expected.variant);
    assert.deepEqual(lookedUp(soon(engine, context) as Soon, 1)[0], expected, JSON.stringify(context));
  }
  assert.equal(seen.size, 2);
});

const ACME = [{ when: [{ tenant: ["acme"] }], serve: "off" }];
const MANY = Array.from({ length: 100 }, (_, i) => flag(`f${i}`, { rules: i % 3 ? ACME : [{ when: [{ attribute: "v", op: "semver", values: [">=2.0.0"] }, { tenant: ["acme"] }], serve: "off" }] }));

test("asked for later, a flag is as it was", () => {
  const engine = engineOf(MANY);
  const context: Record<string, unknown> = { tenant: "acme", v: "2.0.0" };
  const expected = Array.from(MANY, (_, place) => outcome(engine.evaluate(context, undefined), place));
  const held = Array.from({ length: 6 }, () => soon(engine, context) as Soon);
  const next = (): readonly Outcome[] => lookedUp(held.pop() as Soon, MANY.length, held.length);
  context["tenant"] = "globex";
  assert.deepEqual(next(), expected, "the context is another one since");
  engine.setKills(compile(MANY, MANY.map((_, i) => killOf(`f${i}`))).kills);
  assert.deepEqual(next(), expected, "everything is killed since");
  assert.equal(outcome(engine.evaluate(context, undefined), 0).cause, "kill");
  assert.equal(soon(engine, context), undefined, "the tables are made anew");
  warm(engine);
  assert.equal(lookedUp(soon(engine, context) as Soon, 1)[0]?.cause, "kill");
  assert.deepEqual(next(), expected, "there are tables of the kills since");
  engine.load(compile([flag("f1", { default: "off" })]).program);
  assert.deepEqual(next(), expected, "another program is loaded since");
  warm(engine);
  assert.deepEqual(next(), expected);
  assert.deepEqual(held.length, 1);
  assert.deepEqual([...(held[0] as Soon).entries].map(([key, { variant }]) => [key, variant]), MANY.map((_, i) => [`f${i}`, "off"]));
});

for (const [name, more, expected] of [
  ["all are looked up at once", [], 0],
  ["where many need the module, it decides the rest, and all of the next ones", Array.from({ length: 20 }, (_, i) => flag(`v${i}`, { rules: [{ when: [{ attribute: "v", op: "semver", values: [">=2.0.0"] }], serve: "off" }] })), 20],
] as const) {
  test(`many flags of one context: ${name}`, () => {
    let calls = 0;
    const counting: Instantiate = (module) => {
      const { exports } = new WebAssembly.Instance(module);
      const decide = (...numbers: number[]): number => (calls++, (exports["decide"] as (...numbers: number[]) => number)(...numbers));
      return { exports: { ...exports, decide } } as unknown as WebAssembly.Instance;
    };
    const simple = Array.from({ length: 100 }, (_, i) => flag(`f${i}`, { rules: ACME }));
    const engine = engineOf([...simple, ...more], [], {}, counting);
    const read = (flags: number): void => {
      const asked = soon(engine, { tenant: "acme" }) as Soon;
      for (let i = 0; i < flags; i++) assert.equal(asked.boolean(`f${i}`, true), false);
    };
    calls = 0;
    for (let i = 0; i < 100; i++) read(10);
    assert.equal(calls, 0);
    for (let i = 0; i < 20; i++) read(100);
    assert.equal(calls, expected);
    for (let i = 0; i < 200; i++) read(10);
    assert.ok(calls < 100, `${calls}`);
  });
}

test("of two contexts in turn, many flags each: what was looked up for one is not the other's", () => {
  const flags = Array.from({ length: 100 }, (_, i) => flag(`f${i}`, { rules: i === 99 ? [{ when: [{ attribute: "v", op: "semver", values: [">=2.0.0"] }], serve: "off" }] : ACME }));
  const engine = engineOf(flags);
  const [acme, globex] = ["acme", "globex"].map((tenant) => soon(engine, { tenant, v: "2.0.0" }) as Soon);
  for (let round = 0; round < 3; round++) {
    for (const [asked, value] of [[acme, false], [globex, true]] as const) {
      for (let i = 0; i < 99; i++) assert.equal(asked?.boolean(`f${i}`, !value), value, `${round}: f${i}`);
      assert.equal(asked?.details("f40", null).reason, value ? "DEFAULT" : "TARGETING_MATCH");
      if (round > 0) assert.equal(asked?.boolean("f99", true), false, "the module decides it");
    }
    for (let i = 0; i < 99; i += 7) assert.deepEqual([acme, globex].map((asked) => asked?.boolean(`f${i}`, false)), [false, true]);
  }
});

test("reads: each type, unknown keys, and taken by themselves", () => {
  const values = [["b", true, false], ["s", "x", "y"], ["n", 1, 2], ["o", { a: 1 }, null]] as const;
  const engine = engineOf(values.map(([key, on, off]) => flag(key, { variants: { on, ...(off === null ? { off: {} } : { off }) }, rules: [{ when: [{ tenant: ["globex"] }], serve: "off" }] })));
  const told: string[] = [];
  const asked = { turn: 1, add: (key: string) => told.push(key) };
  const { boolean, string, number, object, details, all } = soon(engine, { tenant: "acme" }, asked) as Soon;
  assert.deepEqual([boolean("b", false), string("s", ""), number("n", 0), object("o", {})], [true, "x", 1, { a: 1 }]);
  assert.deepEqual([boolean("s", false), string("none", "mine"), number("b", 7)], [false, "mine", 7]);
  assert.deepEqual(told, ["b", "s", "n", "o"]);
  assert.equal(details("b", false).reason, "DEFAULT");
  assert.equal(details("none", 1).errorCode, "FLAG_NOT_FOUND");
  assert.deepEqual(Object.keys(all()), ["b", "s", "n", "o"]);
});

test("a module that traps: told, tried once more, and the caller's default", () => {
  let traps = 0;
  const breaking: Instantiate = (module) => {
    const { exports } = new WebAssembly.Instance(module);
    const decide = (...numbers: number[]): number => {
      if (traps > 0 && traps--) throw new WebAssembly.RuntimeError("unreachable");
      return (exports["decide"] as (...numbers: number[]) => number)(...numbers);
    };
    return { exports: { ...exports, decide } } as unknown as WebAssembly.Instance;
  };
  const engine = engineOf(MANY, [], {}, breaking);
  const failures: string[] = [];
  const ask = (): Soon => soon(engine, { tenant: "acme", v: "2.0.0" }, undefined, ({ code }) => failures.push(code)) as Soon;
  traps = 1;
  assert.equal(ask().boolean("f0", true), false);
  assert.equal(failures.length, 1);
  traps = 2;
  const dark = ask();
  assert.equal(dark.boolean("f0", true), true);
  assert.equal(failures.length, 3);
  assert.equal(dark.boolean("f0", true), false, "asked again, it is tried again");
});

test("the module of pages has no tables, and decides all the same", () => {
  const engine = swiftEngine(small);
  engine.load(compile(MANY).program);
  warm(engine);
  assert.equal(soon(engine, {}), undefined);
  assert.equal(outcome(engine.evaluate({ tenant: "acme" }, undefined), 1).variant, outcome(engineOf(MANY).evaluate({ tenant: "acme" }, undefined), 1).variant);
});

for (const [name, later, looksUp] of [
  ["that of servers", () => large, true],
  ["none", () => assert.fail(), false],
  ["one that can't start", () => new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)), false],
  ["one that has no tables either", () => module("flags"), false],
] as const) {
  test(`the module of pages goes first, and then ${name}`, () => {
    const engine = swiftEngine(small, undefined, later);
    const { program, kills } = compile(MANY, [killOf("f0")]);
    engine.load(program);
    engine.setKills(kills);
    const outcomes = (of: Engine): Outcome[] => {
      const all = of.evaluate({ tenant: "acme", v: "2.0.0" }, undefined);
      return MANY.map((_, place) => outcome(all, place));
    };
    const expected = outcomes(engine);
    assert.equal(expected[0]?.cause, "kill");
    warm(engine);
    assert.deepEqual(outcomes(engine), expected);
    const asked = soon(engine, { tenant: "acme", v: "2.0.0" });
    assert.equal(!!asked, looksUp);
    if (asked) assert.deepEqual(lookedUp(asked, MANY.length), expected);
    // Kills and programs go to the one in use.
    engine.setKills(compile(MANY).kills);
    assert.equal(outcomes(engine)[0]?.cause, undefined);
    engine.load(compile([flag("other")]).program);
    assert.equal(outcome(engine.evaluate({}, undefined), 0).reason, "STATIC");
  });
}

test("a flag set for somebody, or one that reads the clock, is decided at once", () => {
  const engine = engineOf(MANY);
  const ask = (held: Held, of = engine): unknown => {
    of.take?.(held);
    return soon(of, {});
  };
  assert.ok(ask(holds()));
  assert.equal(ask(holds({ kind: "server", attributes: { tenant: "acme" }, decided_for: null })), undefined);
  assert.equal(ask(holds({ kind: "browser", attributes: {}, decided_for: "x" })), undefined);
  assert.equal(ask({ header: undefined, position: undefined }), undefined);
  assert.ok(ask(holds()));
  assert.equal(ask(holds(), engineOf([flag("f", { rules: [{ when: [{ attribute: "now", op: "after", values: ["2026-01-01T00:00:00Z"] }], serve: "off" }] })])), undefined);
});
