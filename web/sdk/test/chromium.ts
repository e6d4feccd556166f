// Pages in a real Chromium: a server for them, which passes the client's requests on to a control plane, and the browser.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, request as ask, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

export interface Page {
  readonly body: string | Uint8Array;
  readonly type?: string;
  readonly headers?: Record<string, string>;
}

export interface Pages {
  readonly url: string;
  /** The next thing that pages report under this name: `report(name, what)` of `REPORT`. */
  reported<T>(name: string): Promise<T>;
  close(): Promise<void>;
}

/** Script of a page: `report(name, what)` tells the test. */
export const REPORT = `const report = (name, what) => fetch("/report?name=" + name, { method: "POST", body: JSON.stringify(what) });`;

const TYPES: Record<string, string> = { html: "text/html; charset=utf-8", js: "text/javascript", wasm: "application/wasm", json: "application/json" };
export const typeOf = (path: string): string => TYPES[path.split(".").at(-1) ?? ""] ?? "application/octet-stream";

/** Serves pages; what they ask of `/client` and `/ofrep` goes to `upstream`, so that all is of one origin. */
export async function pages(find: (url: URL, request: IncomingMessage) => Page | undefined, upstream?: string): Promise<Pages> {
  const told = new Map<string, { readonly values: unknown[]; readonly waiting: ((value: never) => void)[] }>();
  const of = (name: string) => told.get(name) ?? told.set(name, { values: [], waiting: [] }).get(name) as NonNullable<ReturnType<typeof told.get>>;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://pages");
    if (url.pathname === "/report") {
      let text = "";
      request.on("data", (chunk: Buffer) => (text += chunk.toString()));
      request.on("end", () => {
        response.end();
        const { values, waiting } = of(url.searchParams.get("name") ?? "");
        const value: unknown = JSON.parse(text);
        const next = waiting.shift();
        if (next) next(value as never);
        else values.push(value);
      });
      return;
    }
    if (upstream && /^\/(client|ofrep)\//.test(url.pathname)) return pass(upstream, request, response);
    const page = find(url, request);
    if (!page) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": page.type ?? typeOf(url.pathname.endsWith("/") ? "x.html" : url.pathname), ...page.headers }).end(page.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    reported: <T>(name: string) =>
      new Promise<T>((resolve) => {
        const { values, waiting } = of(name);
        if (values.length > 0) resolve(values.shift() as T);
        else waiting.push(resolve);
      }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function pass(upstream: string, from: IncomingMessage, to: ServerResponse): void {
  const onwards = ask(new URL(from.url ?? "/", upstream), { method: from.method, headers: from.headers }, (answer) => {
    to.writeHead(answer.statusCode ?? 502, answer.headers);
    to.flushHeaders();
    answer.pipe(to);
    answer.on("error", () => to.destroy());
  });
  onwards.on("error", () => to.destroy());
  to.on("close", () => onwards.destroy());
  from.pipe(onwards);
}

const ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** A Chromium that takes commands of the DevTools protocol. */
export interface Driven {
  command(method: string, params?: object, session?: string): Promise<Record<string, unknown>>;
  /** Resolves at the next event of this name, from now on. */
  event(method: string): Promise<Record<string, unknown>>;
  end(): Promise<void>;
}

/** Starts one, with a profile of its own and an empty page. */
export function driven(): Driven {
  const profile = mkdtempSync(join(tmpdir(), "downhaul-chromium-"));
  const child = spawn(program(), [...ARGUMENTS, "--remote-debugging-pipe", `--user-data-dir=${profile}`, "about:blank"], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"], detached: true });
  const [, , , to, from] = child.stdio as unknown as [null, null, null, NodeJS.WritableStream, NodeJS.ReadableStream];
  const waiting = new Map<number, { resolve: (result: never) => void; reject: (cause: Error) => void }>();
  const events = new Map<string, ((params: never) => void)[]>();
  let text = "";
  let number = 0;
  from.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    const messages = text.split("\0");
    text = messages.pop() ?? "";
    for (const message of messages) {
      const { id, method, result, error, params } = JSON.parse(message) as { id?: number; method?: string; result?: unknown; error?: { message: string }; params?: unknown };
      if (id === undefined) events.get(method ?? "")?.splice(0).forEach((resolve) => resolve(params as never));
      else if (error) waiting.get(id)?.reject(new Error(error.message));
      else waiting.get(id)?.resolve(result as never);
    }
  });
  const ended = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  return {
    command: (method, params = {}, sessionId) =>
      new Promise((resolve, reject) => {
        waiting.set(++number, { resolve, reject });
        to.write(`${JSON.stringify({ id: number, method, params, sessionId })}\0`);
      }),
    event: (method) => new Promise((resolve) => events.set(method, [...(events.get(method) ?? []), resolve])),
    end: async () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch {
        // Ended by itself.
      }
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    },
  };
}

/** Opens an address in a Chromium with a profile of its own; gives what ends it. */
export function chromium(url: string, flags: readonly string[] = []): () => Promise<void> {
  const profile = mkdtempSync(join(tmpdir(), "downhaul-chromium-"));
  const args = [...ARGUMENTS, "--remote-debugging-port=0", `--user-data-dir=${profile}`, ...flags, url];
  const child = spawn(program(), args, { stdio: "ignore", detached: true });
  const ended = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  return async () => {
    try {
      // With its helpers.
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // Ended by itself.
    }
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  };
}

function program(): string {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    for (const name of ["chromium", "chromium-browser", "google-chrome"]) if (existsSync(join(folder, name))) return join(folder, name);
  }
  throw new Error("no Chromium on the search path: cargo xtask setup --tests");
}
