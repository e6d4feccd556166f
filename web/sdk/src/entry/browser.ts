import { clientFactory } from "../factory.js";
export * from "../index.js";

export const createClient = /* @__PURE__ */ clientFactory("browser", () => new URL("./flags.wasm", import.meta.url), () => import("../seldom.js"));
