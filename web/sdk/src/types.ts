import type { Brakes, Braking } from "./engine.js";
import type { Beside, Holding } from "./holding.js";
import type { Host } from "./host.js";
import type { Feed } from "./transport.js";

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * OpenFeature's evaluation context: `targetingKey` and attributes.
 * `undefined`, functions, symbols, NaN and infinities read as absent, a `Date` as its epoch milliseconds,
 * a `bigint` as a number if its magnitude is below 2^53.
 */
export type Context = { readonly targetingKey?: string | undefined; readonly [attribute: string]: unknown };

/** Which program a key is for; the control plane knows the same three. */
export type Kind = "browser" | "edge" | "server";

/** OpenFeature's reasons, and one of our own: a prerequisite of the flag was not met. */
export type Reason =
  | "STATIC"
  | "DEFAULT"
  | "TARGETING_MATCH"
  | "SPLIT"
  | "DISABLED"
  | "CACHED"
  | "STALE"
  | "ERROR"
  | "PREREQUISITE_FAILED";

/** OpenFeature's error codes. */
export type ErrorCode =
  | "FLAG_NOT_FOUND"
  | "TYPE_MISMATCH"
  | "TARGETING_KEY_MISSING"
  | "INVALID_CONTEXT"
  | "PARSE_ERROR"
  | "PROVIDER_NOT_READY"
  | "GENERAL";

/** Why a flag gives its degraded variant. */
export type Cause = "kill" | "stale" | "breaker" | "crash-loop";

/** `(epoch, revision, kill_revision)`, ordered in that order; see the protocol. */
export interface Position {
  readonly epoch: number;
  readonly revision: number;
  readonly kill_revision: number;
}

export interface FlagMetadata {
  /** Present where the flag is degraded locally or killed. */
  readonly cause?: Cause;
  /** Which rule decided, counted from 0. */
  readonly ruleIndex?: number;
  /** The reason of the decision itself, where `reason` is `STALE` because the whole flag set is past its validity. */
  readonly trueReason?: Reason;
  /** Revision of the flag set that decided. */
  readonly revision?: number;
}

/** One decision with everything that is known about it. */
export interface Details<T = Json> {
  readonly flagKey: string;
  readonly value: T;
  /** Absent where the value is the caller's default. */
  readonly variant?: string;
  readonly reason: Reason;
  readonly errorCode?: ErrorCode;
  readonly errorMessage?: string;
  readonly flagMetadata: FlagMetadata;
}

/** A decision as a server rendered it into a page. */
export interface BootstrapFlag {
  readonly value: Json;
  readonly variant?: string;
  readonly reason?: Reason;
}

/** Values that a page carries, so that it has them before any request; made by `client.bootstrapData()`. */
export interface Bootstrap {
  readonly flags: { readonly [key: string]: BootstrapFlag };
  readonly position?: Position;
}

/** Where flag sets are kept between visits. Every method may fail: the client then goes on without. */
export interface Store {
  get(key: string): Promise<Uint8Array | undefined>;
  set(key: string, value: Uint8Array): Promise<void>;
  delete(key: string): Promise<void>;
}

/** Trusted public keys by id (16 hex digits) or in a list: base64 of 32 bytes each. */
export type PublicKeys = readonly string[];

/**
 * `required`: nothing unsigned or unverifiable is used.
 * `when-available`: checked where the engine has Ed25519 in WebCrypto.
 * `off`: never checked; digests are.
 */
export type SignaturePolicy = "required" | "when-available" | "off";

export interface Options {
  /** Client key, made by the control plane; its kind must be `kind`. */
  key: string;
  /** Where the control plane is, for instance `https://flags.example.com`. */
  url: string;
  /** Who asks. Default: nobody, `{}`. */
  context?: Context | undefined;
  /** Refuse flag sets of any other environment. Default: that of the first one accepted. */
  environment?: string | undefined;
  /** Default: `browser` in pages, `server` in Node, `edge` in workerd. */
  kind?: Kind | undefined;
  /** Trust these only. Default: the keys that the control plane names over its own connection. */
  publicKeys?: PublicKeys | undefined;
  /** Default: `when-available` for `browser`, else `required`. */
  signatures?: SignaturePolicy | undefined;
  /** Where flag sets are kept; `false` for nowhere. Default: IndexedDB in pages, memory elsewhere. */
  store?: Store | false | undefined;
  /**
   * What to start with. In pages: values, rendered into the page by a server.
   * In Node, Deno and Bun also a flag set, the bytes that `GET /client/v1/flag-set` answered: it decides as soon as `createClient`
   * has returned, as one that was kept. Its signature must be by one of `publicKeys`, unless `signatures` is `off`.
   */
  bootstrap?: Bootstrap | Uint8Array | undefined;
  /** The application's release, shown in the fleet: `shop 2.4.1`. */
  release?: string | undefined;
  /** Where this instance runs, shown in the fleet. */
  region?: string | undefined;
  /** A JWT signed by your own back end that says who the user is; a function is asked before each connection. */
  contextToken?: (string | (() => string | undefined | Promise<string | undefined>)) | undefined;
  /** Default: the global one. */
  fetch?: typeof fetch | undefined;
  /** Silence after which flags with `on_stale: degraded` degrade. Default: what the control plane says, 45. */
  staleSeconds?: number | undefined;
  /** `ready()` resolves at the latest after this long, with or without values. Default 5. */
  readyTimeoutSeconds?: number | undefined;
  /** Share one connection among the tabs of an origin. Default true where Web Locks and BroadcastChannel exist. */
  shareAcrossTabs?: boolean | undefined;
  /**
   * `stream` falls back to polling by itself, and comes back.
   * `manual` starts nothing in the background: the host calls `refresh()`, as a worker does that lives for one request at a time.
   * Default `stream`.
   */
  transport?: "stream" | "poll" | "manual" | undefined;
  /** The evaluation module. Default: that of the package's entry; `downhaul/slim` has none. */
  wasm?: WasmSource | undefined;
}

/** The compiled evaluation module, its bytes, where it is, or a response or promise of one of these. */
export type WasmSource = WasmNow | Promise<WasmNow>;
export type WasmNow = WebAssembly.Module | BufferSource | Response | URL | string;

/** How the client currently hears of changes; `kept` and `bootstrap` tell what answers while it hears of none. */
export type Transport = "stream" | "poll" | "tab" | "kept" | "bootstrap" | "none";

/** Where the values come from; `remote`: no module can run here, and the control plane decides. */
export type Source = "network" | "kept" | "bootstrap" | "remote" | "none";

export interface Status {
  /**
   * `connecting` until there are values; `ready` while the control plane is heard of; `stale` past the stale deadline or
   * the flag set's validity; `offline` with values, but without a connection as yet or any more; `closed`.
   */
  readonly state: "connecting" | "ready" | "stale" | "offline" | "closed";
  readonly transport: Transport;
  readonly source: Source;
  readonly position: Position | undefined;
  readonly environment: string | undefined;
  readonly validUntil: string | undefined;
  /** Past `validUntil` by the server's clock: every read's reason is `STALE`. */
  readonly expired: boolean;
  /** Seconds since the control plane was last heard of, by a clock that never jumps; absent before the first time. */
  readonly silentSeconds: number | undefined;
  /** What last changed a value. */
  readonly lastChange: LastChange | undefined;
  /** Codes of what was refused or failed since everything was well. */
  readonly problems: readonly ProblemCode[];
}

export interface LastChange {
  readonly kind: ChangeKind;
  /** From receipt of the bytes until the values changed, on this client's own clock, in milliseconds. */
  readonly appliedAfterMs: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

export type ChangeKind = "put" | "patch" | "kill" | "restore" | "kept" | "context" | "stale" | "breaker";

/** What a client can find wrong; each is also an event `problem`. */
export type ProblemCode =
  | "envelope-malformed"
  | "signature-invalid"
  | "digest-mismatch"
  | "other-environment"
  | "other-audience"
  | "revision-lower"
  | "equivocation"
  | "program-refused"
  | "engine-trap"
  | "store-failed"
  | "unauthorized"
  | "connection-failed"
  | "second-path-failed"
  | "break-glass-refused"
  | "break-glass-left-out"
  | "listener-failed"
  | "bootstrap-malformed";

export interface Problem {
  readonly code: ProblemCode;
  readonly message: string;
  /** What to do about it. */
  readonly help?: string;
  readonly cause?: unknown;
}

/** One flag before and after; undefined where it was or is not there. */
export interface FlagChange {
  readonly before: Details | undefined;
  readonly after: Details | undefined;
}

export interface ChangedEvent {
  /** Keys of the flags whose value, variant or reason is another one now. */
  readonly keys: readonly string[];
  readonly flags: ReadonlyMap<string, FlagChange>;
  readonly position: Position | undefined;
  readonly source: Source;
  readonly kind: ChangeKind;
  /** From receipt of the bytes until the values changed, on this client's own clock, in milliseconds. */
  readonly appliedAfterMs: number;
}

export interface Events {
  /** Values are there for the first time. */
  ready: Status;
  changed: ChangedEvent;
  /** The control plane went silent (`stale: true`), or is back (`false`). */
  stale: { readonly stale: boolean; readonly expired: boolean };
  /** The client can't do its work: a refused key, an engine that can't start. It keeps trying. */
  error: Problem;
  /** Something was refused or failed, and the client goes on with what it has. */
  problem: Problem;
}

/** Decisions for one context. Reads never throw and never leave JavaScript. */
export interface Decisions {
  boolean(key: string, fallback: boolean): boolean;
  string<T extends string = string>(key: string, fallback: T): T;
  number(key: string, fallback: number): number;
  /** Lists and objects, frozen; `null` too. */
  object<T = Json>(key: string, fallback: T): T;
  /** The decision, of the type of `fallback`; of any type if that is `null`. */
  details(key: string, fallback: null): Details;
  details<T extends Json>(key: string, fallback: T): Details<Widened<T>>;
  /** Every decision by flag key; a new object each time. */
  all(): Record<string, Details>;
  /** The present values of the flags that may be in a page, to render into it as JSON. */
  bootstrapData(): Bootstrap;
}

export type Widened<T> = T extends boolean ? boolean : T extends number ? number : T extends string ? string : T;

/** A flag with its default, made by `flag(key, fallback)`. */
export interface Flag<T> {
  readonly key: string;
  readonly fallback: T;
  /** As `decisions.boolean(key, fallback)`, or the read of whatever type the default has: of a client, or of what `evaluate(context)` gave. */
  value(decisions: Decisions): T;
  details(decisions: Decisions): Details<Widened<T>>;
}

export interface FlagOf {
  (key: string, fallback: boolean): Flag<boolean>;
  (key: string, fallback: number): Flag<number>;
  (key: string, fallback: string): Flag<string>;
  /** `flag<"green" | "grey">("colour", "grey")` */
  <T extends string>(key: string, fallback: T): Flag<T>;
  /** Lists, objects and `null`. */
  <T = Json>(key: string, fallback: T): Flag<T>;
}

export interface Client extends Decisions {
  /** Resolves once there are values, or when `readyTimeoutSeconds` have passed; never rejects. */
  ready(): Promise<Status>;
  /** Calls `listener` at each event; returns what takes it off again. */
  on<E extends keyof Events>(event: E, listener: (event: Events[E]) => void): () => void;
  /**
   * From here on everything is decided for this context.
   * Resolves when its values are there, or after `readyTimeoutSeconds`; until then reads give the caller's defaults
   * where the flag set at hand was made for somebody else.
   */
  setContext(context: Context, change?: { contextToken?: Options["contextToken"] }): Promise<Status>;
  /** Decides for another context, at once, from the flag set at hand: for servers and edges, where each request has its own. */
  evaluate(context: Context): Decisions;
  /** Asks the control plane now; true if it answered. */
  refresh(): Promise<boolean>;
  status(): Status;
  /** What `counts` gives goes along with what is told to the control plane. For `downhaul/migration`. */
  tally(counts: () => readonly MigrationTally[]): void;
  /** What `reporter` has to tell goes along with heartbeats and goodbyes. For `downhaul/outcomes`. */
  report(reporter: OutcomeReporter): void;
  /** Its way to the control plane. For `downhaul/telemetry` and `downhaul/second-path`. */
  wire(): Wire;
  /** What `brakes` say is degraded beside what the control plane says. For `downhaul/guard`. */
  brake(brakes: Brakes): Braking;
  /** Says goodbye and stops; reads go on answering. */
  close(): Promise<void>;
}

/** The client's way to the control plane. */
export interface Wire {
  readonly host: Host;
  readonly url: string;
  readonly kind: Kind;
  readonly instance: string;
  /** Whether anything may run that nobody waits for. */
  readonly background: boolean;
  readonly options: Options;
  /** What takes what comes, as if the stream had brought it. */
  readonly feed: Feed;
  token(): Promise<string | undefined>;
  /** Where a second path puts the kills that it has. */
  readonly beside: Beside;
  /** What is in use now. */
  readonly held: Holding | undefined;
  /** The claimed context, as canonical JSON, as it is now. */
  readonly claimed: string;
}

/** Calls of the application's own functions. */
export interface Calls {
  readonly calls: number;
  readonly errors: number;
  /** How long they took together, in milliseconds. */
  readonly ms: number;
}

/** What was counted of a data change at one phase since the client began. Numbers only; the protocol names the fields. */
export interface MigrationTally {
  readonly flag: string;
  readonly phase: string;
  readonly fallback: string;
  readonly compared: number;
  readonly mismatches: number;
  readonly refused: number;
  readonly read_old: Calls;
  readonly read_new: Calls;
  readonly write_old: Calls;
  readonly write_new: Calls;
}

/** Outcomes of a flag under one of its variants; the protocol names the fields. */
export interface OutcomeCount {
  readonly flag: string;
  readonly variant: string;
  readonly ok: number;
  readonly failed: number;
}

/** What was counted in one stretch of time. */
export interface OutcomeReport {
  readonly sequence: number;
  readonly from_ms: number;
  readonly to_ms: number;
  readonly counts: readonly OutcomeCount[];
}

export interface OutcomeReporter {
  /** What is to be told now, the oldest first: the same again until it has arrived. */
  pending(): readonly OutcomeReport[];
  /** The control plane has these. */
  arrived(told: readonly OutcomeReport[]): void;
}

export type CreateClient = (options: Options) => Client;
