import { SDK } from "../acknowledge.js";
import type { Guards } from "../guard/guards.js";
import type { BreakerStatus } from "../guard/watched.js";
import { settled } from "../settled.js";
import type { Client, Decisions } from "../types.js";
import { Buckets, type Bucket } from "./buckets.js";
import { exposing } from "./exposing.js";
import { Units } from "./units.js";

export interface Under {
  /** The flag that it happened under; the variant is the one that the flag gives as it begins. */
  readonly flag?: string;
  /** Where each request has its own context: its decisions. */
  readonly decided?: Decisions;
}

/** Counts of what the application does with flags. Nothing here throws, and nothing waits for it. */
export interface Telemetry {
  /** Counts that something happened: `outcome("checkout.error")`. Names are 1 to 64 of `a-z A-Z 0-9 . _ -`. */
  outcome(name: string, how?: Under & { readonly failed?: boolean }): void;
  /** Does `work`, and counts how long it took and whether it failed, which the caller sees all the same. */
  timed<T>(name: string, work: () => T, under?: Under): T;
  /** Sends what there is now; true if all of it was taken. For workers that live for one request at a time, and for tests. */
  flush(): Promise<boolean>;
  /** Sends what there is and stops. */
  close(): Promise<void>;
}

/** On the client itself: entries of the package are bundled apart, and must find the same ones. */
const KNOWN = Symbol.for("downhaul.telemetry");
const GUARDS = Symbol.for("downhaul.guards");

const NAME = /^[A-Za-z][A-Za-z0-9._-]{0,63}$/;
/** Of a page that is left no more than 64 KiB may be under way. */
const BATCH_BYTES = 40_000;
const MOST_BREAKERS = 256;
const HOUR_MS = 3_600_000;

interface Batch {
  readonly number: number;
  readonly buckets: readonly Bucket[];
  readonly leftOut: number;
}

/** Begins to tell. One object a client: asked again, it gives the same. */
export function telemetry(client: Client): Telemetry {
  const known = client as { [KNOWN]?: Telemetry };
  return (known[KNOWN] ??= begin(client));
}

function begin(client: Client): Telemetry {
  const buckets = new Buckets();
  const { host, url, kind, instance, background, options } = client.wire();
  // A page is one of many visits of somebody, and knows nothing of the others.
  const units = kind === "browser" ? undefined : new Units();
  exposing(client, ({ flagKey: flag, variant, reason, flagMetadata: { cause } }, unit) => {
    if (variant !== undefined) buckets.expose({ flag, variant, reason, cause }, kind === "browser", host.now(), units?.isNew(flag, unit));
  });
  const guards = (): Guards | undefined => (client as { [GUARDS]?: Guards })[GUARDS];

  const lot = host.random();
  let share = 1;
  let periodMs = 60_000;
  let number = 0;
  let waiting: Batch | undefined;
  let notBefore = -Infinity;
  let stopped = false;
  let timer: unknown;
  let sending: Promise<boolean> | undefined;
  let listens: (() => void) | undefined;

  const seal = (): void => {
    listen();
    buckets.seal(guards()?.take() ?? [], host.now());
  };

  const body = ({ number: batch, buckets: sealed, leftOut }: Batch): string => {
    const ago = (at: number): number => Math.max(0, Math.round(host.now() - at));
    const breakers: readonly BreakerStatus[] = guards()?.breakers().slice(0, MOST_BREAKERS) ?? [];
    return JSON.stringify({
      telemetry: 1,
      instance,
      batch,
      sdk: SDK,
      release: options.release,
      region: options.region,
      share: kind === "browser" ? share : 1,
      buckets: sealed.map(({ from, to, ...counted }) => ({ from_ms: ago(from), to_ms: ago(to), ...counted })),
      breakers,
      left_out: leftOut,
    });
  };

  /** True if it need not be sent again. */
  const post = async (batch: Batch, leaving: boolean): Promise<boolean> => {
    const text = body(batch);
    const packed = leaving || typeof CompressionStream === "undefined" ? undefined : await gzip(text);
    const response = await host.fetch(`${url}/client/v1/telemetry`, {
      method: "POST",
      headers: { authorization: `Bearer ${options.key}`, "content-type": "application/json", ...(packed ? { "content-encoding": "gzip" } : {}) },
      body: (packed as BodyInit | undefined) ?? text,
      keepalive: leaving,
      // The key goes nowhere else.
      redirect: "error",
    });
    if (response.ok) {
      takeUp(await response.json().catch(() => undefined));
      return true;
    }
    await response.body?.cancel();
    if (response.status === 401 || response.status === 403) stopped = true;
    else if (response.status === 404 || response.status === 405) notBefore = host.now() + HOUR_MS;
    else if (response.status === 429 || response.status >= 500) {
      const seconds = Number(response.headers.get("retry-after"));
      notBefore = host.now() + (seconds > 0 ? seconds * 1000 : periodMs) * (1 + host.random() / 4);
      return false;
    }
    return true;
  };

  const takeUp = (asked: { share?: unknown; period_seconds?: unknown } | null | undefined): void => {
    if (typeof asked?.share === "number" && asked.share >= 0 && asked.share <= 1) share = asked.share;
    if (typeof asked?.period_seconds === "number" && asked.period_seconds >= 10 && asked.period_seconds <= 3600) periodMs = asked.period_seconds * 1000;
  };

  /** Whether this instance is one of those that tell. */
  const tells = (): boolean => !stopped && (kind !== "browser" || lot < share || share === 1);

  const next = (): Batch | undefined => {
    const sealed = buckets.take(BATCH_BYTES);
    if (sealed.length === 0) return undefined;
    const batch = { number: ++number, buckets: sealed, leftOut: buckets.leftOut };
    buckets.leftOut = 0;
    return batch;
  };

  const send = async (leaving: boolean): Promise<boolean> => {
    if (!tells() || host.now() < notBefore) {
      // Nothing is kept that may never leave; a page that is left has no other chance.
      if (!tells()) buckets.clear();
      return false;
    }
    // What is under way already is not sent a second time, and nobody waits for its answer who leaves.
    const apart = leaving && sending !== undefined;
    for (;;) {
      const batch = (apart ? undefined : waiting) ?? next();
      if (!batch) return true;
      if (!apart) waiting = batch;
      let isOver = false;
      try {
        isOver = await post(batch, leaving);
      } catch {
        // The next one says the same. Until then nobody is told of it: it is nobody's problem.
      }
      if (!isOver) return false;
      if (waiting === batch) waiting = undefined;
      if (stopped || host.now() < notBefore) return false;
    }
  };

  const flush = (leaving = false): Promise<boolean> => {
    seal();
    if (leaving) return send(true);
    return (sending ??= send(false).finally(() => (sending = undefined)));
  };

  // Told within a second where a breaker opened or closed, else with the next batch.
  const listen = (): void => {
    if (listens) return;
    guards()?.timed();
    listens = guards()?.onMove((_, { from, to }) => {
      if (from === "open" || to === "open") schedule(1000 * host.random());
    });
  };
  const schedule = (ms: number): void => {
    host.clearTimer(timer);
    if (stopped || !background) return;
    timer = host.setTimer(() => {
      listen();
      void flush().finally(() => schedule(periodMs * (0.9 + host.random() / 5)));
    }, ms);
    (timer as { unref?: () => void } | undefined)?.unref?.();
  };
  queueMicrotask(listen);
  schedule(periodMs * host.random());

  const ending = new AbortController();
  if (background && typeof document !== "undefined" && typeof addEventListener === "function") {
    const { signal } = ending;
    addEventListener("pagehide", () => void flush(true), { signal });
    document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && void flush(true), { signal });
  }

  const under = ({ flag, decided = client }: Under): { flag: string; variant: string } | undefined => {
    if (typeof flag !== "string") return undefined;
    try {
      const { variant } = decided.details(flag, null);
      return variant === undefined ? undefined : { flag, variant };
    } catch {
      return undefined;
    }
  };
  const happen = (name: string, of: ReturnType<typeof under>, failed: boolean, ms: number | undefined): void => {
    if (typeof name === "string" && NAME.test(name)) buckets.happen(name, of, failed, ms, host.now());
    else buckets.leftOut++;
  };

  return {
    outcome: (name, how = {}) => happen(name, under(how), how.failed === true, undefined),
    timed: (name, work, how = {}) => {
      const of = under(how);
      const began = host.now();
      return settled(work, (ok) => happen(name, of, !ok, host.now() - began));
    },
    flush: () => flush(),
    close: async () => {
      listens?.();
      ending.abort();
      host.clearTimer(timer);
      await flush(true);
      stopped = true;
      host.clearTimer(timer);
    },
  };
}

async function gzip(text: string): Promise<Uint8Array> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
