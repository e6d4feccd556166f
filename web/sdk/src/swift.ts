import { attribute, readable } from "./context.js";
import type { FlagInfo, Outcomes } from "./engine.js";
import type { Constants } from "./program.js";
import { decisions, type Asked, type Entry, type Source, type Table } from "./table.js";
import type { Decisions, Json, Position } from "./types.js";
import { entry, ROOM, value, type Kept, type Reader, type Ways } from "./ways.js";

/** The ways of servers. */
export const swift: Ways = { reader, kept, table: (...of) => new Decided(...of), reads: (...of) => new Reads(...of) };

function reader({ slots, bytes }: Constants): Reader {
  const { named, compared } = uses(bytes);
  const reads = slots.map(({ text, declared }, slot) => !declared && (text || named.has(slot)));
  const units = slots.map(({ text }, slot) => text && !compared.has(slot));
  const read = slots.flatMap(({ name }, slot) => (reads[slot] ? [[name, slot] as const] : []));
  const bySlot = new Map(read);
  /** The names of the context that was read last, in its order, and the slot of each. */
  const names: string[] = [];
  const places: number[] = [];
  return {
    early: (slot, text, bytes, at) => (units[slot] && text.length * 3 <= ROOM ? write(text, bytes, at) : 0),
    read: (context) => {
      const values: unknown[] = [];
      for (let slot = slots.length; slot > 0; slot--) values.push(undefined);
      // What is inherited is no attribute: where nothing can be, its own names need no closer look.
      if (Object.getPrototypeOf(context) === Object.prototype && !inherits()) {
        let i = 0;
        for (const name in context) {
          // One context is made as the other, mostly.
          if (name !== names[i]) {
            names[i] = name;
            places[i] = bySlot.get(name) ?? -1;
          }
          const slot = places[i++] as number;
          if (slot < 0) continue;
          const own = context[name];
          values[slot] = typeof own === "string" ? own : value(readable(own));
        }
      }
      for (const [name, slot] of read) {
        if (values[slot] === undefined) values[slot] = value(attribute(context, name));
      }
      return values;
    },
  };
}

/** Writes a text as UTF-8; its length there. */
function write(text: string, bytes: Uint8Array, at: number): number {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 127) return encoder.encodeInto(text, bytes.subarray(at)).written;
    bytes[at + i] = unit;
  }
  return text.length;
}

/** Which slots something reads, and those of which whole texts are compared; the layout is in docs/reference/program-format.md. */
function uses(bytes: Uint8Array): { readonly named: ReadonlySet<number>; readonly compared: ReadonlySet<number> } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Kills may name tenants and regions at any time.
  const named = new Set<number>([TENANT, REGION]);
  const compared = new Set<number>([TENANT, REGION]);
  // Segments may list keys.
  if (view.getUint32(24 + SEGMENTS * 8, true) > 0) {
    named.add(TARGETING_KEY);
    compared.add(TARGETING_KEY);
  }
  const nodes = view.getUint32(20 + NODES * 8, true);
  for (let at = nodes; at < nodes + view.getUint32(24 + NODES * 8, true); at += 16) {
    const head = view.getUint32(at, true);
    const operator = head & 0xff;
    // Groups and segments read none themselves.
    if (operator > SEGMENT) named.add(head >>> 8);
    if (operator === IN || operator === NOT_IN) compared.add(head >>> 8);
  }
  return { named, compared };
}

/** Whether every plain object inherits something that `for … in` sees. */
function inherits(): boolean {
  for (const name in NOTHING) return name !== undefined;
  return false;
}

/** Copies to where there is room for the outcomes of many contexts: an array for each would take longer than deciding. */
function kept(): Kept {
  let words = new Int32Array();
  let copy = new Uint8Array();
  let used = 0;
  return (bytes, length) => {
    const count = length / 4;
    if (used + count > words.length) {
      words = new Int32Array(Math.max(WORDS, count));
      copy = new Uint8Array(words.buffer);
      used = 0;
    }
    const at = used;
    used += count;
    if (length > FEW) copy.set(bytes.subarray(0, length), at * 4);
    else for (let i = 0; i < length; i++) copy[at * 4 + i] = bytes[i] as number;
    return { words, at };
  };
}

/** The flags of a program, with what reads look up in as few steps as possible. */
interface Index {
  /** Each one's place, by its key. */
  readonly places: ReadonlyMap<string, number>;
  /** The values of all variants, and where those of each flag begin. */
  readonly given: readonly Json[];
  readonly firsts: readonly number[];
  /** When each was last asked for; see `Asked`. */
  readonly turns: number[];
}

const indices = new WeakMap<readonly FlagInfo[], Index>();

function indexOf(flags: readonly FlagInfo[]): Index {
  let index = indices.get(flags);
  if (index) return index;
  const given: Json[] = [];
  const firsts: number[] = [];
  for (const { variants } of flags) {
    firsts.push(given.length);
    for (const { value } of variants) given.push(value);
  }
  index = { places: new Map(flags.map(({ key }, place) => [key, place])), given, firsts, turns: flags.map(() => 0) };
  indices.set(flags, index);
  return index;
}

/** The table of an evaluation: numbers, of which each becomes an entry where it is looked at. */
export class Decided implements Table {
  readonly #index: Index;

  /** Flags in `withheld` are left out, as they were decided for another context. */
  constructor(
    readonly flags: readonly FlagInfo[],
    readonly outcomes: Outcomes,
    readonly position: Position | undefined,
    readonly withheld: boolean,
  ) {
    this.#index = indexOf(flags);
  }

  get complete(): boolean {
    return !this.withheld || !this.flags.some((flag) => flag.decided);
  }

  value(key: string, asked: Asked): Json | undefined {
    const { places, given, firsts, turns } = this.#index;
    const place = places.get(key);
    if (place === undefined || (this.withheld && this.flags[place]?.decided)) return undefined;
    if (turns[place] !== asked.turn) {
      turns[place] = asked.turn;
      asked.add(key);
    }
    return given[(firsts[place] as number) + ((this.outcomes.words[this.outcomes.at + place * 2] as number) & 0xffff)];
  }

  get(key: string): Entry | undefined {
    const place = this.#index.places.get(key);
    return place === undefined ? undefined : this.#entry(place);
  }

  #entry(place: number): Entry | undefined {
    const flag = this.flags[place] as FlagInfo;
    return this.withheld && flag.decided ? undefined : entry(flag, this.outcomes, place, this.position);
  }

  get entries(): Iterable<readonly [string, Entry]> {
    return this.#entries();
  }

  *#entries(): Iterable<readonly [string, Entry]> {
    for (const [key, place] of this.#index.places) {
      const entry = this.#entry(place);
      if (entry) yield [key, entry];
    }
  }
}

/** The reads over a table, which make nothing where a value is all that is asked for. */
class Reads implements Decisions {
  constructor(
    readonly source: Source,
    readonly own: Table,
  ) {}

  #read<T>(key: string, fallback: T, type: string): T {
    const value = this.own.value(key, this.source.asked);
    return typeof value === type ? (value as T) : fallback;
  }

  // Each may be taken by itself: `const { boolean } = client.evaluate(context)`.
  get boolean(): Decisions["boolean"] {
    return (key, fallback) => this.#read(key, fallback, "boolean");
  }

  get string(): Decisions["string"] {
    return (key, fallback) => this.#read(key, fallback, "string");
  }

  get number(): Decisions["number"] {
    return (key, fallback) => this.#read(key, fallback, "number");
  }

  get object(): Decisions["object"] {
    return (key, fallback) => this.#read(key, fallback, "object");
  }

  get #more(): Decisions {
    return decisions({ ...this.source, table: () => this.own });
  }

  get details(): Decisions["details"] {
    return this.#more.details;
  }

  get all(): Decisions["all"] {
    return this.#more.all;
  }

  get bootstrapData(): Decisions["bootstrapData"] {
    return this.#more.bootstrapData;
  }
}

const [TARGETING_KEY, TENANT, REGION] = [0, 1, 2] as const;
const [NODES, SEGMENTS] = [13, 14] as const;
const [SEGMENT, IN, NOT_IN] = [7, 8, 9] as const;
const NOTHING = {};
const encoder = new TextEncoder();
/** The least that is made of room for outcomes. */
const WORDS = 8192;
/** So many bytes are copied sooner one by one. */
const FEW = 64;
