export { relay } from "../relay.js";
export type { RelayOptions } from "../relay.js";
