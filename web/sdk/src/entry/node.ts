import { readFileSync } from "node:fs";
import { clientFactory } from "../factory.js";
import { nodeCiphers } from "../node-ciphers.js";
import { sampled } from "../sampler.js";
export * from "../index.js";

export const createClient = /* @__PURE__ */ clientFactory("server", () => new WebAssembly.Module(readFileSync(new URL("./flags.wasm", import.meta.url))), () => Promise.resolve(sampled), nodeCiphers);
