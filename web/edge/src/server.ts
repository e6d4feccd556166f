// The same for Deno and Bun, in one process: decides at the edge, bootstraps the page, relays flag sets.
// deno serve --port 8793 … dist/server.js, or PORT=8793 bun dist/server.js

import { env } from "node:process";
import { relay } from "downhaul/relay";
import worker, { type Env } from "./worker.js";

const killFile = env["DOWNHAUL_KILL_FILE"];
const relayed = relay({ url: env["DOWNHAUL_URL"] ?? "", killFiles: killFile ? { "/kills": killFile } : {} });
const background = { waitUntil: (work: Promise<unknown>): void => void work.catch(() => undefined) };

export default {
  port: Number(env["PORT"] ?? 8793),
  hostname: "127.0.0.1",
  /** A stream is silent between two pings: longer than Bun waits by itself. */
  idleTimeout: 60,
  fetch: (request: Request): Promise<Response> =>
    /^\/(client|ofrep|kills)(\/|$)/.test(new URL(request.url).pathname) ? relayed(request) : worker.fetch(request, env as unknown as Env, background),
};
