import { attribute } from "./context.js";
import type { Constants } from "./program.js";
import type { Context } from "./types.js";
import { ABSENT, FALSE, INTERNED, NONE, NUMBER, PENDING, SLOT, TEXT, TRUE, value, writer, type Scratch, type Writer } from "./write.js";

/** The most of a text, in bytes, that is written before it is asked for. */
const ROOM = 256;
/** Texts of each slot whose ids are kept at hand; a power of two. */
const MET = 64;

/** Reads contexts for one program: the values of the attributes that something reads. */
export interface Reader {
  /** Their names and slots. */
  readonly read: readonly (readonly [string, number])[];
  /** The others. */
  readonly others: readonly number[];
  /** By slot, as they are now; undefined where one is neither text, number, truth value nor nothing. */
  values(context: Context): unknown[] | undefined;
}

/** Values by slot that were read before, in the place of the context that had them. */
export class Snapshot {
  [attribute: string]: unknown;
  constructor(readonly values: readonly unknown[]) {}
}

export function reader({ slots, bytes }: Constants, { named } = uses(bytes)): Reader {
  const reads = slots.map(({ text, declared }, slot) => !declared && (text || named.has(slot)));
  const read = slots.flatMap(({ name }, slot) => (reads[slot] ? [[name, slot] as const] : []));
  const bySlot = new Map(read);
  const count = slots.length;
  const needed = read.length;
  /** The names of the context that was read last, in its order, and the slot of each: one context is made as the other, mostly. */
  const names: string[] = [];
  const places: number[] = [];
  const slotOf = (name: string, i: number): number => {
    names[i] = name;
    return (places[i] = bySlot.get(name) ?? -1);
  };

  return {
    read,
    others: slots.flatMap((_, slot) => (reads[slot] ? [] : [slot])),
    values: (context) => {
      const values = new Array<unknown>(count);
      let found = 0;
      let i = 0;
      for (const name in context) {
        // What is inherited is no attribute. Asked thus, engines know the answer of most objects beforehand.
        if (!Object.prototype.hasOwnProperty.call(context, name)) continue;
        const slot = name === names[i] ? (places[i] as number) : slotOf(name, i);
        i++;
        if (slot < 0) continue;
        const value = context[name];
        if (typeof value !== "string" && (typeof value === "object" ? value !== null : typeof value === "bigint")) return undefined;
        values[slot] = value;
        if (++found === needed) return values;
      }
      for (const [name, slot] of read) {
        if (values[slot] !== undefined) continue;
        const value = attribute(context, name);
        if (typeof value === "object") return undefined;
        values[slot] = value;
      }
      return values;
    },
  };
}

/** Writes contexts of plain values while it reads them, as nearly all are; the others as pages do. */
export function swiftWriter(scratch: Scratch, program: Constants): Writer {
  const { slots, bytes } = program;
  const used = uses(bytes);
  const { compared } = used;
  const { read, others, values: plain } = reader(program, used);
  const units = slots.map(({ text }, slot) => text && !compared.has(slot));
  const any = writer(scratch, program, (context) => {
    if (context instanceof Snapshot) return slots.map((_, slot) => context.values[slot]);
    const values: unknown[] = slots.map(() => undefined);
    for (const [name, slot] of read) values[slot] = value(attribute(context, name));
    return values;
  });

  /** Texts that were met last, and their ids; -1 where there is none. The same object is found sooner than the same text. */
  const met = Array<string>(slots.length * MET).fill("");
  const ids = new Int32Array(met.length).fill(scratch.idOf("") ?? -1);

  /** Views of the scratch buffer. */
  let seen: Uint8Array | undefined;
  let words: Int32Array = new Int32Array();
  let numbers: Float64Array = new Float64Array();
  const first = slots.length * SLOT;
  const look = (given: Uint8Array): boolean => {
    if (given.byteOffset % 8 !== 0) return false;
    words = new Int32Array(given.buffer, given.byteOffset, given.length >> 2);
    numbers = new Float64Array(given.buffer, given.byteOffset, given.length >> 3);
    seen = given;
    return true;
  };

  /** Writes a value, and its text behind `texts` bytes of others; gives how many bytes these are then. */
  const put = (slot: number, value: unknown, into: Uint8Array, texts: number): number => {
    const word = slot * 4;
    if (typeof value === "string") {
      if (units[slot] && value.length > 0 && value.length * 3 <= ROOM) {
        const length = utf8(value, into, first + texts);
        words[word] = TEXT;
        words[word + 1] = NONE;
        words[word + 2] = texts;
        words[word + 3] = length;
        return texts + length;
      }
      // The last characters tell most texts apart.
      const last = value.length - 1;
      const place = slot * MET + (last > 0 ? (last + value.charCodeAt(last) + value.charCodeAt(last - 1) * 10) & (MET - 1) : 0);
      let id = ids[place] as number;
      if (met[place] !== value) {
        met[place] = value;
        id = ids[place] = scratch.idOf(value) ?? -1;
      }
      words[word + 1] = id;
      words[word] = id < 0 ? PENDING : INTERNED;
      return texts;
    }
    let kind: number = ABSENT;
    if (typeof value === "boolean") kind = value ? TRUE : FALSE;
    else if (typeof value === "number" && Number.isFinite(value)) {
      kind = NUMBER;
      numbers[slot * 2 + 1] = value;
    }
    words[word] = kind;
    words[word + 1] = NONE;
    return texts;
  };

  const own: Writer = {
    values: NOTHING,
    elements: NOTHING,
    starts: NOTHING,
    write: (context, overrides) => {
      // All is read before anything is written: a getter of the application may ask for flags.
      const values = context instanceof Snapshot ? context.values : overrides ? undefined : plain(context);
      if (values) scratch.reserve(first + slots.length * ROOM);
      const into = scratch.bytes;
      if (values && (into === seen || look(into))) {
        let texts = 0;
        for (let i = 0; i < read.length; i++) {
          const slot = (read[i] as readonly [string, number])[1];
          texts = put(slot, values[slot], into, texts);
        }
        for (let i = 0; i < others.length; i++) {
          const word = (others[i] as number) * 4;
          words[word] = ABSENT;
          words[word + 1] = NONE;
        }
        own.values = values;
        own.elements = own.starts = NOTHING;
        return texts;
      }
      const texts = any.write(context, overrides);
      ({ values: own.values, elements: own.elements, starts: own.starts } = any);
      return texts;
    },
  };
  return own;
}

/** Writes a text as UTF-8; its length there. */
function utf8(text: string, bytes: Uint8Array, at: number): number {
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

const [TARGETING_KEY, TENANT, REGION] = [0, 1, 2] as const;
const [NODES, SEGMENTS] = [13, 14] as const;
const [SEGMENT, IN, NOT_IN] = [7, 8, 9] as const;
const NOTHING: readonly never[] = [];
const encoder = new TextEncoder();
