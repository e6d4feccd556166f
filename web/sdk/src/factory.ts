import { startClient } from "./client.js";
import { after } from "./after.js";
import type { Engine } from "./engine.js";
import type { Host } from "./host.js";
import { compiled } from "./module.js";
import type { Platform } from "./platform.js";
import type { Remote } from "./remote.js";
import type { Sampler } from "./sampler.js";
import { indexedDbStore, memoryStore } from "./store.js";
import type { Client, Kind, Options, WasmSource } from "./types.js";
import { wasmEngine } from "./wasm-engine.js";

/** What is rarely needed, and loaded then. */
export interface Seldom {
  readonly sampled: Sampler;
  readonly remotely: Remote;
}

/** What an entry brings along; unless said otherwise, that of pages. */
interface Beside {
  readonly host?: Partial<Host>;
  readonly engine: (module: WebAssembly.Module) => Engine;
}

/** `createClient` of an entry: its usual kind, where its module comes from, and how it comes by what is rarely needed. */
export function clientFactory(usual: Kind | undefined, source: (() => WasmSource) | undefined, seldom: () => Promise<Seldom>, beside: Beside = { engine: wasmEngine }): (options: Options, more?: Partial<Platform>) => Client {
  // Compiled once for all clients of a process.
  let module: WebAssembly.Module | Promise<WebAssembly.Module> | undefined;
  const own = (): WebAssembly.Module | Promise<WebAssembly.Module> => {
    if (!source) throw new Error("`downhaul/slim` brings no evaluation module: give the option `wasm`");
    return (module ??= remembered(compiled(source())));
  };
  const remembered = (made: WebAssembly.Module | Promise<WebAssembly.Module>): typeof made => {
    // One that could not be fetched is tried again by the next client.
    if (made instanceof Promise) made.catch(() => (module = undefined));
    return made;
  };
  return (options, more) => {
    const inPage = typeof document !== "undefined" || typeof indexedDB !== "undefined";
    const platform: Platform = {
      ...beside,
      kind: usual ?? (inPage ? "browser" : "server"),
      engine: ({ wasm }) => after(wasm === undefined ? own() : compiled(wasm), beside.engine),
      sampler: async () => (await seldom()).sampled,
      remote: async () => (await seldom()).remotely,
      store: () => (typeof indexedDB === "undefined" ? memoryStore() : indexedDbStore()),
      ...more,
    };
    return startClient(options, platform);
  };
}
