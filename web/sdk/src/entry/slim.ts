import { clientFactory } from "../factory.js";
import { sampled } from "../sampler.js";
export * from "../index.js";

/** Needs the option `wasm`. */
export const createClient = /* @__PURE__ */ clientFactory(undefined, undefined, () => Promise.resolve(sampled));
