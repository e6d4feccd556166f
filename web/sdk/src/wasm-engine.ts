import { wellFormed } from "./context.js";
import { EngineTrap, ProgramRefused, type Engine, type FlagInfo, type Outcomes, type Overrides } from "./engine.js";
import { killStrings, readConstants, type Constants } from "./program.js";
import type { Context } from "./types.js";
import { ROOM, small, type Reader, type Ways } from "./ways.js";

/** What the module must export; numbers in, numbers out. */
const EXPORTS = ["memory", "format", "scratch", "load_program", "load_kills", "decide", "resume", "slot_text", "element_text"] as const;

type Exports = { readonly memory: WebAssembly.Memory } & {
  readonly [name in Exclude<(typeof EXPORTS)[number], "memory">]: (...numbers: number[]) => number;
};

/** Makes an instance of the module; tests put a breaking one in its place. */
export type Instantiate = (module: WebAssembly.Module) => WebAssembly.Instance;

/**
 * The engine of the evaluation module.
 * After a trap the instance is dropped, a new one is made, program and kills are applied again, and the call that
 * trapped throws `EngineTrap`.
 */
export function wasmEngine(module: WebAssembly.Module, ways: Ways = small, instantiate: Instantiate = (each) => new WebAssembly.Instance(each)): Engine {
  const made = (): Instance => instanceOf(instantiate(module), ways);
  let instance = made();
  let program: Constants | undefined;
  let kills: Uint8Array | undefined;

  const guarded = <T>(use: (instance: Instance) => T): T => {
    try {
      return use(instance);
    } catch (cause) {
      if (cause instanceof ProgramRefused) throw cause;
      instance = made();
      if (program) instance.loadProgram(program.bytes, program);
      if (kills && program) instance.loadKills(kills);
      throw new EngineTrap("the evaluation module trapped, and was made anew", { cause });
    }
  };

  return {
    formats: [instance.format],
    load: (bytes): readonly FlagInfo[] => {
      const constants = guarded((instance) => {
        instance.loadProgram(bytes);
        return readConstants(bytes);
      });
      program = constants;
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
    ways,
    readsTime: () => !!program?.readsTime,
    evaluate: (context, overrides) => guarded((instance) => instance.evaluate(context, overrides)),
  };
}

/** One instance, its memory, and the ids of the strings that it knows. */
interface Instance {
  readonly format: number;
  loadProgram(bytes: Uint8Array, constants?: Constants): void;
  constants(constants: Constants): void;
  loadKills(bytes: Uint8Array): void;
  evaluate(context: Context, overrides: Overrides | undefined): Outcomes;
}

function instanceOf(made: WebAssembly.Instance, ways: Ways): Instance {
  const exports = made.exports as unknown as Exports;
  const missing = EXPORTS.filter((name) => !exports[name]);
  // What is read of programs on this side must be what the module reads.
  const format = missing.length > 0 ? 0 : exports.format();
  if (format !== FORMAT) {
    throw new Error(`the evaluation module ${format ? `reads program format ${format}, its JavaScript ${FORMAT}` : `lacks ${missing.join(", ")}`}: they are not of one release of the package`);
  }

  const kept = ways.kept();
  let program: Constants | undefined;
  let reader: Reader | undefined;
  let killed: ReadonlyMap<string, number> = new Map();
  let view = new DataView(new ArrayBuffer(0));
  let bytes = new Uint8Array();

  const reserve = (size: number): void => {
    // Where the memory has grown, views of it are of no length any more.
    if (size <= bytes.length) return;
    // Where the buffer is may change with each call that makes it longer only.
    const at = exports.scratch(size) >>> 0;
    const { buffer } = exports.memory;
    view = new DataView(buffer, at);
    bytes = new Uint8Array(buffer, at, size);
  };

  const write = (given: Uint8Array): number => {
    reserve(given.length);
    bytes.set(given);
    return given.length;
  };

  const idOf = (text: string): number | undefined => {
    const id = program?.strings.get(text) ?? killed.get(text);
    if (id !== undefined) return id;
    const formed = wellFormed(text);
    return formed === text ? undefined : idOf(formed);
  };

  /** Of these kinds the payload means nothing. */
  const put = (at: number, kind: number, a: number): void => {
    view.setUint32(at, kind, true);
    view.setUint32(at + 4, a, true);
  };

  const putRun = (at: number, kind: number, start: number, length: number): void => {
    put(at, kind, NONE);
    view.setUint32(at + 8, start, true);
    view.setUint32(at + 12, length, true);
  };

  const putValue = (at: number, value: unknown): void => {
    switch (typeof value) {
      case "boolean":
        return put(at, value ? TRUE : FALSE, NONE);
      case "number":
        put(at, NUMBER, NONE);
        return view.setFloat64(at + 8, value, true);
      case "string": {
        const id = idOf(value);
        return id === undefined ? put(at, PENDING, NONE) : put(at, INTERNED, id);
      }
      case "object":
        return put(at, value === null ? ABSENT : OBJECT, NONE);
      default:
        return put(at, ABSENT, NONE);
    }
  };

  const instance: Instance = {
    format,
    loadProgram: (given, constants) => {
      const code = exports.load_program(write(given));
      // The room is gone.
      bytes = new Uint8Array();
      done(code);
      if (constants) instance.constants(constants);
    },
    constants: (constants) => {
      program = constants;
      reader = ways.reader(constants);
      killed = new Map();
    },
    loadKills: (given) => {
      done(exports.load_kills(write(given)));
      if (program) killed = killStrings(given, program.strings);
    },
    evaluate: (context, overrides) => {
      // Nobody asks before there is a program; who did would be told of a trap.
      const { slots, flags } = program as Constants;
      // Read before anything is written: a getter of the application must not come in between.
      const { read, early } = reader as Reader;
      const values = read(context);
      const elements: unknown[] = [];
      /** By slot: where a list's elements begin. */
      const starts: number[] = [];

      const first = slots.length * SLOT + (overrides?.length ?? 0);
      reserve(Math.max(first + slots.length * ROOM, flags.length * DECISION));
      if (overrides) bytes.set(overrides, slots.length * SLOT);
      let texts = 0;
      for (let slot = 0; slot < slots.length; slot++) {
        const value = values[slot];
        const at = slot * SLOT;
        if (Array.isArray(value)) {
          putRun(at, LIST, (starts[slot] = elements.length), value.length);
          for (const element of value as unknown[]) elements.push(element);
          continue;
        }
        const length = typeof value === "string" && early?.(slot, value, bytes, first + texts);
        if (length) {
          putRun(at, TEXT, texts, length);
          texts += length;
        } else putValue(at, value);
      }
      const listed = first + texts;
      reserve(listed + elements.length * SLOT);
      for (let i = 0; i < elements.length; i++) putValue(listed + i * SLOT, elements[i]);

      let need = exports.decide(overrides?.length ?? 0, texts, elements.length) >>> 0;
      for (let asked = 0; need !== NONE; asked++) {
        // Each slot is asked for once.
        if (asked > slots.length) throw new Error("the module asks without end");
        const value = values[need];
        if (typeof value === "string") exports.slot_text(need, write(encoder.encode(value)));
        const start = starts[need] ?? 0;
        for (let i = start; i < start + (Array.isArray(value) ? value.length : 0); i++) {
          const text = elements[i];
          if (typeof text === "string" && idOf(text) === undefined) exports.element_text(i, write(encoder.encode(text)));
        }
        need = exports.resume() >>> 0;
      }
      // The memory may have grown, and its old buffer be gone.
      const length = flags.length * DECISION;
      reserve(length);
      return kept(bytes, length);
    },
  };
  return instance;
}

/** The codes are in docs/reference/program-format.md. */
function done(code: number): void {
  if (code !== 0) throw new ProgramRefused(`code ${code}`);
}

const encoder = new TextEncoder();
const FORMAT = 1;
const NONE = 0xffffffff;
const SLOT = 16;
const DECISION = 8;
const [ABSENT, FALSE, TRUE, NUMBER, INTERNED, TEXT, PENDING, LIST, OBJECT] = [0, 1, 2, 3, 4, 5, 6, 7, 8] as const;
