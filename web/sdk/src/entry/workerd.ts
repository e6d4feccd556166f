import flags from "./flags-server.wasm";
import { clientFactory } from "../factory.js";
import * as seldom from "../seldom.js";
import { swiftEngine } from "../swift-engine.js";
export * from "../index.js";

export const createClient = /* @__PURE__ */ clientFactory("edge", () => flags, async () => seldom, { engine: swiftEngine });
