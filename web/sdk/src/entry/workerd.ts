import flags from "./flags.wasm";
import { clientFactory } from "../factory.js";
import { sampled } from "../sampler.js";
export * from "../index.js";

export const createClient = /* @__PURE__ */ clientFactory("edge", () => flags, () => Promise.resolve(sampled));
