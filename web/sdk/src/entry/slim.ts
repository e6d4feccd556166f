import { clientFactory } from "../factory.js";
export * from "../index.js";

/** Needs the option `wasm`. */
export const createClient = /* @__PURE__ */ clientFactory(undefined, undefined);
