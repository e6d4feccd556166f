import type { Comparison, Document, Limits, Mapping, Replay, ReplayOptions } from "./tooling.js";

/**
 * The blast radius of a draft, worked out in a Web Worker: the page never stalls, however large the population.
 * An answer that nobody waits for any more is not worked out: of several calls in a row the last one counts, and those in
 * between give `undefined`.
 */
export interface Blast {
  /** What drafts are compared with. */
  published(document: Document): Promise<void>;
  /** Who is asked about. */
  population(data: string | Uint8Array, mapping?: Mapping): Promise<{ readonly rows: number; readonly weight: number }>;
  compare(draft: Document, options?: Limits): Promise<Comparison | undefined>;
  replay(draft: Document, options?: ReplayOptions): Promise<Replay | undefined>;
  close(): void;
}

export type Method = "published" | "population" | "compare" | "replay";

/** What the page asks of the worker, and what comes back. */
export interface Request {
  readonly id: number;
  readonly method: Method;
  readonly args: readonly unknown[];
}
export type Answer = { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: string; readonly diagnostics?: unknown };

/** The part of a Worker that is used. */
export interface Port {
  postMessage(message: unknown): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "error", listener: (event: { readonly message?: string }) => void): void;
  terminate(): void;
}

interface Call {
  readonly request: Request;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

export function blastOver(port: Port): Blast {
  let next = 0;
  const running = new Map<Method, Call>();
  const waiting = new Map<Method, Call>();

  const send = (call: Call): void => {
    running.set(call.request.method, call);
    port.postMessage(call.request);
  };
  const ask = (method: Method, ...args: unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const call: Call = { request: { id: next++, method, args }, resolve, reject };
      if (!running.has(method)) return send(call);
      waiting.get(method)?.resolve(undefined);
      waiting.set(method, call);
    });
  const settle = (method: Method, end: (call: Call) => void): void => {
    const call = running.get(method);
    running.delete(method);
    if (call) end(call);
    const after = waiting.get(method);
    waiting.delete(method);
    if (after) send(after);
  };

  port.addEventListener("message", ({ data }) => {
    const answer = data as Answer;
    const found = [...running.values()].find(({ request }) => request.id === answer.id);
    if (!found) return;
    settle(found.request.method, ({ resolve, reject }) =>
      "result" in answer ? resolve(answer.result) : reject(Object.assign(new Error(answer.error), { diagnostics: answer.diagnostics })),
    );
  });
  // A worker that cannot start answers nothing.
  port.addEventListener("error", ({ message }) => {
    const error = new Error(`the worker failed: ${message ?? "is the worker's file served?"}`);
    for (const method of [...running.keys()]) settle(method, ({ reject }) => reject(error));
  });

  return {
    published: async (document) => void (await ask("published", document)),
    population: (data, mapping) => ask("population", data, mapping) as Promise<{ rows: number; weight: number }>,
    compare: (draft, options) => ask("compare", draft, options) as Promise<Comparison | undefined>,
    replay: (draft, options) => ask("replay", draft, options) as Promise<Replay | undefined>,
    close: () => port.terminate(),
  };
}
