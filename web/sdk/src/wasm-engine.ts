import { wellFormed } from "./context.js";
import { EngineTrap, ProgramRefused, type Engine, type FlagInfo, type Outcomes, type Overrides } from "./engine.js";
import { killStrings, readConstants, type Constants } from "./program.js";
import type { Context } from "./types.js";
import { small, type Ways } from "./ways.js";
import { NONE, type Scratch, type Writer } from "./write.js";

/** What the module must export; numbers in, numbers out. */
const EXPORTS = ["memory", "format", "scratch", "load_program", "load_kills", "decide", "resume", "slot_text", "element_text"] as const;

type Exports = { readonly memory: WebAssembly.Memory } & {
  readonly [name in Exclude<(typeof EXPORTS)[number], "memory">]: (...numbers: number[]) => number;
};

/** Makes an instance of the module; tests put a breaking one in its place. */
export type Instantiate = (module: WebAssembly.Module) => WebAssembly.Instance;

export interface WasmEngine extends Engine {
  /** Makes another instance, with what this one had loaded. */
  renew(): void;
}

/**
 * The engine of the evaluation module.
 * After a trap the instance is dropped, a new one is made, program and kills are applied again, and the call that
 * trapped throws `EngineTrap`.
 */
export function wasmEngine(module: WebAssembly.Module, ways: Ways = small, instantiate: Instantiate = (each) => new WebAssembly.Instance(each)): WasmEngine {
  const made = (): Instance => instanceOf(instantiate(module), ways);
  let instance = made();
  let program: Constants | undefined;
  let kills: Uint8Array | undefined;

  const renew = (): void => {
    instance = made();
    if (program) instance.loadProgram(program.bytes, program);
    if (kills && program) instance.loadKills(kills);
  };

  const guarded = <T>(use: (instance: Instance) => T): T => {
    try {
      return use(instance);
    } catch (cause) {
      if (cause instanceof ProgramRefused) throw cause;
      renew();
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
    renew,
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
  let writer: Writer | undefined;
  let killed: ReadonlyMap<string, number> = new Map();

  const scratch: Scratch = {
    bytes: new Uint8Array(),
    reserve: (size) => {
      // Where the memory has grown, views of it are of no length any more.
      if (size <= scratch.bytes.length) return;
      // Where the buffer is may change with each call that makes it longer only.
      const at = exports.scratch(size) >>> 0;
      scratch.bytes = new Uint8Array(exports.memory.buffer, at, size);
    },
    idOf: (text) => idOf(text) ?? idOf(wellFormed(text)),
  };

  const idOf = (text: string): number | undefined => program?.strings.get(text) ?? killed.get(text);

  const write = (given: Uint8Array): number => {
    scratch.reserve(given.length);
    scratch.bytes.set(given);
    return given.length;
  };

  const prepare = (constants: Constants | undefined, kills: ReadonlyMap<string, number>): void => {
    program = constants;
    killed = kills;
    writer = undefined;
  };

  const instance: Instance = {
    format,
    loadProgram: (given, constants) => {
      const code = exports.load_program(write(given));
      // The room is gone.
      scratch.bytes = new Uint8Array();
      done(code);
      if (constants) instance.constants(constants);
    },
    constants: (constants) => prepare(constants, new Map()),
    loadKills: (given) => {
      done(exports.load_kills(write(given)));
      if (program) prepare(program, killStrings(given, program.strings));
    },
    evaluate: (context, overrides) => {
      // Nobody asks before there is a program; who did would be told of a trap.
      const { slots, flags } = program as Constants;
      const length = flags.length * DECISION;
      scratch.reserve(length);
      writer ??= ways.writer(scratch, program as Constants);
      const texts = writer.write(context, overrides);
      const { values, elements, starts } = writer;

      let need = exports.decide(overrides?.length ?? 0, texts, elements.length) >>> 0;
      for (let asked = 0; need !== NONE; asked++) {
        // Each slot is asked for once.
        if (asked > slots.length) throw new Error("the module asks without end");
        const value = values[need];
        if (typeof value === "string") exports.slot_text(need, write(encoder.encode(value)));
        const start = starts[need] ?? 0;
        for (let i = start; i < start + (Array.isArray(value) ? value.length : 0); i++) {
          const text = elements[i];
          if (typeof text === "string" && scratch.idOf(text) === undefined) exports.element_text(i, write(encoder.encode(text)));
        }
        need = exports.resume() >>> 0;
      }
      // The memory may have grown, and its old buffer be gone.
      scratch.reserve(length);
      return kept(scratch.bytes, length);
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
const DECISION = 8;
