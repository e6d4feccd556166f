import type { Engine } from "./engine.js";
import type { Constants } from "./program.js";
import { Sifted } from "./sifted.js";
import { Ready, Soon } from "./soon.js";
import { swift } from "./swift.js";
import { indexOf } from "./swift-index.js";
import { reader, Snapshot, type Reader } from "./swift-write.js";
import type { Context, Position } from "./types.js";
import { small, type Ways } from "./ways.js";
import { wasmEngine, type Instantiate } from "./wasm-engine.js";

/** What the servers' module exports beside what all do. */
interface Tables {
  readonly memory: WebAssembly.Memory;
  tables(): number;
  tables_length(): number;
  tables_read(): void;
}

/**
 * The engine of servers, which decides a flag when it is asked for, once some contexts have been decided with the same program and kills.
 * `later` gives the module that is used from then on: a smaller one is ready sooner. Where there is none it throws.
 */
export function swiftEngine(first: WebAssembly.Module, instantiate: Instantiate = (each) => new WebAssembly.Instance(each), later?: () => WebAssembly.Module): Engine {
  let module = first;
  let exports: Tables | undefined;
  let program: Constants | undefined;
  let kills: Uint8Array | undefined;
  let decided = 0;
  let ready: Ready | undefined;
  let read: Reader["values"] | undefined;
  const changed = (): void => {
    decided = 0;
    ready = undefined;
  };

  const ways: Ways = {
    ...swift,
    // What is faster takes longer to be made: not before it pays.
    writer: (scratch, constants) => (module === first && later ? small : swift).writer(scratch, (program = constants)),
    // Called at the end of each evaluation: where the module traps here, too, the engine makes it anew.
    kept: () => {
      const copy = swift.kept();
      return (bytes, length) => {
        const outcomes = copy(bytes, length);
        if (++decided === SIFTED_AT) ready = prepare();
        return outcomes;
      };
    },
  };
  const engine = wasmEngine(first, ways, () => {
    const made = instantiate(module);
    exports = made.exports as unknown as Tables;
    return made;
  });

  const swap = (): void => {
    if (module !== first || !later) return;
    try {
      module = later();
      engine.renew();
    } catch {
      // It is not there, or can't start: the first one gives the same answers.
      if (module !== first) {
        module = first;
        engine.renew();
      }
      later = undefined;
    }
  };

  const prepare = (): Ready | undefined => {
    swap();
    // A module that the application brings may be that of pages.
    if (!exports?.tables || !program) return undefined;
    const at = exports.tables() >>> 0;
    const tables = new Int32Array(exports.memory.buffer, at, exports.tables_length()).slice();
    exports.tables_read();
    const [constants, itsKills, itsModule] = [program, kills, module];
    let older: Engine | undefined;
    const mine = new Ready(new Sifted(tables, constants), indexOf(constants.flags), (values) => {
      const context = new Snapshot(values) as Context;
      if (ready === mine) return engine.evaluate(context, undefined);
      // Another program is loaded since, or other kills.
      if (!older) {
        older = wasmEngine(itsModule, swift, instantiate);
        older.load(constants.bytes);
        if (itsKills) older.setKills(itsKills);
      }
      return older.evaluate(context, undefined);
    });
    read = reader(constants).values;
    return mine;
  };

  /** What is held is for everyone, and reads no clock. */
  let plainly = false;
  let position: Position | undefined;

  return {
    ...engine,
    load: (bytes) => {
      try {
        return engine.load(bytes);
      } finally {
        changed();
      }
    },
    setKills: (bytes) => {
      try {
        engine.setKills(bytes);
        kills = bytes;
      } finally {
        changed();
      }
    },
    take: (held) => {
      const audience = held.header?.audience;
      plainly = !!audience && (audience.decided_for ?? null) === null && Object.keys(audience.attributes).length === 0 && !engine.readsTime();
      position = held.position;
    },
    reads: (context, source, report) => {
      if (!ready || !plainly) return undefined;
      const values = (read as Reader["values"])(context);
      return values && new Soon(ready, ready.index, values, position, source, report);
    },
  };
}

/** After so many contexts: a process that starts waits for its first decisions, and nobody for what makes later ones fast. */
const SIFTED_AT = 64;
