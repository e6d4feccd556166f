/** A flag that is asked for all the time is told of once in this time. */
const AGAIN_MS = 3_600_000;
/** Keys in one acknowledgement; docs/reference/protocol.md. */
const MOST = 256;

/** Which flags the application asks for: keys alone, so that flags that nobody needs are found. */
export interface Asked {
  add(key: string): void;
  /** Which turn it is; `take` begins the next. */
  readonly turn: number;
  /** Those that are to be told now. */
  take(): readonly string[];
}

export function asked(now: () => number): Asked {
  const waiting = new Set<string>();
  const due = new Map<string, number>();
  const known = {
    turn: 1,
    add: (key: string) => waiting.add(key),
    take: (): readonly string[] => {
      known.turn++;
      const told: string[] = [];
      for (const key of waiting) {
        if (told.length === MOST) break;
        waiting.delete(key);
        if (now() < (due.get(key) ?? -Infinity)) continue;
        due.set(key, now() + AGAIN_MS);
        told.push(key);
      }
      return told;
    },
  };
  return known;
}
