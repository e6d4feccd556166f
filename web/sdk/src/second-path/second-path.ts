import { backoffMs } from "../backoff.js";
import { fromUtf8, toBase64Url, utf8 } from "../bytes.js";
import { sleep } from "../host.js";
import { localMarks, type MarkStore } from "../guard/marks.js";
import { said } from "../said.js";
import { breakGlass, TYPE } from "./break-glass.js";
import type { Header } from "../envelope.js";
import type { Client, Wire } from "../types.js";

export interface SecondPathOptions {
  /** Other addresses of the control plane, or relays. They are sent the client key. */
  readonly relays?: readonly string[];
  /**
   * Files on any static host, which hold what `GET /client/v1/kills` answered or what `downhaul break-glass kill` wrote. They
   * are sent nothing.
   */
  readonly files?: readonly string[];
  /** How often each is asked, a fifth more or less. Default 5. */
  readonly everySeconds?: number;
  /**
   * Where break-glass kills are kept for the next visit; `false` for nowhere. What the control plane has charted is kept by
   * the client. Default in pages: `localStorage`.
   */
  readonly marks?: MarkStore | false;
}

/** A second path for kills. */
export interface Second {
  /** Asks every place now; true if one of them answered. For workers, in which nothing runs between two requests. */
  refresh(): Promise<boolean>;
  /** Stops asking. What is killed stays so. */
  close(): void;
}

/** A kill set and the header around it, with room for attributes. */
const SIZE_LIMIT = 128 * 1024;
const TIMEOUT_MS = 4000;
const START = 80;

/** On the client itself: entries of the package are bundled apart, and must find the same one. */
const KNOWN = Symbol.for("downhaul.second-path");

/**
 * Asks for kills alone, over connections of their own, also while the stream is well: whatever brings one first counts. One
 * object a client: asked again, it gives the same.
 */
export function secondPath(client: Client, options: SecondPathOptions): Second {
  const known = client as { [KNOWN]?: Second };
  return (known[KNOWN] ??= begin(client, options));
}

/** One address, and what it gave last. */
interface Place {
  readonly url: string;
  readonly isFile: boolean;
  etag?: string | undefined;
}

function begin(client: Client, { relays = [], files = [], everySeconds = 5, marks }: SecondPathOptions): Second {
  const wire = client.wire();
  const { host, kind, url, options, background, feed } = wire;
  const closing = new AbortController();
  const store = marks === false ? undefined : (marks ?? (IN_PAGE ? localMarks() : undefined));
  const glass = breakGlass(host.ciphers, kind, host.wall, store, url);
  const join = (set: Uint8Array): Uint8Array => {
    const { kills, left } = glass.join(set);
    if (left.length > 0) {
      const message = `${left.length} break-glass ${left.length === 1 ? "kill does" : "kills do"} not go into 64 KiB beside the kills of the control plane: ${left.slice(0, 5).join(", ")}${left.length > 5 ? " …" : ""}`;
      // After what is being taken over, which ends earlier problems.
      queueMicrotask(() => feed.problem({ code: "break-glass-left-out", message, help: "these flags are not dark here: kill them through the control plane, or restore kills that are over" }));
    }
    return kills;
  };
  wire.beside.join = ({ header, kills }) => (glass.hear(header), join(kills));
  /** The kills in use are joined with others than before. */
  const again = async (): Promise<void> => {
    const { held } = client.wire();
    if (!held?.kills || !held.program) return;
    held.engine.setKills(join(held.kills.kills));
    // Taken over once more, so that all is decided anew and acknowledged.
    await feed.envelope(held.program.bytes, "kill", host.now());
  };
  for (const known of [wire.held?.program, wire.held?.kills]) if (known) glass.hear(known.header);
  void again();
  const places: Place[] = [...relays.map((url) => ({ url: `${url.replace(/\/+$/, "")}/client/v1/kills`, isFile: false })), ...files.map((url) => ({ url, isFile: true }))];

  const ask = async (place: Place): Promise<void> => {
    const response = await host.fetch(addressOf(place, client.wire()), { headers: await headersOf(place, options.key, wire), ...cache(place), signal: limited(closing.signal) });
    // Of a file: nothing was put there yet.
    if (response.status === 304 || (place.isFile && response.status === 404)) return void (await response.body?.cancel());
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`it answered ${response.status}`);
    }
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (bytes.length > SIZE_LIMIT) throw new Error(`it answered with ${bytes.length} bytes`);
    // Only what was taken may be left out of the next answer: what is refused now may be believed later.
    place.etag = undefined;
    if (await take(bytes)) place.etag = response.headers.get("etag") ?? undefined;
  };

  /** True unless something is wrong with it. */
  const take = async (bytes: Uint8Array): Promise<boolean> => {
    const header = headerOf(bytes);
    if (!header) throw new Error("it gives what is no kill object");
    if (header.type === TYPE) return takeBreakGlass(bytes);
    // Programs come by the first path alone.
    if (header.type !== "downhaul.kills/1") return true;
    const held = client.wire().held?.kills?.header;
    // No newer than what is held, as nearly always: not worth a signature, and no problem.
    const isKnown = held && (header.epoch < held.epoch || (header.epoch === held.epoch && header.kill_revision <= held.kill_revision));
    return isKnown || feed.envelope(bytes, "kill", host.now());
  };

  const takeBreakGlass = async (bytes: Uint8Array): Promise<boolean> => {
    try {
      if (await glass.take(bytes, client.wire().held?.program?.header.environment ?? options.environment)) await again();
      return true;
    } catch (cause) {
      feed.problem({ code: "break-glass-refused", message: said(cause), help: "see `downhaul break-glass list` for the keys in force; take the file away once its kills are over", cause });
      return false;
    }
  };

  const askAll = async (): Promise<boolean> => {
    const answers = await Promise.all(places.map((place) => ask(place).then(() => true, (cause: unknown) => failed(cause))));
    return answers.includes(true);
  };

  const failed = (cause: unknown): false => {
    if (!closing.signal.aborted) feed.problem({ code: "second-path-failed", message: `kills can't be had by the second path: ${said(cause)}`, help: "the client keeps trying, and hears of kills by the first path", cause });
    return false;
  };

  const run = async (place: Place): Promise<void> => {
    for (let failures = 0; !closing.signal.aborted; ) {
      const isWell = await ask(place).then(() => true, failed);
      failures = isWell ? 0 : failures + 1;
      const pause = everySeconds * 1000 * (0.8 + 0.4 * host.random());
      // It is there for the bad hour: never asked less often than it would be in a good one.
      await sleep(host, isWell ? pause : Math.min(pause, Math.max(pause / 4, backoffMs(failures, host.random()))), closing.signal);
    }
  };
  if (background) for (const place of places) void run(place);

  return { refresh: askAll, close: () => closing.abort() };
}

function addressOf({ url, isFile }: Place, { kind, claimed }: Wire): string {
  return isFile ? url : `${url}?formats=1${kind === "browser" ? `&context=${toBase64Url(utf8(claimed))}` : ""}`;
}

async function headersOf({ isFile, etag }: Place, key: string, wire: Wire): Promise<Record<string, string>> {
  // Of a page a static host would be asked beforehand whether it takes the header; the browser's own cache asks by itself.
  const known: Record<string, string> = etag === undefined || (isFile && IN_PAGE) ? {} : { "if-none-match": etag };
  if (isFile) return known;
  const token = await wire.token();
  return { ...known, authorization: `Bearer ${key}`, ...(token === undefined ? {} : { "downhaul-context-token": token }) };
}

const IN_PAGE = typeof document !== "undefined";
/** Only pages have a cache, and not every other engine takes the option. */
const cache = ({ isFile }: Place): RequestInit => (IN_PAGE ? { cache: isFile ? "no-cache" : "no-store", credentials: "omit" } : {});

function limited(closed: AbortSignal): AbortSignal {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  return typeof AbortSignal.any === "function" ? AbortSignal.any([closed, timeout]) : timeout;
}

/** Read, not trusted: the client checks the signature before it takes anything. */
function headerOf(bytes: Uint8Array): Pick<Header, "epoch" | "kill_revision"> & { readonly type: string } | undefined {
  if (bytes.length < START) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(START - 4, true);
  try {
    const header: unknown = JSON.parse(fromUtf8(bytes.subarray(START, START + length)));
    return header !== null && typeof header === "object" && "type" in header ? (header as Header) : undefined;
  } catch {
    return undefined;
  }
}
