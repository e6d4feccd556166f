import type { Host } from "./host.js";

/** What was answered last, for all who would be told the same. */
interface Known {
  readonly at: number;
  readonly headers: Headers;
  readonly body: ArrayBuffer;
}

/** As long as this an answer is given to others too: many clients ask every few seconds. */
const FRESH_MS = 1000;
/** Answers that are remembered. */
const MOST = 1000;
/** A kill object, with room around it. */
const SIZE_LIMIT = 128 * 1024;
/** Who asks decides what is answered. */
const ASKERS = ["authorization", "downhaul-context-token", "origin"];

/**
 * Answers for kills alone. They are signed, and a client takes none that is older than what it has: so the last one is given
 * on also while nobody is there to ask. That says nothing of the control plane, and clients do not take it for a word of it.
 */
export function killsOf(host: Host, ask: (request: Request) => Promise<Response>): (request: Request) => Promise<Response> {
  const known = new Map<string, Known>();
  const asking = new Map<string, Promise<Response | undefined>>();

  /** Asks for all who wait; undefined where there is an answer to give. */
  const renew = async (id: string, request: Request): Promise<Response | undefined> => {
    const headers = new Headers(request.headers);
    headers.delete("if-none-match");
    const response = await ask(new Request(request.url, { headers })).catch(() => undefined);
    if (response?.ok) {
      const body = await response.arrayBuffer();
      if (body.byteLength > SIZE_LIMIT) return undefined;
      known.delete(id);
      for (const oldest of known.keys()) if (known.size >= MOST) known.delete(oldest);
      known.set(id, { at: host.now(), headers: response.headers, body });
      return undefined;
    }
    // A key that is refused gets nothing any more; all else is not for us to judge.
    if (response && response.status < 500 && response.status !== 429) known.delete(id);
    return known.has(id) ? undefined : response;
  };

  return async (request) => {
    const id = JSON.stringify([new URL(request.url).search, new URL(request.url).pathname, ...ASKERS.map((name) => request.headers.get(name))]);
    const last = known.get(id);
    if (!last || host.now() - last.at >= FRESH_MS) {
      const work = asking.get(id) ?? renew(id, request).finally(() => asking.delete(id));
      asking.set(id, work);
      const refusal = await work;
      if (refusal) return refusal.clone();
    }
    const answer = known.get(id);
    if (!answer) return new Response(null, { status: 503, headers: { "retry-after": "2" } });
    const headers = new Headers(answer.headers);
    headers.delete("content-length");
    const tag = headers.get("etag");
    if (tag !== null && request.headers.get("if-none-match") === tag) return new Response(null, { status: 304, headers });
    return new Response(answer.body, { headers });
  };
}

/** Serves kill objects that lie elsewhere, to everybody, under paths of the relay's own. */
export function killFiles(host: Host, files: { readonly [path: string]: string }): (request: Request) => Promise<Response> | undefined {
  const serve = killsOf(host, (request) => host.fetch(files[new URL(request.url).pathname] as string, { redirect: "error" }).then(asFile));
  return (request) => {
    const { pathname } = new URL(request.url);
    return request.method === "GET" && Object.hasOwn(files, pathname) ? serve(bare(request)) : undefined;
  };
}

/** The same for everyone: no key, no query. */
function bare(request: Request): Request {
  const tag = request.headers.get("if-none-match");
  const { origin, pathname } = new URL(request.url);
  return new Request(origin + pathname, { headers: tag === null ? {} : { "if-none-match": tag } });
}

/** As a static host answers: without what the other one said of itself. */
async function asFile(response: Response): Promise<Response> {
  if (!response.ok) return response;
  const body = await response.arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body)).slice(0, 8);
  const tag = `"${[...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("")}"`;
  return new Response(body, { headers: { "content-type": "application/vnd.downhaul.envelope", "cache-control": "no-cache", "access-control-allow-origin": "*", etag: tag } });
}
