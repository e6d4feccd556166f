import flags from "./flags-server.wasm";
import { clientFactory } from "../factory.js";
import * as seldom from "../seldom.js";
import { swift } from "../swift.js";
export * from "../index.js";

export const createClient = /* @__PURE__ */ clientFactory("edge", () => flags, async () => seldom, { ways: swift });
