import { canonical } from "./context.js";
import { isPhase, PHASES, type Does, type Phase, type Shape } from "./phases.js";
import type { Calls, Client, Decisions, MigrationTally } from "./types.js";

export interface MigrationOptions {
  /**
   * What to go by where the control plane has given no phase: before the client is ready, and where the flag is not there.
   * It is told to the control plane, which takes no step that does not go together with it.
   */
  readonly fallback: Phase;
  /** The share of reads that are compared, 0 to 1. Default 1. */
  readonly compareShare?: number | undefined;
  /** Comparisons at the same time; a read beyond that is not compared. Default 8. */
  readonly comparing?: number | undefined;
  /** Told of two answers that differed twice in a row. They stay in this process. */
  readonly onMismatch?: ((answers: { readonly old: unknown; readonly new: unknown }) => void) | undefined;
  /** Told of a second write that failed, to queue its repair: the request went well all the same. */
  readonly onSecondWriteError?: ((cause: unknown, shape: Shape) => void) | undefined;
  /** For tests: milliseconds on a clock that never jumps. */
  readonly now?: (() => number) | undefined;
}

/** What holds for one context now. */
export interface MigrationAnswer extends Does {
  readonly phase: Phase;
  /** The control plane is heard of, and this is its word; otherwise it may be an old one, or the fallback. */
  readonly confirmed: boolean;
}

/** The application's own functions, one for each shape that its code knows. */
export interface Sides<T> {
  readonly old?: (() => T | Promise<T>) | undefined;
  readonly new?: (() => T | Promise<T>) | undefined;
}

export interface Reads<T> extends Sides<T> {
  /** Whether two answers are the same. Default: as JSON, whatever the order of members. */
  readonly equal?: ((old: T, fresh: T) => boolean) | undefined;
}

export interface Migration {
  readonly key: string;
  /** What to read and write; never throws. `who` is `client.evaluate(context)` where each request has its own context. */
  answer(who?: Decisions): MigrationAnswer;
  /**
   * Reads the shape that counts and gives its answer; what that throws is thrown. The other shape is read behind it where
   * the phase compares, and what comes of that is only counted.
   * @throws MigrationRefused where no function for the shape is given.
   */
  read<T>(sides: Reads<T>, who?: Decisions): Promise<T>;
  /**
   * Writes the shapes of the phase in order. If the first fails, that is thrown and nothing else is written; if the second
   * fails, it is counted and told, and the write has gone well.
   * @throws MigrationRefused where no function for the first shape is given: code that knows the old shape only is stopped here.
   */
  write<T>(sides: Sides<T>, who?: Decisions): Promise<T>;
  /** A gate for code that writes by itself: whether this shape is written now. A no is counted. */
  mayWrite(shape: Shape, who?: Decisions): boolean;
  /** Resolves once no comparison is under way, for hosts that stop what outlives a request (`waitUntil`). */
  settled(): Promise<void>;
  /** What was counted since the start, as it is told to the control plane. */
  counts(): readonly MigrationTally[];
}

/** Nothing was read or written: the code at hand does not know the shape that the phase wants. */
export class MigrationRefused extends Error {
  override readonly name = "MigrationRefused";
  readonly code = "migration-refused";
  constructor(
    readonly flag: string,
    readonly phase: Phase,
    readonly shape: Shape,
    what: "read" | "write",
  ) {
    super(`\`${flag}\` is at \`${phase}\`, where the ${shape} shape is to be ${what === "read" ? "read" : "written"}, and no function for it is given: put out code that knows it`);
  }
}

interface Counts {
  compared: number;
  mismatches: number;
  refused: number;
  readonly read: { readonly [shape in Shape]: { -readonly [member in keyof Calls]: number } };
  readonly write: { readonly [shape in Shape]: { -readonly [member in keyof Calls]: number } };
}

const known = new WeakMap<Client, Map<string, Migration>>();

/** The data change that a flag with a `phase` leads. One object a client and flag: asked again, it gives the same. */
export function migration(client: Client, key: string, options: MigrationOptions): Migration {
  let all = known.get(client);
  if (!all) known.set(client, (all = new Map()));
  const made = all.get(key) ?? begin(client, key, options);
  all.set(key, made);
  return made;
}

function begin(client: Client, key: string, options: MigrationOptions): Migration {
  const { fallback, compareShare = 1, comparing = 8, now = () => performance.now() } = options;
  const counted = new Map<Phase, Counts>();
  const underWay = new Set<Promise<void>>();

  const of = (phase: Phase): Counts => {
    let counts = counted.get(phase);
    if (!counts) {
      const calls = () => ({ old: { calls: 0, errors: 0, ms: 0 }, new: { calls: 0, errors: 0, ms: 0 } });
      counted.set(phase, (counts = { compared: 0, mismatches: 0, refused: 0, read: calls(), write: calls() }));
    }
    return counts;
  };

  const answer = (who: Decisions = client): MigrationAnswer => {
    const { value, errorCode } = who.details(key, fallback as string);
    const phase = typeof value === "string" && isPhase(value) ? value : fallback;
    const confirmed = errorCode === undefined && phase === value && client.status().state === "ready";
    return { phase, ...PHASES[phase], confirmed };
  };

  const call = async <T>(calls: { -readonly [member in keyof Calls]: number }, side: () => T | Promise<T>): Promise<T> => {
    const began = now();
    calls.calls++;
    try {
      return await side();
    } catch (cause) {
      calls.errors++;
      throw cause;
    } finally {
      calls.ms += now() - began;
    }
  };

  const refuse = (phase: Phase, shape: Shape, what: "read" | "write"): MigrationRefused => {
    of(phase).refused++;
    return new MigrationRefused(key, phase, shape, what);
  };

  const compare = async <T>(phase: Phase, { old: oldSide, new: newSide, equal = same }: Reads<T>, first: Shape, found: T): Promise<void> => {
    const counts = of(phase);
    const old = (): Promise<T> => call(counts.read.old, oldSide as () => T);
    const fresh = (): Promise<T> => call(counts.read.new, newSide as () => T);
    const agree = (one: T, other: T): boolean => {
      try {
        return equal(one, other);
      } catch {
        // What can't be compared is not known to be the same.
        return false;
      }
    };
    const other = await (first === "old" ? fresh() : old());
    counts.compared++;
    if (first === "old" ? agree(found, other) : agree(other, found)) return;
    // Someone may have written between the two reads.
    const again = await Promise.all([old(), fresh()]);
    if (agree(...again)) return;
    counts.mismatches++;
    options.onMismatch?.({ old: again[0], new: again[1] });
  };

  const behind = (work: Promise<void>): void => {
    // A comparison that fails has been counted as a failed call, and is nobody else's business.
    const done: Promise<void> = work.catch(() => undefined).then(() => void underWay.delete(done));
    underWay.add(done);
  };

  const made: Migration = {
    key,
    answer,
    read: async (sides, who) => {
      const { phase, read, compare: other } = answer(who);
      const side = sides[read];
      if (!side) throw refuse(phase, read, "read");
      const found = await call(of(phase).read[read], side);
      if (other && sides[other] && underWay.size < comparing && Math.random() < compareShare) behind(compare(phase, sides, read, found));
      return found;
    },
    write: async (sides, who) => {
      const { phase, write } = answer(who);
      const [first, second] = write as readonly [Shape, Shape?];
      const side = sides[first];
      if (!side) throw refuse(phase, first, "write");
      const counts = of(phase).write;
      const written = await call(counts[first], side);
      if (second) {
        try {
          const other = sides[second];
          await call(counts[second], () => {
            if (!other) throw new MigrationRefused(key, phase, second, "write");
            return other();
          });
        } catch (cause) {
          try {
            options.onSecondWriteError?.(cause, second);
          } catch {
            // What was asked for is written.
          }
        }
      }
      return written;
    },
    mayWrite: (shape, who) => {
      const { phase, write } = answer(who);
      const may = write.includes(shape);
      if (!may) of(phase).refused++;
      return may;
    },
    settled: async () => {
      while (underWay.size > 0) await Promise.all(underWay);
    },
    counts: () => {
      // That it is followed is told before there is anything to count.
      of(answer().phase);
      const whole = (calls: Calls): Calls => ({ ...calls, ms: Math.round(calls.ms) });
      return [...counted].map(([phase, { compared, mismatches, refused, read, write }]) => ({
        flag: key,
        phase,
        fallback,
        compared,
        mismatches,
        refused,
        read_old: whole(read.old),
        read_new: whole(read.new),
        write_old: whole(write.old),
        write_new: whole(write.new),
      }));
    },
  };
  client.tally(made.counts);
  return made;
}

function same(one: unknown, other: unknown): boolean {
  return json(one) === json(other);
}

/** As JSON, members in order; maps, sets and big integers as lists and texts, which JSON has not. */
function json(value: unknown): string {
  const text = JSON.stringify(value, (_, each: unknown) => (each instanceof Map || each instanceof Set ? [...(each as Iterable<unknown>)] : typeof each === "bigint" ? `${each}n` : each));
  return canonical(JSON.parse(text ?? "null"));
}
