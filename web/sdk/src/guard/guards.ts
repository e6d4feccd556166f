import { instanceId } from "../ciphers.js";
import { outcome, OVERRIDE, type Brakes } from "../engine.js";
import { outcomes } from "../outcomes.js";
import type { Client, Context, Decisions, Details } from "../types.js";
import { exactly, ownClock } from "./clock.js";
import { GuardTimeout, saysNothing } from "./errors.js";
import type { Move } from "./machine.js";
import { localMarks, marks, tabId, type Marks } from "./marks.js";
import type { GuardOptions, Guards, GuardsOptions } from "./options.js";
import { settingsOf, type Breakers, type Declared, type Settings } from "./settings.js";
import { Watched, type BreakerStatus } from "./watched.js";

export type { GuardOptions, Guards, GuardsOptions } from "./options.js";

/** On the client itself: entries of the package are bundled apart, and must find the same ones. */
const KNOWN = Symbol.for("downhaul.guards");

/** What telemetry has put itself around. */
const UNDER = Symbol.for("downhaul.decisions");
const TELEMETRY = Symbol.for("downhaul.telemetry");

/** The breakers of a client. One object a client: asked again, it gives the same. */
export function guards(client: Client, options: GuardsOptions = {}): Guards {
  const known = client as { [KNOWN]?: Guards };
  return (known[KNOWN] ??= begin(client, options));
}

/** The client with `guard`. */
export function guarded<C extends Client>(client: C, options: GuardsOptions = {}): C & Pick<Guards, "guard"> {
  const { guard } = guards(client, options);
  return Object.assign(client, { guard });
}

/** What guards know of one flag. */
interface Of {
  readonly flag: string;
  declared: Declared | undefined;
  readonly variants: Map<string, Watched>;
  /** Goes up when the flag may give something else. */
  version: number;
  /** Starts of this page under it: not begun, not through yet, through. */
  boot: "none" | "under way" | "through";
  /** Some guard of it is of what must not be done twice: nothing is tried again by itself. */
  never: boolean;
  /** Errors that nobody catches are of it. */
  uncaught: boolean;
  isDisabled: boolean;
}

function begin(client: Client, options: GuardsOptions): Guards {
  const { now, roughly, ticks } = options.now ? exactly(options.now) : ownClock();
  const wall = options.wall ?? (() => Date.now());
  const random = options.random ?? (() => Math.random());
  const setTimer = options.setTimer ?? ((callback, ms) => setTimeout(callback, ms));
  const clearTimer = options.clearTimer ?? ((timer) => clearTimeout(timer as ReturnType<typeof setTimeout>));
  const session = (options.form ?? (typeof document === "undefined" ? "server" : "page")) === "page";
  const store = options.marks === false ? undefined : (options.marks ?? (session ? localMarks() : undefined));
  const marked: Marks | undefined = store && marks({ store, wall, tab: options.tab ?? tabId(instanceId), page: instanceId() });
  const told = options.outcomes === false ? undefined : outcomes(client, { now });

  const flags = new Map<string, Of>();
  /** Breakers that keep calls back. */
  const acting = new Set<Watched>();
  const listeners = new Set<(status: BreakerStatus, move: Move) => void>();
  let breakers: Breakers | undefined;
  /** Decisions of others' contexts that were made since the last change of any breaker. */
  let made = new WeakSet<Decisions>();
  let asksAgain = false;
  let isHurt = false;
  /** Whether somebody asks how long things take. */
  let isTimed = TELEMETRY in client;

  const every = function* (): Iterable<Watched> {
    for (const { variants } of flags.values()) yield* variants.values();
  };
  ticks?.((at) => {
    for (const watched of every()) watched.fold(at);
  });

  const of = (flag: string): Of => {
    let known = flags.get(flag);
    if (!known) {
      flags.set(flag, (known = { flag, declared: breakers?.[flag], variants: new Map(), version: 0, boot: "none", never: false, uncaught: false, isDisabled: false }));
      for (const variant of Object.keys(marked?.of(flag, known.declared?.of).failures ?? {})) watch(known, variant);
    }
    return known;
  };

  const settings = ({ declared, never }: Of): Settings => {
    const declares = settingsOf(declared);
    return { ...declares, probes: declares.probes && !never };
  };

  const watch = (known: Of, variant: string): Watched => {
    let watched = known.variants.get(variant);
    if (!watched) {
      watched = new Watched(known.flag, variant, { flag: known.flag, settings: settings(known), session, random }, now, moved);
      watched.machine.disable(known.isDisabled, now());
      known.variants.set(variant, watched);
      remember(known, watched);
    }
    return watched;
  };

  /** What is known from before, and from other tabs. */
  const remember = (known: Of, watched: Watched): void => {
    if (!marked) return;
    const { failures, crashes } = marked.of(known.flag, known.declared?.of);
    const { crashLoop, sessionFailures } = watched.machine.settings;
    if (watched.variant === known.declared?.fallback) return;
    if (crashes >= crashLoop) watched.machine.latch("crash-loop", now());
    else if (session && (failures[watched.variant] ?? 0) >= sessionFailures) watched.machine.latch("shared", now());
  };

  const moved = (watched: Watched, move: Move | undefined): void => {
    const { machine } = watched;
    watched.fold(now());
    if (machine.passing || machine.state === "forced-open") acting.delete(watched);
    else acting.add(watched);
    made = new WeakSet();
    if (!asksAgain) {
      asksAgain = true;
      // Not within the application's own call: whoever listens is told what changed.
      queueMicrotask(again);
    }
    const known = flags.get(watched.flag);
    if (!move || !known) return;
    const status = watched.status(known.declared?.of, now());
    for (const listener of listeners) {
      try {
        listener(status, move);
      } catch (cause) {
        queueMicrotask(() => console.error("downhaul: a listener threw", cause));
      }
    }
  };
  const again = (): void => {
    braking.again();
    asksAgain = false;
    for (const known of flags.values()) known.version++;
  };

  /** What the flag set in use says of breakers. */
  const take = (next: Breakers | undefined): void => {
    if (next === breakers) return;
    breakers = next;
    for (const known of flags.values()) {
      const before = known.declared;
      known.declared = next?.[known.flag];
      known.version++;
      for (const watched of known.variants.values()) {
        watched.machine.configure(settings(known), before === undefined || before.of === known.declared?.of, now());
        remember(known, watched);
      }
    }
    // Flags that crashed before are known before any of their code runs.
    for (const flag of marked?.flags() ?? []) if (next?.[flag]) of(flag);
  };

  const brake: Brakes = (all, decided, who, stale) => {
    take(braking.declared());
    let added: Uint8Array | undefined;
    if (acting.size === 0 && flags.size === 0) return added;
    all.forEach(({ key, variants }, index) => {
      const known = flags.get(key);
      const variant = variants[outcome(decided, index).variant]?.key;
      if (!known?.declared || variant === undefined || variant === known.declared.fallback) return;
      // Of a flag that crashed, no variant is known yet.
      const watched = known.variants.get(variant) ?? ((marked?.of(key, known.declared.of).crashes ?? 0) > 0 ? watch(known, variant) : undefined);
      if (!watched || watched.machine.passing || watched.machine.state === "forced-open") return;
      if (watched.machine.admits(unitOf(who), now())) return;
      (added ??= stale?.slice() ?? new Uint8Array(all.length))[index] ||= watched.machine.cause === "crash-loop" ? OVERRIDE["crash-loop"] : OVERRIDE.breaker;
    });
    return added;
  };
  const braking = client.brake(brake);
  take(braking.declared());
  // What was decided before knows nothing of the last visit.
  if ((marked?.flags().length ?? 0) > 0) queueMicrotask(again);

  const evaluate = client.evaluate;
  client.evaluate = (who) => {
    const decisions = evaluate(who);
    if (acting.size > 0) made.add(decisions);
    return decisions;
  };

  const wasMade = (decisions: Decisions): boolean => made.has(decisions) || made.has((decisions as { [UNDER]?: Decisions })[UNDER] ?? decisions);

  const synchronise = (known: Of, { flagMetadata: { cause } }: Details, killRevision: number): void => {
    for (const { machine } of known.variants.values()) {
      if (cause === "kill") machine.force(killRevision, now());
      else machine.release(killRevision, now());
    }
  };
  client.on("changed", ({ flags: changed, position }) => {
    for (const [key, { after }] of changed) {
      const known = flags.get(key);
      if (!known) continue;
      known.version++;
      if (after) synchronise(known, after, position?.kill_revision ?? 0);
    }
  });

  told?.collect(() => {
    for (const watched of every()) {
      watched.fold(now());
      const { wentWrong: failed, first, last } = watched;
      const ok = watched.ok - watched.toldOk;
      if (ok + failed === 0 || !told.add(watched.flag, watched.variant, { ok, failed, first, last })) continue;
      watched.toldOk = watched.ok;
      watched.wentWrong = 0;
      watched.first = -1;
    }
  });

  /** A call of the path failed, or what is of it. */
  const hurt = (known: Of, watched: Watched, generation: number, at: number): void => {
    watched.fold(at);
    if (generation === watched.machine.generation && watched.machine.state === "half-open") watched.probesFailed++;
    watched.machine.ended(generation, "failed", at);
    watched.wentWrong++;
    if (watched.first < 0) watched.first = at;
    watched.last = at;
    const { acts, sessionFailures } = watched.machine.settings;
    if (!session || !acts || !marked) return;
    if (marked.failed(known.flag, known.declared?.of, watched.variant) >= sessionFailures) watched.machine.latch("session", at);
  };

  // Starts of a page.

  const starts = (known: Of): void => {
    if (known.boot !== "none") return;
    known.boot = "through";
    known.version++;
    if (!session || !marked || !known.declared) return;
    known.boot = "under way";
    marked.begins(known.flag, known.declared.of);
    setTimer(() => {
      if (known.boot !== "under way") return;
      known.boot = "through";
      marked.cameThrough(known.flag, true);
    }, settingsOf(known.declared).healthyMs);
  };
  const leave = (): void => {
    // Left in good order: whoever leaves early has not crashed. After an error that nobody caught, that is not so sure.
    for (const known of flags.values()) {
      if (known.boot !== "under way" || isHurt) continue;
      known.boot = "none";
      known.version++;
      marked?.cameThrough(known.flag, false);
    }
  };
  const sawUncaught = (): void => {
    for (const known of flags.values()) {
      if (known.boot !== "under way" || !known.uncaught) continue;
      isHurt = true;
      const watched = known.variants.get(variantOf(known)?.variant ?? "");
      if (watched) {
        watched.failed++;
        hurt(known, watched, watched.machine.generation, now());
      }
    }
  };
  const shared = (): void => {
    for (const known of flags.values()) for (const watched of known.variants.values()) remember(known, watched);
  };
  if (session && typeof addEventListener === "function") {
    addEventListener("pagehide", leave);
    addEventListener("error", sawUncaught);
    addEventListener("unhandledrejection", sawUncaught);
    addEventListener("storage", ({ key }) => marked?.isOwn(key) && shared());
  }

  const variantOf = (known: Of, decided: Decisions = client): Details | undefined => {
    try {
      return decided.details(known.flag, null);
    } catch {
      return undefined;
    }
  };

  /** The breaker of what the flag leads to; undefined where it leads to the fallback. */
  const target = (known: Of, decided: Decisions, wanted: string | undefined): Watched | undefined => {
    const details = variantOf(known, decided);
    const variant = details?.variant;
    if (!details || variant === undefined) return undefined;
    const leads = wanted === undefined ? variant !== known.declared?.fallback && details.value !== false : variant === wanted;
    return leads ? watch(known, variant) : undefined;
  };

  const guard: Guards["guard"] = <A extends unknown[], R>(flag: string, path: (...args: A) => R, given: GuardOptions<A, R>) => {
    const { fallback, variant, idempotent = false, timeoutMs, ignores = saysNothing, uncaught = false, decided } = given;
    const known = of(flag);
    known.uncaught ||= uncaught;
    if (!idempotent && !known.never) {
      known.never = true;
      for (const { machine } of known.variants.values()) machine.configure(settings(known), true, now());
    }
    let version = -1;
    let current: Watched | undefined;
    /** The same, where nothing but its being calm has to be looked at before a call. */
    let plain: Watched | undefined;

    const find = (): Watched | undefined => {
      current = target(known, client, variant);
      const isPlain = current && known.boot !== "none" && !isTimed && !current.machine.isMeasured && !isLimited(current);
      plain = isPlain ? current : undefined;
      version = known.version;
      return current;
    };
    const instead = (args: A): R => {
      for (const watched of acting) if (watched.flag === flag) watched.machine.advance(now());
      for (const watched of known.variants.values()) {
        if (watched.machine.passing) continue;
        watched.degraded++;
        break;
      }
      return fallback(...args);
    };
    /** True where the error is counted, and the fallback may take its place. */
    const counts = (watched: Watched, generation: number, began: number, cause: unknown): boolean => {
      if (ignores(cause)) {
        watched.ignored++;
        return false;
      }
      const at = now();
      watched[cause instanceof GuardTimeout ? "timedOut" : "failed"]++;
      if (began >= 0) watched.latencies.add(at - began);
      hurt(known, watched, generation, at);
      return idempotent;
    };
    const wrong = (watched: Watched, generation: number, began: number, cause: unknown): never => {
      counts(watched, generation, began, cause);
      throw cause;
    };
    const failed = (watched: Watched, generation: number, began: number, cause: unknown, args: A): R => {
      if (!counts(watched, generation, began, cause)) throw cause;
      return fallback(...args);
    };
    /** `began` is below 0 where nobody asks how long it took. */
    const done = (watched: Watched, generation: number, began: number): void => {
      const { machine } = watched;
      if (began < 0 && machine.calm && generation === machine.generation && ticks) {
        // Counted with others at the next look at the clock.
        if (watched.pending++ === 0) {
          watched.pendingOf = generation;
          roughly();
        }
        return;
      }
      const at = began < 0 ? roughly() : now();
      watched.fold(at);
      watched.ok++;
      if (watched.first < 0) watched.first = at;
      watched.last = at;
      if (began >= 0) {
        const took = at - began;
        watched.latencies.add(took);
        if (took > machine.settings.slowMs) {
          watched.slow++;
          return machine.ended(generation, "slow", at);
        }
      }
      if (!machine.passing && machine.state === "half-open" && machine.generation === generation) watched.probesOk++;
      machine.well(generation, at);
    };
    /** What becomes of promises of one breaker in one of its states, where no call needs anything of its own. */
    let same: { readonly watched: Watched; readonly generation: number; readonly back: (value: unknown) => unknown; readonly thrown: (cause: unknown) => never } | undefined;
    const ofAll = (watched: Watched, generation: number): NonNullable<typeof same> => {
      if (same?.watched !== watched || same.generation !== generation) {
        same = {
          watched,
          generation,
          back: (value) => {
            done(watched, generation, -1);
            return value;
          },
          thrown: (cause) => wrong(watched, generation, -1, cause),
        };
      }
      return same;
    };
    /** Apart, since what a function hands to another one that it makes is kept for each of its calls. */
    const failing = (watched: Watched, generation: number, args: A) => (cause: unknown) => failed(watched, generation, -1, cause, args);
    const isLimited = ({ machine }: Watched): boolean => timeoutMs !== undefined || machine.isLimited;
    const settled = (watched: Watched, generation: number, began: number, result: PromiseLike<unknown>, args: A): Promise<unknown> => {
      const limit = timeoutMs ?? watched.machine.settings.timeoutMs;
      const back = (value: unknown): unknown => {
        done(watched, generation, began);
        return value;
      };
      const thrown = (cause: unknown): unknown => failed(watched, generation, began, cause, args);
      if (limit === Infinity) return Promise.resolve(result.then(back, thrown));
      let timer: unknown;
      const late = new Promise<never>((_, reject) => (timer = setTimer(() => reject(new GuardTimeout(flag, limit)), limit)));
      const first = Promise.race([result, late]);
      return first.then(back, thrown).finally(() => clearTimer(timer));
    };

    const anyCall = (...args: A): R => {
      let watched: Watched | undefined;
      if (decided) {
        const decisions = decided(...args);
        watched = target(known, decisions, variant);
        if (watched && !watched.machine.passing) {
          watched.machine.advance(now());
          // Decided before the breaker's last change, it says nothing of whether this unit may try.
          if (!watched.machine.passing && !(watched.machine.state === "half-open" && wasMade(decisions))) watched = undefined;
        }
      } else {
        watched = version === known.version ? current : find();
        if (watched && !watched.machine.passing) {
          watched.machine.advance(now());
          if (!watched.machine.passing && (watched.machine.state !== "half-open" || asksAgain)) watched = undefined;
        }
      }
      if (!watched) return instead(args);
      if (known.boot === "none") starts(known);
      const { generation } = watched.machine;
      const began = isTimed || watched.machine.isMeasured ? now() : -1;
      let result: R;
      try {
        result = path(...args);
      } catch (cause) {
        return failed(watched, generation, began, cause, args);
      }
      if (result instanceof Promise && began < 0 && !isLimited(watched)) {
        const { back, thrown } = ofAll(watched, generation);
        return result.then(back, idempotent ? failing(watched, generation, args) : thrown) as R;
      }
      if (isPromise(result)) return settled(watched, generation, began, result, args) as R;
      done(watched, generation, began);
      return result;
    };
    if (decided) return anyCall;

    const few = path as (...args: unknown[]) => R;
    /**
     * The same for what almost every call is: of at most three arguments, spelt out, since to collect them costs more than all
     * else that is done here.
     */
    const call = function (one?: unknown, two?: unknown, three?: unknown): R {
      const count = arguments.length;
      const watched = plain;
      if (version !== known.version || watched === undefined || !watched.machine.calm || count > 3) return anyCall.apply(undefined, arguments as unknown as A);
      const { generation } = watched.machine;
      let result: R;
      try {
        result = count === 1 ? few(one) : count === 2 ? few(one, two) : count === 3 ? few(one, two, three) : few();
      } catch (cause) {
        return failed(watched, generation, -1, cause, [one, two, three].slice(0, count) as A);
      }
      if (result instanceof Promise) {
        const { back, thrown } = ofAll(watched, generation);
        return result.then(back, idempotent ? failing(watched, generation, [one, two, three].slice(0, count) as A) : thrown) as R;
      }
      if (isPromise(result)) return settled(watched, generation, -1, result, [one, two, three].slice(0, count) as A) as R;
      done(watched, generation, -1);
      return result;
    };
    return call as unknown as (...args: A) => R;
  };

  return {
    guard,
    breakers: () => [...flags.values()].flatMap(({ variants, declared }) => [...variants.values()].map((watched) => watched.status(declared?.of, now()))),
    disable: (flag, isDisabled = true) => {
      const known = of(flag);
      known.isDisabled = isDisabled;
      for (const { machine } of known.variants.values()) machine.disable(isDisabled, now());
    },
    onMove: (listener) => {
      const own: typeof listener = (status, move) => listener(status, move);
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    timed: () => {
      isTimed = true;
      for (const known of flags.values()) known.version++;
    },
    take: () => [...flags.values()].flatMap(({ variants }) => [...variants.values()].flatMap((watched) => watched.take(now()) ?? [])),
    shared,
  };
}

/** As bucketing takes it, by the targetingKey; all without one are one. */
const unitOf = ({ targetingKey }: Context): string => (targetingKey === undefined ? "" : String(targetingKey));

const isPromise = (value: unknown): value is PromiseLike<unknown> => value !== null && typeof value === "object" && typeof (value as { then?: unknown }).then === "function";
