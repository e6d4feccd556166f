import flags from "../generated/downhaul.wasm";
import { clientFactory } from "../factory.js";
import * as seldom from "../seldom.js";
export * from "../index.js";

/** The module's bytes are part of this file: for where nothing can be fetched beside it. */
export const createClient = /* @__PURE__ */ clientFactory(undefined, () => flags, async () => seldom);
