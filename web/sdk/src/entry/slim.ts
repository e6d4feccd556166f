import { clientFactory } from "../factory.js";
import * as seldom from "../seldom.js";
export * from "../index.js";

/** Needs the option `wasm`. */
export const createClient = /* @__PURE__ */ clientFactory(undefined, undefined, async () => seldom);
