import flags from "./flags.wasm";
import { clientFactory } from "../factory.js";
import * as seldom from "../seldom.js";
export * from "../index.js";

export const createClient = /* @__PURE__ */ clientFactory("edge", () => flags, async () => seldom);
