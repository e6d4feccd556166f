import { attribute, readable, wellFormed } from "./context.js";
import { EngineTrap, ProgramRefused, type Engine, type FlagInfo, type Outcome, type Overrides } from "./engine.js";
import { killStrings, readConstants, type Constants } from "./program.js";
import type { Cause, Context, Reason } from "./types.js";

/** What the module must export; numbers in, numbers out. */
const EXPORTS = ["format", "scratch", "load_program", "load_kills", "begin", "evaluate", "slot_text", "element_text"] as const;

type Exports = { readonly memory: WebAssembly.Memory } & {
  readonly [name in (typeof EXPORTS)[number]]: (...numbers: number[]) => number;
};

/** Makes an instance of the module; tests put a breaking one in its place. */
export type Instantiate = (module: WebAssembly.Module) => WebAssembly.Instance;

/**
 * The engine of the evaluation module.
 * After a trap the instance is dropped, a new one is made, program and kills are applied again, and the call that
 * trapped throws `EngineTrap`.
 */
export function wasmEngine(module: WebAssembly.Module, instantiate: Instantiate = (each) => new WebAssembly.Instance(each)): Engine {
  let instance = new Instance(instantiate(module));
  let program: { readonly bytes: Uint8Array; readonly constants: Constants } | undefined;
  let kills: Uint8Array | undefined;

  const guarded = <T>(use: (instance: Instance) => T): T => {
    try {
      return use(instance);
    } catch (error) {
      if (error instanceof ProgramRefused) throw error;
      instance = new Instance(instantiate(module));
      if (program) instance.loadProgram(program.bytes, program.constants);
      if (kills && program) instance.loadKills(kills);
      throw new EngineTrap("the evaluation module trapped, and was made anew", { cause: error });
    }
  };

  return {
    formats: [instance.format],
    load: (bytes): readonly FlagInfo[] => {
      const constants = guarded((instance) => {
        instance.loadProgram(bytes);
        return readConstants(bytes);
      });
      program = { bytes, constants };
      guarded((instance) => {
        instance.constants(constants);
        if (kills) instance.loadKills(kills);
      });
      return constants.flags;
    },
    setKills: (bytes) => {
      guarded((instance) => program && instance.loadKills(bytes));
      kills = bytes;
    },
    evaluate: (context, overrides) => guarded((instance) => instance.evaluate(context, overrides)),
  };
}

/** One instance, its memory, and the ids of the strings that it knows. */
class Instance {
  readonly format: number;
  readonly #exports: Exports;
  #constants: Constants = { strings: new Map(), slots: [], flags: [] };
  #killed: ReadonlyMap<string, number> = new Map();
  #view = new DataView(new ArrayBuffer(0));
  #at = 0;
  #capacity = 0;
  /** Lists of the present context: which elements are texts that may still have to be written. */
  #elements: unknown[] = [];
  #runs: { readonly slot: number; readonly start: number; readonly count: number }[] = [];
  #texts: (string | undefined)[] = [];

  constructor(instance: WebAssembly.Instance) {
    const exports = instance.exports as Record<string, unknown>;
    const missing = EXPORTS.filter((name) => typeof exports[name] !== "function");
    if (missing.length > 0 || !(exports["memory"] instanceof WebAssembly.Memory)) {
      throw new Error(`the evaluation module lacks ${missing.join(", ") || "memory"}: it is not of this release of the package`);
    }
    this.#exports = exports as unknown as Exports;
    this.format = this.#exports.format();
    // What is read of programs on this side must be what the module reads.
    if (this.format !== FORMAT) throw new Error(`the evaluation module reads program format ${this.format}, its JavaScript ${FORMAT}: they are not of one release of the package`);
  }

  loadProgram(bytes: Uint8Array, constants?: Constants): void {
    this.#write(bytes);
    const code = this.#exports.load_program(bytes.length);
    this.#capacity = 0;
    if (code !== 0) throw new ProgramRefused(PROGRAM_ERRORS[code] ?? `the module refuses the program with code ${code}`);
    if (constants) this.constants(constants);
  }

  constants(constants: Constants): void {
    this.#constants = constants;
    this.#killed = new Map();
  }

  loadKills(bytes: Uint8Array): void {
    this.#write(bytes);
    const code = this.#exports.load_kills(bytes.length);
    if (code !== 0) throw new ProgramRefused(`the module refuses the kill set with code ${code}`);
    this.#killed = killStrings(bytes, this.#constants.strings);
  }

  evaluate(context: Context, overrides: Overrides | undefined): readonly Outcome[] {
    const { slots, flags } = this.#constants;
    this.#elements = [];
    this.#runs = [];
    this.#texts = new Array<string | undefined>(slots.length);
    // Read before anything is written: a getter of the application must not come in between.
    const values = slots.map((slot) => (slot.declared ? undefined : attribute(context, slot.name)));
    const lists = values.map((value, slot) => (Array.isArray(value) ? this.#list(slot, value) : undefined));

    const listed = slots.length * SLOT;
    const overridden = listed + this.#elements.length * SLOT;
    this.#reserve(Math.max(overridden + flags.length, flags.length * DECISION));
    values.forEach((value, slot) => {
      const run = lists[slot];
      if (run) this.#put(slot * SLOT, LIST, NONE, run.start, run.count);
      else this.#value(slot * SLOT, value, (text) => (this.#texts[slot] = text));
    });
    this.#elements.forEach((element, index) => this.#value(listed + index * SLOT, element, () => undefined));
    new Uint8Array(this.#view.buffer, this.#at + overridden, flags.length).set(overrides ?? new Uint8Array(flags.length));
    if (this.#exports.begin(this.#elements.length) !== 0) throw new Error("the module has no program");

    for (let asked = 0; ; asked++) {
      const need = this.#exports.evaluate() >>> 0;
      if (need === NONE) break;
      // Each slot is asked for once.
      if (asked > slots.length) throw new Error("the module asks without end");
      this.#give(need);
    }
    return this.#outcomes(flags.length);
  }

  #list(slot: number, list: readonly unknown[]): { readonly start: number; readonly count: number } {
    const run = { slot, start: this.#elements.length, count: list.length };
    // Holes of a sparse list are absent, as undefined is; a loop, for `map` would skip them.
    for (let i = 0; i < list.length; i++) this.#elements.push(readable(list[i]));
    this.#runs.push(run);
    return run;
  }

  #value(at: number, value: unknown, pending: (text: string) => void): void {
    switch (typeof value) {
      case "boolean":
        return this.#put(at, value ? TRUE : FALSE, NONE, 0, 0);
      case "number":
        this.#put(at, NUMBER, NONE, 0, 0);
        return this.#view.setFloat64(at + 8, value, true);
      case "string": {
        const id = this.#id(value) ?? this.#id(wellFormed(value));
        if (id !== undefined) return this.#put(at, INTERNED, id, 0, 0);
        pending(value);
        return this.#put(at, PENDING, NONE, 0, 0);
      }
      case "object":
        return this.#put(at, value === null ? ABSENT : OBJECT, NONE, 0, 0);
      default:
        return this.#put(at, ABSENT, NONE, 0, 0);
    }
  }

  #id(text: string): number | undefined {
    return this.#constants.strings.get(text) ?? this.#killed.get(text);
  }

  #put(at: number, kind: number, a: number, low: number, high: number): void {
    const view = this.#view;
    view.setUint32(at, kind, true);
    view.setUint32(at + 4, a, true);
    view.setUint32(at + 8, low, true);
    view.setUint32(at + 12, high, true);
  }

  #give(slot: number): void {
    const run = this.#runs.find((each) => each.slot === slot);
    if (!run) {
      this.#exports.slot_text(slot, this.#write(encoder.encode(this.#texts[slot] ?? "")));
      return;
    }
    for (let element = run.start; element < run.start + run.count; element++) {
      const text = this.#elements[element];
      if (typeof text !== "string" || this.#id(text) !== undefined) continue;
      this.#exports.element_text(element, this.#write(encoder.encode(text)));
    }
  }

  #outcomes(count: number): readonly Outcome[] {
    // The memory may have grown, and its old buffer be gone.
    this.#reserve(count * DECISION);
    const view = this.#view;
    const outcomes: Outcome[] = [];
    for (let at = 0; at < count * DECISION; at += DECISION) {
      const rule = view.getUint32(at + 4, true);
      outcomes.push({
        variant: view.getUint16(at, true),
        reason: REASONS[view.getUint8(at + 2)] ?? "ERROR",
        cause: CAUSES[view.getUint8(at + 3)],
        ruleIndex: rule === NONE ? undefined : rule,
      });
    }
    return outcomes;
  }

  #write(bytes: Uint8Array): number {
    this.#reserve(bytes.length);
    new Uint8Array(this.#view.buffer, this.#at, bytes.length).set(bytes);
    return bytes.length;
  }

  #reserve(size: number): void {
    if (size > this.#capacity) {
      this.#at = this.#exports.scratch(size) >>> 0;
      this.#capacity = size;
      this.#view = new DataView(this.#exports.memory.buffer, this.#at);
    } else if (this.#view.buffer !== this.#exports.memory.buffer) {
      this.#view = new DataView(this.#exports.memory.buffer, this.#at);
    }
  }
}

const encoder = new TextEncoder();
const FORMAT = 1;
const NONE = 0xffffffff;
const SLOT = 16;
const DECISION = 8;
const [ABSENT, FALSE, TRUE, NUMBER, INTERNED, PENDING, LIST, OBJECT] = [0, 1, 2, 3, 4, 6, 7, 8] as const;
const REASONS: readonly Reason[] = ["STATIC", "DEFAULT", "TARGETING_MATCH", "SPLIT", "DISABLED", "STALE", "PREREQUISITE_FAILED", "ERROR"];
const CAUSES: readonly (Cause | undefined)[] = [undefined, "kill", "stale", "breaker", "crash-loop"];
const PROGRAM_ERRORS: Readonly<Record<number, string>> = {
  1: "these bytes are not a program",
  2: "the program's format is newer than this release reads",
  3: "the program is cut short or too long",
  4: "the program was damaged on its way",
  5: "the program points outside of itself",
};
