export { flag } from "./flag.js";
export { indexedDbStore, memoryStore } from "./store.js";
export type * from "./types.js";
