import { blastOver, type Blast, type Port } from "../blast.js";
export type { Blast } from "../blast.js";
export type * from "../tooling.js";

/** Starts the worker. Give `worker` where a bundler or a content security policy wants another address for it. */
export function startBlast(worker: Worker = new Worker(new URL("./blast-worker.js", import.meta.url), { type: "module" })): Blast {
  return blastOver(worker as Port);
}
