import { settled } from "./settled.js";
import type { Client, Decisions, OutcomeCount, OutcomeReport } from "./types.js";

/** Of one acknowledgement; docs/reference/protocol.md. */
const REPORTS = 4;
const ENTRIES = 64;
/** Flags and variants that are counted at a time; others are left out until some were told. */
const COUNTED = 256;

export interface OutcomesOptions {
  /** For tests: milliseconds on a clock that never jumps. */
  readonly now?: (() => number) | undefined;
}

/** Under which variant something is counted: that of other decisions than the client's, or the one that was given when the work began. */
export type Decided = Decisions | string;

/** How what flags decide of went. Nothing here throws, waits or sends by itself; counts go along with what the client tells anyway. */
export interface Outcomes {
  /**
   * Counts that it did what it should (`true`) or not, under the variant that the flag gives now.
   * Where each request has its own context, `decided` is `client.evaluate(context)`; where the flag may have changed since the
   * work began, the variant that it was begun under. A flag that gives no variant is not counted.
   */
  outcome(flag: string, ok: boolean, decided?: Decided): void;
  /**
   * Does `work` and counts how it went, under the variant that the flag gives as it begins: failed where it throws or its promise
   * is rejected, which the caller sees all the same.
   */
  watch<T>(flag: string, work: () => T, decided?: Decided): T;
  /** Counts what was counted elsewhere; false where there is no room for it as yet. For `downhaul/guard`. */
  add(flag: string, variant: string, counted: Counted): boolean;
  /** Calls `source` before anything is told. For `downhaul/guard`. */
  collect(source: () => void): void;
}

/** Outcomes, and when the first and the last of them were, on the clock of `OutcomesOptions`. */
export interface Counted {
  readonly ok: number;
  readonly failed: number;
  readonly first: number;
  readonly last: number;
}

interface Sealed {
  readonly sequence: number;
  readonly first: number;
  readonly last: number;
  readonly counts: readonly OutcomeCount[];
}

/** On the client itself: entries of the package are bundled apart, and must find the same one. */
const KNOWN = Symbol.for("downhaul.outcomes");

/** Counts outcomes for a client. One object a client: asked again, it gives the same. */
export function outcomes(client: Client, options: OutcomesOptions = {}): Outcomes {
  const known = client as { [KNOWN]?: Outcomes };
  return (known[KNOWN] ??= begin(client, options));
}

function begin(client: Client, { now = () => performance.now() }: OutcomesOptions): Outcomes {
  /** What was sent stays as it is until it has arrived: the control plane tells by its number whether it has it. */
  let sealed: readonly Sealed[] = [];
  const open = new Map<string, { flag: string; variant: string; ok: number; failed: number }>();
  let sequence = 0;
  let first = 0;
  let last = 0;

  const sources: (() => void)[] = [];

  const add: Outcomes["add"] = (flag, variant, counted) => {
    const key = `${flag}\0${variant}`;
    let count = open.get(key);
    if (!count) {
      if (open.size >= COUNTED) return false;
      if (open.size === 0) first = counted.first;
      open.set(key, (count = { flag, variant, ok: 0, failed: 0 }));
    }
    first = Math.min(first, counted.first);
    last = Math.max(last, counted.last);
    count.ok += counted.ok;
    count.failed += counted.failed;
    return true;
  };
  const one = (flag: string, variant: string, ok: boolean): void => {
    const at = now();
    add(flag, variant, { ok: ok ? 1 : 0, failed: ok ? 0 : 1, first: at, last: at });
  };

  const variantOf = (flag: string, decided: Decided = client): string | undefined => {
    try {
      const variant = typeof decided === "string" ? decided : decided.details(flag, null).variant;
      return typeof flag === "string" ? variant : undefined;
    } catch {
      // What is handed in is no decisions: nothing that counts may break what is counted.
      return undefined;
    }
  };

  const seal = (): void => {
    const room = ENTRIES - sealed.reduce((sum, { counts }) => sum + counts.length, 0);
    if (open.size === 0 || room <= 0 || sealed.length >= REPORTS) return;
    const told = [...open].slice(0, room);
    for (const [key] of told) open.delete(key);
    sealed = [...sealed, { sequence: ++sequence, first, last, counts: told.map(([, count]) => count) }];
  };

  client.report({
    pending: () => {
      for (const source of sources) source();
      seal();
      const ago = (at: number): number => Math.max(0, Math.round(now() - at));
      return sealed.map(({ sequence, first, last, counts }): OutcomeReport => ({ sequence, from_ms: ago(first), to_ms: ago(last), counts }));
    },
    arrived: (told) => {
      const upTo = told.at(-1)?.sequence ?? 0;
      sealed = sealed.filter(({ sequence }) => sequence > upTo);
    },
  });

  return {
    add,
    collect: (source) => void sources.push(source),
    outcome: (flag, ok, decided) => {
      const variant = variantOf(flag, decided);
      if (variant !== undefined) one(flag, variant, ok);
    },
    watch: (flag, work, decided) => {
      const variant = variantOf(flag, decided);
      return settled(work, (ok) => {
        if (variant !== undefined) one(flag, variant, ok);
      });
    },
  };
}
