export { flagsOf } from "../testing.js";
export type * from "../testing.js";
export type * from "../types.js";
