// Decides the fixture of `cargo xtask engines` and digests every decision, wherever this runs.
import { outcome, type Engine, type Outcome, type Outcomes } from "../../web/sdk/src/engine.js";
import type { Header } from "../../web/sdk/src/envelope.js";
import type { Soon } from "../../web/sdk/src/soon.js";

/** What `crates/core/examples/engines` wrote. */
export interface Fixture {
  readonly program: Uint8Array;
  readonly kills: Uint8Array;
  /** A context a line. */
  readonly contexts: string;
}

export interface Report {
  readonly engine: string;
  /** SHA-256 over all decisions, in hexadecimal. */
  readonly digest: string;
  readonly decisions: number;
  readonly milliseconds: number;
}

const DECISION = 8;
const REASONS = ["STATIC", "DEFAULT", "TARGETING_MATCH", "SPLIT", "DISABLED", "STALE", "PREREQUISITE_FAILED", "ERROR"];
const CAUSES = [undefined, "kill", "stale", "breaker", "crash-loop"];

/** `now` in milliseconds; where a clock stands still while a worker computes, it makes the clock go on first. */
export async function digest(name: string, engine: Engine, fixture: Fixture, now: () => number | Promise<number>): Promise<Report> {
  const flags = engine.load(fixture.program).length;
  engine.setKills(fixture.kills);
  engine.take?.({ header: { audience: { attributes: {}, decided_for: null } } as unknown as Header, position: undefined });
  const contexts = fixture.contexts.split("\n").filter(Boolean).map((line) => hostile(JSON.parse(line)) as Record<string, unknown>);
  const decisions = new Uint8Array(contexts.length * flags * DECISION);
  const view = new DataView(decisions.buffer);
  const began = await now();
  let at = 0;
  contexts.forEach((context, number) => {
    const held = overrides(number, flags);
    // Every third context flag by flag, as servers do; from another flag on each time, as the module decides the later ones.
    const soon = held || number % 3 !== 0 ? undefined : (engine.reads?.(context, NOBODY, trapped) as Soon | undefined);
    const outcomes = soon ? undefined : engine.evaluate(context, held);
    for (let i = 0; i < flags; i++) {
      const flag = (i + number) % flags;
      const found = (outcomes ?? soon?.outcomes(flag)) as Outcomes;
      write(view, at + flag * DECISION, outcome(found, flag));
    }
    at += flags * DECISION;
  });
  const milliseconds = (await now()) - began;
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", decisions));
  const digest = Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { engine: name, digest, decisions: at / DECISION, milliseconds };
}

/** Who reads. */
const NOBODY = {
  table: () => {
    throw new Error("nobody reads");
  },
  expired: () => false,
  asked: { turn: 1, add: () => undefined },
};

const trapped = (problem: { readonly message: string }): never => {
  throw new Error(problem.message);
};

/** Flags that the client holds down by itself; the formula stands in crates/core/examples/engines/decide.rs too. */
function overrides(context: number, flags: number): Uint8Array | undefined {
  if (context % 8 !== 0) return undefined;
  return Uint8Array.from({ length: flags }, (_, flag) => [0, 0, 2, 3, 4][(context * 7 + flag * 3) % 5] ?? 0);
}

function write(view: DataView, at: number, { variant, reason, cause, ruleIndex }: Outcome): void {
  view.setUint16(at, variant, true);
  view.setUint8(at + 2, REASONS.indexOf(reason));
  view.setUint8(at + 3, CAUSES.indexOf(cause));
  view.setUint32(at + 4, ruleIndex ?? 0xffffffff, true);
}

/** Puts the values that JSON lacks where texts stand for them; see crates/core/examples/engines/hostile.rs. */
function hostile(value: unknown): unknown {
  if (typeof value === "string") return value.startsWith("\ue001") ? named(value.slice(1)) : value.replaceAll("\ue000", "\ud800");
  if (Array.isArray(value)) return value.map(hostile);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, hostile(each)]));
}

function named(name: string): unknown {
  const [kind, digits = ""] = name.split(":");
  switch (kind) {
    case "big":
      return BigInt(digits);
    case "date":
      return new Date(Number(digits));
    case "nan":
      return NaN;
    case "infinity":
      return Infinity;
    case "function":
      return () => undefined;
    case "symbol":
      return Symbol("hostile");
    case "undefined":
      return undefined;
    default:
      throw new Error(`the fixture names \`${name}\`, which is not known here`);
  }
}
