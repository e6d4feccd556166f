import type { Host } from "./host.js";
import { nodeCiphers } from "./node-ciphers.js";

/** What Node, Deno and Bun have instead of what every engine has. */
export const nodeHost: Partial<Host> = {
  // The first look at `performance` makes Node load all that it measures.
  now: () => Number(process.hrtime.bigint()) / 1e6,
  ciphers: nodeCiphers,
};
