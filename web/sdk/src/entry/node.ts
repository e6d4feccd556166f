import { builtin } from "../builtin.js";
import { clientFactory } from "../factory.js";
import { nodeCiphers } from "../node-ciphers.js";
import * as seldom from "../seldom.js";
import { swiftEngine } from "../swift-engine.js";
export * from "../index.js";

export const createClient = /* @__PURE__ */ clientFactory("server", () => new WebAssembly.Module(builtin("node:fs").readFileSync(new URL("./flags-server.wasm", import.meta.url))), async () => seldom, { ciphers: nodeCiphers, engine: swiftEngine });
