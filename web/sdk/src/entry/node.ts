import { builtin } from "../builtin.js";
import { clientFactory } from "../factory.js";
import { handedOver } from "../handed-over.js";
import { nodeHost } from "../node-host.js";
import * as seldom from "../seldom.js";
import { swiftEngine } from "../swift-engine.js";
import type { CreateClient } from "../types.js";
export * from "../index.js";

const read = (url: URL): WebAssembly.Module => new WebAssembly.Module(builtin("node:fs").readFileSync(url));
let swift: WebAssembly.Module | undefined;
const swiftly = (): WebAssembly.Module => (swift ??= read(new URL("./flags-server.wasm", import.meta.url)));
let first: WebAssembly.Module | undefined;

/** The module of pages compiles in less time than a first decision may take; that of servers takes its place once it pays. */
const soonest = (): WebAssembly.Module => {
  try {
    return (first = read(new URL("./flags.wasm", import.meta.url)));
  } catch {
    // A bundle beside which only the other one was copied.
    return swiftly();
  }
};

const started = /* @__PURE__ */ clientFactory("server", soonest, async () => seldom, {
  host: nodeHost,
  engine: (module) => swiftEngine(module === first && swift ? swift : module, undefined, module === first ? swiftly : undefined),
});

export const createClient: CreateClient = (options) => {
  const { bootstrap } = options;
  return bootstrap instanceof Uint8Array ? started({ ...options, bootstrap: undefined }, { handed: handedOver(bootstrap, options) }) : started(options);
};
