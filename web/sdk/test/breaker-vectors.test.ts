// The state machine of breakers, as tests/vectors/breakers.json tells it: the Rust client replays the same.
// `UPDATE_VECTORS=1 node --test …` writes the file anew from this machine: look at what changed.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { Machine, type Ended } from "../src/guard/machine.js";
import { settingsOf, type Declared } from "../src/guard/settings.js";
import { seeded } from "./random.js";

const FILE = "../../tests/vectors/breakers.json";

/** What is done, when, and with what. */
type Step = readonly [what: string, at: number, with_?: number | string];
/** State, cause, share and openings afterwards; of `admits` also whether the unit may try. */
type After = readonly [state: string, cause: string | null, share: number, attempt: number, admitted?: boolean];

interface Case {
  readonly name: string;
  /** As the document says it; null for a flag without a breaker. */
  readonly declared: Partial<Declared> | null;
  /** From 0 to below 1: what chance gives each time. */
  readonly random: number;
  readonly steps: readonly Step[];
  readonly after: readonly After[];
}

function run({ declared, random, steps }: Omit<Case, "after">): After[] {
  const settings = settingsOf(declared ?? undefined);
  const machine = new Machine({ flag: "f", settings, session: false, random: () => random }, 0);
  return steps.map(([what, at, arg]) => {
    let admitted: boolean | undefined;
    const { generation } = machine;
    if (what === "ok" || what === "slow" || what === "failed") machine.ended(generation, what as Ended, at);
    else if (what === "late") machine.ended(generation - 1, "failed", at);
    else if (what === "advance") machine.advance(at);
    else if (what === "admits") admitted = machine.admits(String(arg), at);
    else if (what === "kill") machine.force(Number(arg), at);
    else if (what === "restore") machine.release(Number(arg), at);
    else if (what === "latch") machine.latch("crash-loop", at);
    else if (what === "disable") machine.disable(true, at);
    else if (what === "enable") machine.disable(false, at);
    else if (what === "another") machine.configure(settings, false, at);
    else assert.fail(`no step ${what}`);
    const after = [machine.state, machine.cause ?? null, machine.share, machine.attempt] as const;
    return admitted === undefined ? after : ([...after, admitted] as const);
  });
}

const CASES: readonly (readonly [string, Partial<Declared> | null])[] = [
  ["the defaults", { fallback: "off", of: "1" }],
  ["slow calls count", { fallback: "off", of: "1", slow_ms: 100, slow_share: 0.5, least_calls: 6 }],
  ["a short window", { fallback: "off", of: "1", window_seconds: 1, least_calls: 4, failure_share: 0.3, consecutive: 50 }],
  ["nothing is tried again", { fallback: "off", of: "1", probe: "never", consecutive: 3 }],
  ["it only looks on", { fallback: "off", of: "1", mode: "observe", consecutive: 3 }],
  ["a flag without a breaker", null],
];

function made(): Case[] {
  return CASES.flatMap(([name, declared], index) =>
    [0, 0.5, 0.999].map((random, part) => {
      const next = seeded(1 + index * 3 + part);
      const steps: Step[] = [];
      let at = 0;
      // Bad hours and good ones, each of some calls.
      for (let hour = 0; hour < 9; hour++) {
        const isGood = hour % 3 === 2;
        const bad = isGood ? 0 : ([0.02, 0.5, 0.95][Math.floor(next() * 3)] as number);
        const pause = isGood ? 6_000 : ([10, 40, 400, 25_000][Math.floor(next() * 4)] as number);
        for (let call = 0; call < (isGood ? 44 : 24); call++) {
          at += Math.floor(next() * pause);
          const lot = next() * (isGood ? 8 : 1);
          if (lot < 0.04) steps.push([["kill", "restore"][Math.floor(next() * 2)] as string, at, hour]);
          else if (lot < 0.06) steps.push([["latch", "disable", "enable", "another", "late"][Math.floor(next() * 5)] as string, at]);
          else if (lot < 0.12) steps.push(["advance", at]);
          else if (lot < 0.2) steps.push(["admits", at, `unit-${Math.floor(next() * 40)}`]);
          else steps.push([next() < bad ? (next() < 0.5 ? "failed" : "slow") : "ok", at]);
        }
      }
      const of = { name: `${name}, ${random}`, declared, random, steps };
      return { ...of, after: run(of) };
    }),
  );
}

if (process.env["UPDATE_VECTORS"]) {
  const lines = made().map((each) => `  ${JSON.stringify(each)}`);
  writeFileSync(FILE, `[\n${lines.join(",\n")}\n]\n`);
}

test("every step leads where the vectors say", () => {
  const cases = JSON.parse(readFileSync(FILE, "utf8")) as Case[];
  const seen = new Set<string>();
  for (const each of cases) {
    assert.deepEqual(run(each).map((after) => JSON.stringify(after)), each.after.map((after) => JSON.stringify(after)), each.name);
    for (const [state, cause] of each.after) seen.add(`${state} ${cause}`);
  }
  for (const wanted of ["open consecutive", "open failures", "open slow", "open probe", "open crash-loop", "half-open waited", "closed probed", "closed restore", "forced-open kill", "closed changed", "disabled disabled", "observing null"]) {
    assert.ok(seen.has(wanted), `no case ends in ${wanted}`);
  }
});
