/** Texts that outlive the page and are shared between its tabs: `localStorage`, or what a test puts in its place. */
export interface MarkStore {
  get(key: string): string | null | undefined;
  set(key: string, value: string): void;
  delete(key: string): void;
  keys(): readonly string[];
}

/** What is known of a flag from before, and from other tabs. */
export interface Marked {
  /** Failures in this session by variant. */
  readonly failures: { readonly [variant: string]: number };
  /** Starts that did not come through. */
  readonly crashes: number;
}

export interface Marks {
  /** Flags of which something is known. */
  flags(): readonly string[];
  /** What is known under this definition; under any, where it is not said. */
  of(flag: string, definition?: string): Marked;
  /** Counts a failure; gives how many there are. */
  failed(flag: string, definition: string | undefined, variant: string): number;
  /** Before the first code of a flag runs in this page. */
  begins(flag: string, definition: string | undefined): void;
  /** This page came through under the flag, or was left in good order. `isWell`: so well that what was before is forgotten. */
  cameThrough(flag: string, isWell: boolean): void;
  /** Whether a key of the store is one of these. */
  isOwn(key: string | null): boolean;
}

const PREFIX = "downhaul.breaker/";
const KEPT_MS = 24 * 3_600_000;
/** A page in the background may be late by a minute in saying that it came through. */
const LATE_MS = 70_000;

interface Boot {
  readonly tab: string;
  readonly page: string;
  readonly at: number;
}

interface Known {
  of: string | undefined;
  at: number;
  failures: Record<string, number>;
  crashes: number;
  boots: Boot[];
}

export interface MarksOptions {
  readonly store: MarkStore;
  /** Epoch milliseconds by the wall clock, which may jump. */
  readonly wall: () => number;
  /** Random, and the same for as long as the tab lives. */
  readonly tab: string;
  /** Random, and another one each time that the page is loaded. */
  readonly page: string;
}

/** Nothing here throws: where nothing can be kept, nothing is known. */
export function marks({ store, wall, tab, page }: MarksOptions): Marks {
  const read = (flag: string): Known => {
    const fresh: Known = { of: undefined, at: wall(), failures: {}, crashes: 0, boots: [] };
    let found: Partial<Known>;
    try {
      found = JSON.parse(store.get(PREFIX + flag) ?? "null") as Partial<Known>;
    } catch {
      return fresh;
    }
    if (found === null || typeof found !== "object") return fresh;
    const age = wall() - Number(found.at);
    if (age > KEPT_MS) return fresh;
    const failures: Record<string, number> = {};
    for (const [variant, count] of Object.entries(found.failures ?? {})) if (count > 0) failures[variant] = count;
    const boots = Array.isArray(found.boots) ? found.boots.filter((boot) => typeof boot?.at === "number") : [];
    // A clock that was set back, or a time that somebody wrote: kept for another whole term, which is the safe way.
    return { of: typeof found.of === "string" ? found.of : undefined, at: age >= 0 ? Number(found.at) : wall(), failures, crashes: Number(found.crashes) > 0 ? Number(found.crashes) : 0, boots };
  };
  const write = (flag: string, known: Known): void => {
    try {
      if (known.crashes === 0 && known.boots.length === 0 && Object.keys(known.failures).length === 0) store.delete(PREFIX + flag);
      else store.set(PREFIX + flag, JSON.stringify(known));
    } catch {
      // Full, or forbidden.
    }
  };
  const under = (flag: string, definition: string | undefined): Known => {
    const known = read(flag);
    const isOther = definition !== undefined && known.of !== undefined && known.of !== definition;
    return isOther ? { of: definition, at: wall(), failures: {}, crashes: 0, boots: [] } : { ...known, of: definition ?? known.of };
  };
  const flags = (): readonly string[] => {
    try {
      return store.keys().filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length));
    } catch {
      return [];
    }
  };

  // A start of this tab that is still open did not come through, since the tab starts again; nor did another tab's, if it had
  // time enough to say so.
  for (const flag of flags()) {
    const known = read(flag);
    const crashed = known.boots.filter((boot) => boot.page !== page && (boot.tab === tab || wall() - boot.at > LATE_MS || boot.at > wall()));
    if (crashed.length === 0) continue;
    write(flag, { ...known, at: wall(), crashes: known.crashes + crashed.length, boots: known.boots.filter((boot) => !crashed.includes(boot)) });
  }

  return {
    flags,
    of: (flag, definition) => under(flag, definition),
    failed: (flag, definition, variant) => {
      const known = under(flag, definition);
      const count = (known.failures[variant] ?? 0) + 1;
      write(flag, { ...known, at: wall(), failures: { ...known.failures, [variant]: count } });
      return count;
    },
    begins: (flag, definition) => {
      const known = under(flag, definition);
      write(flag, { ...known, at: wall(), boots: [...known.boots.filter((boot) => boot.page !== page), { tab, page, at: wall() }] });
    },
    cameThrough: (flag, isWell) => {
      const known = read(flag);
      write(flag, { ...known, crashes: isWell ? 0 : known.crashes, boots: known.boots.filter((boot) => boot.page !== page) });
    },
    isOwn: (key) => key === null || key.startsWith(PREFIX),
  };
}

/** The store of pages; undefined where there is none, or it is forbidden. */
export function localMarks(): MarkStore | undefined {
  try {
    const storage = globalThis.localStorage;
    // Some browsers give one that refuses everything.
    storage.getItem(PREFIX);
    return {
      get: (key) => storage.getItem(key),
      set: (key, value) => storage.setItem(key, value),
      delete: (key) => storage.removeItem(key),
      keys: () => Object.keys(storage),
    };
  } catch {
    return undefined;
  }
}

/** An id of this tab: its session storage lives as long as it does, also when it crashes. */
export function tabId(random: () => string): string {
  try {
    const storage = globalThis.sessionStorage;
    const key = `${PREFIX}tab`;
    const known = storage.getItem(key);
    if (known) return known;
    const made = random();
    storage.setItem(key, made);
    return made;
  } catch {
    return random();
  }
}
