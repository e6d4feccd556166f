// A relay in workerd. Requests of a worker share no connection, those of a durable object do: one of them holds the streams.

import { relay } from "downhaul/relay";

interface Env {
  DOWNHAUL_URL: string;
  /** Where a kill object lies that is served as `/kills`, such as what `downhaul break-glass kill` wrote; empty for none. */
  DOWNHAUL_KILL_FILE?: string;
  RELAY: { idFromName(name: string): unknown; get(id: unknown): { fetch(request: Request): Promise<Response> } };
}

export class Relay {
  readonly fetch: (request: Request) => Promise<Response>;

  constructor(_: unknown, env: Env) {
    this.fetch = relay({ url: env.DOWNHAUL_URL, killFiles: env.DOWNHAUL_KILL_FILE ? { "/kills": env.DOWNHAUL_KILL_FILE } : {}, clientAddress: (request) => request.headers.get("cf-connecting-ip") ?? undefined });
  }
}

export default {
  fetch: (request: Request, env: Env): Promise<Response> => env.RELAY.get(env.RELAY.idFromName("relay")).fetch(request),
};
