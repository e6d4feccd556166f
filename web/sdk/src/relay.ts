import { toBase64, utf8 } from "./bytes.js";
import { globalHost, sleep, type Host } from "./host.js";
import { killFiles, killsOf } from "./relay-kills.js";
import { greeting, openChannel, written, type Channel, type Refusal, type Snapshot } from "./relay-channel.js";

export interface RelayOptions {
  /** Where the control plane is, or another relay. */
  readonly url: string;
  /** The client's own address, from something that it can't write itself; told to the control plane as `X-Forwarded-For`. */
  readonly clientAddress?: ((request: Request) => string | undefined) | undefined;
  /** How many streams are held at the control plane at most; what is asked beyond that is passed on as it is. Default 1 000. */
  readonly streams?: number | undefined;
  /**
   * Kill objects that are served to everybody, such as what `downhaul break-glass kill` wrote: from a path of the relay to the
   * address of the file. What was fetched last is served on while that address is away.
   */
  readonly killFiles?: { readonly [path: string]: string } | undefined;
  /** Default: the global one. */
  readonly fetch?: typeof fetch | undefined;
}

/** A client that lets this much wait is cut off: it comes back and gets the newest. */
const WAITING_BYTES = 4 * 1024 * 1024;
/** Of a request that is passed on; what the control plane takes is smaller. */
const BODY_BYTES = 128 * 1024;
const FIRST_MS = 10_000;
const HELD_SECONDS = 30;
/** Of one connection, not of what is asked or answered. */
const HOP = ["connection", "content-length", "host", "keep-alive", "transfer-encoding", "upgrade", "accept-encoding", "x-forwarded-for"];

/**
 * Stands before a control plane as if it were one: clients that would be told the same share one stream of it, and what they
 * acknowledge is passed on. Nothing is decided or signed here, and while the control plane is not heard of nobody is told
 * that all is well.
 */
export function relay(options: RelayOptions): (request: Request) => Promise<Response> {
  return relayOn(globalHost(options.fetch), options);
}

export function relayOn(host: Host, { url, clientAddress, streams = 1000, killFiles: files = {} }: RelayOptions): (request: Request) => Promise<Response> {
  const upstream = url.replace(/\/+$/, "");
  const channels = new Map<string, Channel>();

  /** The channel of all who would be told the same; undefined where there are too many. */
  const channelOf = (request: Request): Channel | undefined => {
    const asked = new URL(request.url).searchParams;
    const query = new URLSearchParams([...asked].filter(([name]) => name === "formats" || name === "context"));
    const headers: Record<string, string> = { accept: "text/event-stream" };
    for (const name of ["authorization", "downhaul-context-token", "origin"]) {
      const value = request.headers.get(name);
      if (value !== null) headers[name] = value;
    }
    const key = JSON.stringify([query.toString(), headers]);
    const known = channels.get(key);
    if (known || channels.size >= streams) return known;
    const made = openChannel(host, `${upstream}/client/v1/stream?${query}`, headers, () => channels.get(key) === made && channels.delete(key));
    channels.set(key, made);
    return made;
  };

  const onwards = async (request: Request): Promise<Response> => {
    const headers = kept(request.headers);
    const address = clientAddress?.(request);
    if (address !== undefined) headers.set("x-forwarded-for", address);
    const { pathname, search } = new URL(request.url);
    const body = request.method === "GET" || request.method === "HEAD" ? undefined : await request.arrayBuffer();
    if (body && body.byteLength > BODY_BYTES) return problem(413, "too-large", `${body.byteLength} bytes are more than ${BODY_BYTES}`);
    try {
      const answer = await host.fetch(upstream + pathname + search, { method: request.method, headers, redirect: "manual", signal: request.signal, ...(body ? { body } : {}) });
      return new Response(answer.body, { status: answer.status, headers: unpacked(answer.headers) });
    } catch {
      return cutOff();
    }
  };

  /** Answers by what is held; `use` gets it once it is there. */
  const withSnapshot = async (request: Request, use: (snapshot: Snapshot, channel: Channel) => Response | Promise<Response>): Promise<Response> => {
    const channel = channelOf(request);
    if (!channel) return onwards(request);
    const over = new AbortController();
    const stop = channel.listen(() => undefined);
    await Promise.race([channel.first(), sleep(host, FIRST_MS, over.signal)]);
    over.abort();
    const refusal = channel.refusal();
    const snapshot = channel.snapshot();
    try {
      return refusal ? asRefused(refusal) : snapshot ? await use(snapshot, channel) : cutOff();
    } finally {
      stop();
    }
  };

  const stream = (request: Request): Promise<Response> =>
    withSnapshot(request, (snapshot, channel) => {
      const { position, header } = snapshot;
      const asked = new URL(request.url).searchParams;
      const has = asked.get("base") === header.program_sha256 && asked.get("position") === text(position);
      let leave: () => void = () => undefined;
      const body = new ReadableStream<Uint8Array>(
        {
          start: (controller) => {
            controller.enqueue(utf8(greeting(snapshot, host.wall(), !has)));
            const stop = channel.listen((event) => {
              if (event && (controller.desiredSize ?? 0) > -WAITING_BYTES) return controller.enqueue(utf8(written(event)));
              leave();
              controller.close();
            });
            leave = () => {
              leave = () => undefined;
              stop();
            };
          },
          cancel: () => leave(),
        },
        { highWaterMark: 0, size: (chunk) => chunk?.byteLength ?? 0 },
      );
      request.signal.addEventListener("abort", () => leave());
      return new Response(body, { headers: answered(snapshot, { "content-type": "text/event-stream", "x-accel-buffering": "no" }) });
    });

  const flagSet = (request: Request): Promise<Response> =>
    withSnapshot(request, async (snapshot, channel) => {
      const wait = Math.min(HELD_SECONDS, Number(new URL(request.url).searchParams.get("wait") ?? 0) || 0);
      let now: Snapshot | undefined = snapshot;
      if (request.headers.get("if-none-match") === tag(snapshot) && wait > 0) {
        const over = new AbortController();
        const stop = channel.listen((event) => (event && !NEWS.includes(event.event) ? undefined : over.abort()));
        await sleep(host, wait * 1000, over.signal);
        stop();
        now = channel.snapshot();
      }
      if (!now) return cutOff();
      // A kill that came alone: the control plane has it in one piece.
      if (now.kills) return onwards(request);
      const headers = answered(now, { etag: tag(now), ...(now.sample === undefined ? {} : { "downhaul-sample": toBase64(utf8(now.sample)) }) });
      if (request.headers.get("if-none-match") === tag(now)) return new Response(null, { status: 304, headers });
      headers.set("content-type", "application/vnd.downhaul.envelope");
      return new Response(now.envelope as Uint8Array<ArrayBuffer>, { headers });
    });

  const kills = killsOf(host, onwards);
  const file = killFiles(host, files);
  return async (request) => {
    const { pathname } = new URL(request.url);
    if (request.method === "GET" && pathname === "/client/v1/stream") return stream(request);
    if (request.method === "GET" && pathname === "/client/v1/flag-set") return flagSet(request);
    if (request.method === "GET" && pathname === "/client/v1/kills") return kills(request);
    const served = file(request);
    if (served) return served;
    if (/^\/(client|ofrep)\/v1\//.test(pathname)) return onwards(request);
    return problem(404, "not-found", `a relay answers \`/client/v1/…\` and \`/ofrep/v1/…\`, not \`${pathname}\``);
  };
}

/** Events after which the flag set is another one. */
const NEWS = ["put", "patch", "kill", "restore"];

const text = ({ epoch, revision, kill_revision }: Snapshot["position"]): string => `${epoch}.${revision}.${kill_revision}`;
const tag = ({ position, header }: Snapshot): string => `"relay.${text(position)}.${header.program_sha256.slice(0, 16)}"`;

function kept(headers: Headers): Headers {
  const left = new Headers(headers);
  for (const name of HOP) left.delete(name);
  return left;
}

/** Of an answer: its body was unpacked when it was read. What is asked goes on as it came, telemetry compressed. */
function unpacked(headers: Headers): Headers {
  const left = kept(headers);
  left.delete("content-encoding");
  return left;
}

/** What the browser must be told of who may read the answer is as the control plane said. */
function answered({ headers }: Snapshot, more: Record<string, string>): Headers {
  const own = new Headers({ "cache-control": "no-store", ...more });
  headers.forEach((value, name) => {
    if (name.startsWith("access-control-") || name === "vary") own.set(name, value);
  });
  return own;
}

const asRefused = ({ status, headers, body }: Refusal): Response => new Response(body, { status, headers: unpacked(headers) });
const cutOff = (): Response => problem(503, "cut-off", "this relay does not hear from the control plane", "the client keeps what it has, and tries again");

function problem(status: number, code: string, detail: string, help?: string): Response {
  const body = JSON.stringify({ type: "about:blank", title: code, status, code, detail, ...(help ? { help } : {}) });
  return new Response(body, { status, headers: { "content-type": "application/problem+json", "access-control-allow-origin": "*", ...(status === 503 ? { "retry-after": "2" } : {}) } });
}
