import { emitter } from "./events.js";
import { globalHost } from "./host.js";
import type { Feed } from "./transport.js";
import { changes, decisions, Listed, type Entry, type Table } from "./table.js";
import type { Client, Json, Position, Status } from "./types.js";

/** Which variant each flag gives, as `downhaul states --format json` prints one. */
export type State = { readonly [flag: string]: string };

/** A flag of a flag set's document, as far as a test needs it. */
export interface FlagDefinition {
  readonly key: string;
  readonly variants: { readonly [variant: string]: Json };
  readonly default: string;
}

/** A flag set's document, or several that are read as one. */
export type Document = { readonly flags?: readonly FlagDefinition[] };

/** A client whose flags give what the test says: the same API, no network, no evaluation. */
export interface FixedClient extends Client {
  /** From here on flags give these variants; those that are not named stay as they are. Listeners hear of it as of any change. */
  set(state: State): void;
  /** Keys that were asked for so far, in the order in which they first were. */
  asked(): readonly string[];
}

export interface TestFlags {
  /** A client with these variants. A flag that is not named gives the variant of its `default`. */
  client(state?: State): FixedClient;
  /** Runs `work` with such a client, and closes it. Gives what `work` gives. */
  withFlags<T>(state: State, work: (flags: FixedClient) => T): T;
  /**
   * Runs `work` for every state, one after the other; give states as `downhaul states` prints them, or as text.
   * Where it fails for some, the others are run as well, and one error names all that failed.
   */
  forEachState(states: string | State | readonly State[], work: (flags: FixedClient, state: State, name: string) => unknown): Promise<void>;
}

/** Test clients for the flags of a document. A state that names what the document has not is an error. */
export function flagsOf(document: Document | readonly Document[]): TestFlags {
  const definitions = new Map<string, FlagDefinition>();
  for (const { flags } of [document].flat() as readonly Document[]) for (const flag of flags ?? []) definitions.set(flag.key, flag);

  const client = (state: State = {}): FixedClient => {
    const start: State = Object.fromEntries([...definitions.values()].map((flag) => [flag.key, flag.default]));
    return fixedClient(definitions, { ...start, ...checked(definitions, state) });
  };
  const withFlags = <T>(state: State, work: (flags: FixedClient) => T): T => {
    const flags = client(state);
    const close = (): void => void flags.close();
    let result: T;
    try {
      result = work(flags);
    } catch (cause) {
      close();
      throw cause;
    }
    if (isPromise(result)) return result.finally(close) as T;
    close();
    return result;
  };
  return {
    client,
    withFlags,
    forEachState: async (given, work) => {
      const states = statesOf(given);
      const failed: Error[] = [];
      const fail = (name: string, cause: unknown): void => void failed.push(new Error(`with ${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause }));
      // What `work` does at once is done before anything is awaited: test runners collect tests that way.
      let before: Promise<void> | undefined;
      for (const state of states) {
        const name = nameOf(state);
        const run = (): Promise<void> | undefined => {
          try {
            const result = withFlags(state, (flags) => work(flags, state, name));
            return isPromise(result) ? result.then(() => undefined, (cause: unknown) => fail(name, cause)) : undefined;
          } catch (cause) {
            fail(name, cause);
            return undefined;
          }
        };
        before = before ? before.then(run) : run();
      }
      await before;
      if (failed.length === 1) throw failed[0];
      if (failed.length > 1) throw new AggregateError(failed, `${failed.length} of ${states.length} states fail:\n${failed.map(({ message }) => `  ${message}`).join("\n")}`);
    },
  };
}

/** `checkout-v2=on theme=dark` */
function nameOf(state: State): string {
  const names = Object.entries(state).map(([flag, variant]) => `${flag}=${variant}`);
  return names.length === 0 ? "no flags" : names.join(" ");
}

function statesOf(given: string | State | readonly State[]): readonly State[] {
  let read: unknown = given;
  if (typeof given === "string") {
    try {
      read = JSON.parse(given);
    } catch (cause) {
      throw new Error("the states are not JSON: give what `downhaul states --format json` prints, or one state of its matrix", { cause });
    }
  }
  const states = [read].flat() as State[];
  if (states.length === 0) throw new Error("there are no states, and nothing would be tested");
  return states;
}

function checked(definitions: ReadonlyMap<string, FlagDefinition>, state: State): State {
  for (const [key, variant] of Object.entries(state)) {
    const flag = definitions.get(key);
    if (!flag) throw new Error(`no flag \`${key}\` in the document; its flags are ${[...definitions.keys()].join(", ")}`);
    if (!Object.hasOwn(flag.variants, variant)) throw new Error(`\`${key}\` has no variant \`${variant}\`; its variants are ${Object.keys(flag.variants).join(", ")}`);
  }
  return state;
}

function fixedClient(definitions: ReadonlyMap<string, FlagDefinition>, begin: State): FixedClient {
  const read = new Set<string>();
  let state = begin;
  let closed = false;
  const tableOf = (revision: number): Table => {
    const position: Position = { epoch: 1, revision, kill_revision: 0 };
    const entries = new Map<string, Entry>();
    for (const [key, variant] of Object.entries(state)) {
      const value = definitions.get(key)?.variants[variant] as Json;
      entries.set(key, { value, text: JSON.stringify(value), variant, reason: "STATIC", metadata: { revision }, browser: true });
    }
    return new Listed(entries, true, position);
  };
  let table = tableOf(1);
  // A listener that throws fails the test.
  const events = emitter((cause) => {
    throw cause;
  });
  const status = (): Status => ({
    state: closed ? "closed" : "ready",
    transport: "none",
    source: "network",
    position: table.position,
    environment: undefined,
    validUntil: undefined,
    expired: false,
    silentSeconds: 0,
    lastChange: undefined,
    problems: [],
  });
  const reads = decisions({ table: () => table, expired: () => false, asked: { turn: 1, add: (key) => read.add(key) } });
  const settled = (): Promise<Status> => Promise.resolve(status());
  return {
    ...reads,
    on: events.on,
    status,
    ready: settled,
    setContext: settled,
    evaluate: () => reads,
    refresh: () => Promise.resolve(true),
    tally: () => undefined,
    report: () => undefined,
    // Nothing is told of what a test does.
    wire: () => ({ host: globalHost(() => Promise.resolve(new Response(null, { status: 404 }))), url: "", kind: "server", instance: "test", background: false, options: { key: "", url: "" }, feed: NO_FEED, token: () => Promise.resolve(undefined), beside: { join: ({ kills }) => kills }, held: undefined, claimed: "{}" }),
    brake: () => ({ declared: () => undefined, again: () => undefined }),
    close: () => {
      closed = true;
      return Promise.resolve();
    },
    set: (next) => {
      state = { ...state, ...checked(definitions, next) };
      const before = table;
      table = tableOf((before.position?.revision ?? 0) + 1);
      const differs = changes(before, table);
      if (differs.size > 0) events.emit("changed", { keys: [...differs.keys()], flags: differs, position: table.position, source: "network", kind: "put", appliedAfterMs: 0 });
    },
    asked: () => [...read],
  };
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as Promise<unknown> | undefined)?.then === "function";
}

/** Nothing comes. */
const NO_FEED: Feed = {
  envelope: () => Promise.resolve(false),
  patch: () => Promise.resolve(false),
  position: () => false,
  staleSeconds: () => undefined,
  sampling: () => undefined,
  alive: () => undefined,
  transport: () => undefined,
  problem: () => undefined,
};
