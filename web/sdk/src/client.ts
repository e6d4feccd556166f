import { ACKNOWLEDGE_WITHIN_MS, acknowledge, HEARTBEAT_MS, type Acknowledgement } from "./acknowledge.js";
import type { Asked as AskedAs } from "./acceptance.js";
import { asked as askedFor } from "./asked.js";
import { toBase64Url, utf8 } from "./bytes.js";
import { agreesWithAll, canonical, completed, contextDigest, plain, type Attributes } from "./context.js";
import { braked, EngineTrap, OVERRIDE, type Brakes, type Engine, type Overrides } from "./engine.js";
import { applyPatch, openEnvelope, type Envelope } from "./envelope.js";
import { emitter } from "./events.js";
import { freshness } from "./freshness.js";
import { engineProblem, holding, type Beside, type Holding } from "./holding.js";
import { globalHost, sleep } from "./host.js";
import { openKept, type Kept } from "./kept.js";
import { keyRing } from "./keys.js";
import { laneOf, lanesOf, type Lane } from "./lanes.js";
import { watchPage } from "./page.js";
import type { Platform } from "./platform.js";
import type { Ask } from "./remote.js";
import { said } from "./said.js";
import type { Sampled, Sampling } from "./sampler.js";
import { statusOf } from "./status.js";
import { bootstrapTable, changes, decisions, EMPTY, Listed, type Source as ReadsFrom, type Table } from "./table.js";
import { canShare, joinTabs, type Group, type TabMessage } from "./tabs.js";
import { vouchedFor } from "./token.js";
import { connect, fetchKeys, type Connection, type Feed } from "./transport.js";
import type { Bootstrap, ChangeKind, Client, Context, Decisions, FlagChange, LastChange, MigrationTally, Options, OutcomeReporter, Position, Problem, ProblemCode, Source, Status, Transport } from "./types.js";

/** Makes a client and starts it. */
export function startClient(options: Options, platform: Platform): Client {
  const host = globalHost(options.fetch, platform.host);
  const kind = options.kind ?? platform.kind;
  const mode = options.transport ?? "stream";
  const url = options.url.replace(/\/+$/, "");
  const instance = host.ciphers.id();
  const background = mode !== "manual";

  let context: Context = options.context ?? {};
  let claimedText = canonical(plain(context));
  let decidedFor: string | undefined;
  let contextToken = options.contextToken;
  let held: Holding | undefined;
  let engine: Engine | undefined;
  /** Where no engine can start, the control plane decides. */
  let remote: Ask | undefined;
  let kept: Kept | undefined;
  let connection: Connection | undefined;
  let group: Group<TabMessage> | undefined;
  let table: Table = EMPTY;
  let source: Source = "none", transport: Transport = "none";
  let lastChange: LastChange | undefined;
  let problems: readonly ProblemCode[] = [];
  let closed = false, ready = false;
  let pageState: Acknowledgement["state"] = "live", heartbeat: unknown;
  let heardPing: string | undefined;
  /** Of the program held: some flag degrades when the client is stale; what its audience has. */
  let [degrades, attributes]: [boolean, Attributes] = [false, []];
  const waiting = new Set<() => void>();
  const tallies: (() => readonly MigrationTally[])[] = [];
  let reporter: OutcomeReporter | undefined;
  let brakes: Brakes | undefined;
  const beside: Beside = { join: ({ kills }) => kills };

  const events = emitter((cause) => {
    // A listener of `problem` that throws must not be told of it by itself.
    problems = [...new Set<ProblemCode>([...problems, "listener-failed"])];
    queueMicrotask(() => console.error("downhaul: a listener threw", cause));
  });
  const report = (problem: Problem): void => {
    if (closed) return;
    problems = [...new Set([...problems, problem.code])];
    events.emit("problem", problem);
    if (problem.code === "unauthorized" || problem.code === "engine-trap") events.emit("error", problem);
  };
  const tellReady = (): unknown => ready && events.emit("ready", status());
  const storeFailed = (cause: unknown): void =>
    report({ code: "store-failed", message: `the flag set can't be kept: ${said(cause)}`, help: "the client goes on without", cause });

  const fresh = freshness(host, background, () => {
    if (degrades) decide("stale", host.now());
    events.emit("stale", { stale: fresh.stale(), expired: fresh.expired() });
  });
  if (options.staleSeconds !== undefined) fresh.staleAfter(options.staleSeconds);

  const ring = keyRing(host.ciphers, options.signatures ?? (kind === "browser" ? "when-available" : "required"), options.publicKeys, () => fetchKeys(host, url, options.key), (keys) => kept?.keepKeys(keys).catch(storeFailed));

  const asked = (): Omit<AskedAs, "formats"> => ({ kind, environment: options.environment, context, decidedFor });

  // Deciding.

  const overrides = (): Overrides | undefined =>
    held && degrades && fresh.stale() ? Uint8Array.from(held.flags, (flag) => (flag.onStaleDegraded ? OVERRIDE.stale : OVERRIDE.none)) : undefined;

  /** The table for a context out of what is held; undefined where the flag set was made for somebody else. */
  const tableFor = (who: Context): Table | undefined => {
    if (!held?.header || !engine) return undefined;
    const { decided_for } = held.header.audience;
    if (!agreesWithAll(who, attributes)) return undefined;
    const withheld = (decided_for ?? null) !== null && (who === context ? decided_for !== decidedFor || claimedAt !== claimedText : canonical(plain(who)) !== claimedText);
    // `now` is what SDKs fill in.
    const filled = completed(completed(who, attributes), engine.readsTime() ? [["now", host.wall()]] : []);
    for (let attempt = 0; ; attempt++) {
      try {
        return engine.ways.table(held.flags, braked(engine, held.flags, filled, overrides(), brakes), held.position, withheld);
      } catch (cause) {
        report(engineProblem(cause, "program"));
        if (!(cause instanceof EngineTrap) || attempt > 0) return undefined;
      }
    }
  };
  /** The claimed context that `decidedFor` is the digest of. */
  let claimedAt: string | undefined;

  /** Decides anew and tells what changed. `fallback`: the table where nothing can be decided. */
  const decide = (change: ChangeKind, receivedAt: number, fallback: Table = table): void => show(tableFor(context), change, receivedAt, fallback);

  const show = (after: Table | undefined, change: ChangeKind, receivedAt: number, fallback: Table): void => {
    const before = table;
    table = after ?? fallback;
    const appliedAfterMs = host.now() - receivedAt;
    const first = source !== "network" || lastChange === undefined;
    // Of a first flag set everything is a change: not worked out where nobody asks.
    const differs = events.heard() || !first ? changes(before, table) : new Map<string, FlagChange>();
    if (change !== "stale" && change !== "context" && (differs.size > 0 || first)) lastChange = { kind: change, appliedAfterMs, at: host.wall() };
    if (after && !ready) {
      ready = true;
      tellReady();
    }
    if (differs.size > 0) {
      events.emit("changed", { keys: [...differs.keys()], flags: differs, position: table.position, source, kind: change, appliedAfterMs });
    }
    if (after?.complete) for (const resolve of [...waiting]) resolve();
  };

  // Taking over what comes.

  /** Applies an envelope that was opened; true if the client can build on it. */
  const take = (envelope: Envelope, change: ChangeKind, receivedAt: number): boolean => {
    if (!held || closed) return false;
    const { header } = envelope;
    const isKept = change === "kept";
    const { program, kills, problems: wrong } = held.take(envelope, asked(), isKept);
    wrong.forEach(report);
    if (!program && !kills) {
      if (!isKept && wrong.some(({ code }) => code === "other-audience")) wrongAudience();
      return false;
    }
    if (Array.isArray(header.keys)) ring.inForce(header.keys);
    if (program) {
      fresh.validUntil(header.valid_until);
      degrades = held.flags.some((flag) => flag.onStaleDegraded);
      attributes = Object.entries(header.audience.attributes);
      if (isKept) fresh.keptSince(header.issued_at);
    }
    engine?.take?.(held);
    source = isKept ? "kept" : "network";
    if (!isKept && !wrong[0]) problems = [];
    decide(change, receivedAt);
    if (!isKept) {
      acknowledgeSoon(host.now() - receivedAt);
      keep(program);
    }
    return program || header.type === "downhaul.kills/1";
  };

  /** The stream answers for a context that is no longer ours. */
  const wrongAudience = (): void => {
    if (streamedFor !== claimedText) connection?.restart();
  };
  let streamedFor: string | undefined;

  const keep = (program: boolean): void => {
    if (!kept || !held?.header || !held.ratchet) return;
    const alone = held.kills && held.kills !== held.program ? held.kills.bytes : undefined;
    kept.keep(held.header.audience, held.ratchet, program ? held.program?.bytes : undefined, alone).catch(storeFailed);
  };

  const receive = async (bytes: Uint8Array, change: ChangeKind, receivedAt: number): Promise<boolean> => {
    const opened = await openEnvelope(bytes, ring.check, host.ciphers);
    if ("code" in opened) {
      report({ ...opened, help: "the client goes on with what it has" });
      return false;
    }
    if (!held) await starting;
    return take(opened.envelope, change, receivedAt);
  };

  // A worker that lives for one request at a time can't wait for another request's work, and has no stream.
  const lanes = lanesOf((cause) => report({ code: "envelope-malformed", message: `an update can't be read: ${said(cause)}`, cause }));
  const inOrder = (lane: Lane, work: () => Promise<boolean>): Promise<boolean> => (background ? lanes(lane, work) : work());

  const feed: Feed = {
    envelope: (bytes, change, receivedAt) => {
      if (remote) return remote(change, receivedAt);
      group?.post({ type: "envelope", kind: change, bytes });
      return inOrder(laneOf(change), () => receive(bytes, change, receivedAt));
    },
    patch: (patch, receivedAt) =>
      remote?.("patch", receivedAt) ??
      inOrder("program", async () => {
        const base = held?.program;
        if (!base || base.header.program_sha256 !== patch.base) return false;
        const bytes = applyPatch(patch, base.program);
        if (!bytes) return false;
        group?.post({ type: "envelope", kind: "patch", bytes });
        return receive(bytes, "patch", receivedAt);
      }),
    position: (position, serverTime, within) => {
      acknowledgeWithin = within;
      fresh.serverTime(serverTime);
      group?.post({ type: "position", position, serverTime, within });
      confirmed(position);
      return lacks(position);
    },
    staleSeconds: (seconds) => {
      group?.post({ type: "stale-seconds", seconds });
      if (options.staleSeconds === undefined) fresh.staleAfter(seconds);
    },
    sampling: (next) => void (sampling = next),
    alive: () => {
      group?.post({ type: "alive" });
      fresh.heard();
    },
    transport: (next) => void (transport = next),
    problem: report,
  };

  /** What was kept is what the control plane has: it sends nothing, and is told at once that we are there. */
  const confirmed = (theirs: Position): void => {
    if (source !== "kept" || canonical(theirs) !== canonical(held?.position)) return;
    source = "network";
    void sendAcknowledgement();
  };

  /** True if the control plane's position was already ahead of ours a ping ago: what we lack is not just on its way. */
  const lacks = (theirs: Position): boolean => {
    const ours = held?.position;
    const behind = !!ours && (theirs.epoch > ours.epoch || (theirs.epoch === ours.epoch && (theirs.revision > ours.revision || theirs.kill_revision > ours.kill_revision)));
    const again = behind && heardPing === canonical(theirs);
    heardPing = again ? undefined : canonical(theirs);
    return again;
  };

  // Saying what was applied.

  let sampling: Sampling | null = null;
  let sampleDue = -Infinity;
  /** The last one decided for beside our own: a server decides for others. */
  let seen: Context | undefined;
  /** At most one context a period. Nothing waits for it but a heartbeat, and nothing is told of its failure. */
  const sample = async (): Promise<Sampled | undefined> => {
    try {
      if (!sampling || host.now() < sampleDue) return undefined;
      sampleDue = host.now() + sampling.period_seconds * 1000;
      const who = seen ?? context;
      seen = undefined;
      return await (await platform.sampler?.())?.(sampling, completed(who, attributes), instance);
    } catch {
      // A page without TLS has no WebCrypto.
      return undefined;
    }
  };

  const sendAcknowledgement = async (appliedAfterMs?: number, told?: Sampled): Promise<void> => {
    if (closed || !held?.position) return;
    // Never with the news that a kill was applied: that is small, and on its way at once.
    const unhurried = appliedAfterMs === undefined || !background;
    const outcomes = unhurried ? reporter?.pending() : undefined;
    const arrived = await acknowledge(host, url, options.key, typeof contextToken === "string" ? contextToken : undefined, {
      instance, release: options.release, region: options.region,
      position: held.position, state: pageState,
      program: held.header?.program_sha256 ?? null,
      transport: transport === "stream" || transport === "tab" ? "stream" : source === "kept" ? "kept" : "poll",
      problems,
      applied_after_ms: appliedAfterMs,
      waited_ms: appliedAfterMs === undefined ? undefined : Math.floor(host.now() - appliedAt),
      migrations: tallies.length > 0 ? tallies.flatMap((each) => each()) : undefined,
      evaluated: unhurried ? evaluated.take() : undefined,
      outcomes: outcomes?.length ? outcomes : undefined,
      sample: told,
    });
    if (arrived && outcomes) reporter?.arrived(outcomes);
  };

  const evaluated = askedFor(host.now);
  let acknowledging: Promise<void> | undefined;
  /** Within how long it is said; when the newest was applied, which is what is said. */
  let acknowledgeWithin = ACKNOWLEDGE_WITHIN_MS, appliedAt = 0;
  /** After what else is waiting to be decided or drawn, and not with all other clients at once. */
  const acknowledgeSoon = (appliedAfterMs: number): void => {
    appliedAt = host.now();
    if (!background) acknowledging = sendAcknowledgement(appliedAfterMs);
    else host.setTimer(() => void sendAcknowledgement(appliedAfterMs), acknowledgeWithin * host.random());
  };

  let wallAhead = host.wall() - host.now();
  const beat = (): void => {
    heartbeat = host.setTimer(beat, HEARTBEAT_MS * (0.9 + host.random() / 5));
    const ahead = host.wall() - host.now();
    // The machine slept, or someone set its clock: whatever connection there was is looked at anew.
    if (Math.abs(ahead - wallAhead) > 10_000) connection?.restart();
    wallAhead = ahead;
    void sample().then((told) => sendAcknowledgement(undefined, told));
  };

  // Starting.

  const token = async (): Promise<string | undefined> => (typeof contextToken === "function" ? await contextToken() : contextToken);
  const openConnection = (): void => {
    if (connection || closed) return;
    streamedFor = claimedText;
    connection = connect(
      host,
      {
        url,
        key: options.key,
        formats: engine?.formats ?? [1],
        claimed: () => {
          streamedFor = claimedText;
          return kind === "browser" ? toBase64Url(utf8(claimedText)) : undefined;
        },
        token,
        base: () => (held?.header && held.position && tableFits() ? { digest: held.header.program_sha256, position: held.position } : undefined),
      },
      feed,
      mode,
    );
  };
  const closeConnection = (): void => {
    connection?.close();
    connection = undefined;
    transport = "none";
  };
  /** Whether the flag set at hand was made for the present context, as far as its audience goes. */
  const tableFits = (): boolean => !!held?.header && [null, undefined, decidedFor].includes(held.header.audience.decided_for) && agreesWithAll(context, attributes);

  const findKept = async (): Promise<void> => {
    if (!kept) return;
    const found = await kept.find(context, decidedFor);
    for (const bytes of [found?.kills, found?.flagSet]) {
      if (!bytes) continue;
      const opened = await openEnvelope(bytes, ring.checkKept, host.ciphers);
      if ("code" in opened) report({ ...opened, message: `kept flag set not used: ${opened.message}` });
      // The network may have been faster.
      else if (source !== "network" || !tableFits()) take(opened.envelope, "kept", host.now());
    }
  };

  const refreshDigest = async (): Promise<void> => {
    const text = claimedText;
    const digest = await contextDigest(host.ciphers, context);
    if (text !== claimedText) return;
    decidedFor = digest;
    claimedAt = text;
  };

  /** Up to its first wait it does all at once: a module that is at hand decides before this function's caller goes on. */
  const start = async (): Promise<void> => {
    const made = platform.engine(options);
    const digest = kind === "browser" ? refreshDigest() : undefined;
    const opening = openStore().catch(storeFailed);
    engine = made instanceof Promise ? await made : made;
    held = holding(engine, beside);
    await platform.handed?.((envelope) => take(envelope, "kept", host.now()), report, tellReady);
    await digest;
    kept = (await opening) ?? undefined;
    held.raise(kept?.ratchet);
    if (kept?.keys) await ring.seed(kept.keys);
  };

  const openStore = async (): Promise<Kept | undefined> => {
    const store = options.store ?? platform.store();
    return store ? openKept(host.ciphers, store, url, options.key) : undefined;
  };

  const connectAsShared = (): void => {
    if (background && kind === "browser" && !remote && options.shareAcrossTabs !== false && canShare()) void joinGroup().catch(() => openConnection());
    else openConnection();
  };

  const joinGroup = async (): Promise<void> => {
    const vouched = vouchedFor(await token());
    if (closed || group) return;
    const name = `downhaul/${await contextDigest(host.ciphers, { url, key: options.key, claimed: claimedText, token: vouched })}`;
    if (closed || group) return;
    group = joinTabs<TabMessage>(
      host,
      name,
      (leads) => (leads ? openConnection() : closeConnection()),
      (message) => hear(message),
    );
    group.post({ type: "ask" });
  };

  const hear = (message: TabMessage): void => {
    if (message.type === "ask") {
      if (group?.leads() && held?.program) {
        group.post({ type: "envelope", kind: "put", bytes: held.program.bytes });
        if (held.kills && held.kills !== held.program) group.post({ type: "envelope", kind: "kill", bytes: held.kills.bytes });
      }
      return;
    }
    if (group?.leads()) return;
    transport = "tab";
    fresh.heard();
    if (message.type === "stale-seconds" && options.staleSeconds === undefined) fresh.staleAfter(message.seconds);
    if (message.type === "position") {
      acknowledgeWithin = message.within;
      fresh.serverTime(message.serverTime);
      confirmed(message.position);
    }
    if (message.type === "envelope") {
      const receivedAt = host.now();
      void inOrder(laneOf(message.kind), () => receive(message.bytes, message.kind, receivedAt));
    }
  };

  const run = async (): Promise<void> => {
    await starting;
    if (closed || !(held || remote)) return;
    await findKept().catch(storeFailed);
    if (closed || !background) return;
    connectAsShared();
    heartbeat = host.setTimer(beat, HEARTBEAT_MS * host.random());
    await ring.refresh();
  };

  if (options.bootstrap) {
    const given = bootstrapTable(options.bootstrap as Bootstrap);
    if (given) {
      table = given;
      source = "bootstrap";
      ready = true;
    }
    // Listeners come after the client.
    queueMicrotask(() =>
      given ? tellReady() : report({ code: "bootstrap-malformed", message: "`bootstrap` is not what `bootstrapData()` gives", help: "pass that on as JSON" }),
    );
  }
  const engineFailed = async (cause: unknown): Promise<void> => {
    const problem: Problem = { code: "engine-trap", message: `the evaluation module can't start: ${said(cause)}`, help: "the control plane decides instead; is `flags.wasm` served, of this release, and allowed (CSP `wasm-unsafe-eval`)?", cause };
    queueMicrotask(() => report(problem));
    const made = await platform.remote?.();
    remote = made?.(
      host,
      { url, key: options.key, context: () => context, token, closed: () => closed },
      {
        decided: (decided, change, receivedAt) => {
          if (closed) return;
          source = "remote";
          problems = problems.filter((code) => code !== "connection-failed");
          show(decided, change, receivedAt, table);
        },
        alive: () => fresh.heard(),
        problem: report,
      },
    );
  };
  const unwatch = background
    ? watchPage({
        hidden: (hidden) => {
          pageState = hidden ? "hidden" : "live";
          void sendAcknowledgement();
        },
        leave: () => {
          pageState = "closing";
          void sendAcknowledgement();
          group?.close();
          group = undefined;
          closeConnection();
        },
        back: () => {
          pageState = "live";
          connectAsShared();
          void sendAcknowledgement();
        },
        online: () => connection?.restart(),
      })
    : undefined;

  // What the application sees.

  const status = (): Status =>
    statusOf({
      closed,
      background,
      source,
      transport,
      position: held?.position ?? table.position,
      environment: held?.header?.environment ?? options.environment,
      validUntil: held?.header?.valid_until,
      fresh,
      lastChange,
      problems,
    });

  /** Resolves when `waiting` is served or the time is over. */
  const settled = async (): Promise<Status> => {
    const over = new AbortController();
    const done = (): void => over.abort();
    waiting.add(done);
    await sleep(host, (options.readyTimeoutSeconds ?? 5) * 1000, over.signal);
    waiting.delete(done);
    return status();
  };

  const readsFrom: ReadsFrom = { table: () => table, expired: () => fresh.expired(), asked: evaluated };
  const client: Client = {
    ...decisions(readsFrom),
    on: events.on,
    status,
    tally: (counts) => {
      tallies.push(counts);
      // Whoever follows a data change says so before a step waits for it.
      if (ready && background) void sendAcknowledgement();
    },
    report: (next) => void (reporter = next),
    wire: () => ({ host, url, kind, instance, background, options, feed, token, beside, held, claimed: claimedText }),
    brake: (next) => ((brakes = next), { declared: () => held?.header?.breakers, again: () => decide("breaker", host.now()) }),
    ready: async () => (ready || closed ? status() : settled()),
    setContext: async (next, change = {}) => {
      context = next;
      claimedText = canonical(plain(next));
      const newToken = "contextToken" in change;
      if (newToken) contextToken = change.contextToken;
      // At once, so that no read between here and the answer sees another context's values.
      decide("context", host.now(), held?.header || remote || source === "bootstrap" ? new Listed(new Map(), false, table.position) : table);
      if (kind === "browser") await refreshDigest();
      if (remote && !closed) {
        void remote("context", host.now());
        if (background) connection?.restart();
        return background ? settled() : status();
      }
      const askAgain = newToken || !tableFits();
      if (!askAgain || closed) return status();
      const answered = table.complete ? Promise.resolve(status()) : settled();
      if (!tableFits()) await findKept().catch(storeFailed);
      if (group) {
        group.close();
        group = undefined;
        closeConnection();
        await joinGroup().catch(() => openConnection());
      } else if (connection && background) connection.restart();
      else if (!background) await client.refresh();
      return background ? answered : status();
    },
    evaluate: (who): Decisions => {
      if (sampling) seen = who;
      return (brakes || (degrades && fresh.stale()) ? undefined : engine?.reads?.(who, readsFrom, report)) ?? (tableFor(who) ?? EMPTY).reads(readsFrom);
    },
    refresh: async () => {
      await starting;
      if (remote && !closed) return remote("put", host.now());
      if (!held || closed) return false;
      if (background) return connection ? connection.refresh() : false;
      connection ?? openConnection();
      const answered = connection ? await (connection as Connection).refresh() : false;
      // Nothing of a worker outlives its request.
      await (acknowledging ??= sample().then((told) => sendAcknowledgement(undefined, told)));
      acknowledging = undefined;
      return answered;
    },
    close: async () => {
      if (closed) return;
      pageState = "closing";
      const goodbye = sendAcknowledgement();
      closed = true;
      host.clearTimer(heartbeat);
      fresh.close();
      unwatch?.();
      group?.close();
      closeConnection();
      for (const resolve of [...waiting]) resolve();
      await Promise.all([goodbye, kept?.settled()]);
    },
  };

  const starting = start()
    .catch(engineFailed)
    .catch((cause: unknown) => queueMicrotask(() => report(engineProblem(cause, "nothing can be loaded"))));
  if (background) void run();
  return client;
}
