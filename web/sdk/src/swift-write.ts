import { attribute } from "./context.js";
import type { Constants } from "./program.js";
import { ABSENT, FALSE, INTERNED, NONE, NUMBER, PENDING, SLOT, TEXT, TRUE, value, writer, type Scratch, type Writer } from "./write.js";

/** The most of a text, in bytes, that is written before it is asked for. */
const ROOM = 256;
/** Texts of each slot whose ids are kept at hand; a power of two. */
const MET = 64;

/** Writes contexts of plain values while it reads them, as nearly all are; the others as pages do. */
export function swiftWriter(scratch: Scratch, program: Constants): Writer {
  const { slots, bytes } = program;
  const { named, compared } = uses(bytes);
  const reads = slots.map(({ text, declared }, slot) => !declared && (text || named.has(slot)));
  const units = slots.map(({ text }, slot) => text && !compared.has(slot));
  const read = slots.flatMap(({ name }, slot) => (reads[slot] ? [[name, slot] as const] : []));
  const others = slots.flatMap((_, slot) => (reads[slot] ? [] : [slot]));
  const any = writer(scratch, program, (context) => slots.map(({ name }, slot) => (reads[slot] ? value(attribute(context, name)) : undefined)));

  const bySlot = new Map(read);
  /** The names of the context that was read last, in its order, and the slot of each: one context is made as the other, mostly. */
  const names: string[] = [];
  const places: number[] = [];
  const slotOf = (name: string, i: number): number => {
    names[i] = name;
    return (places[i] = bySlot.get(name) ?? -1);
  };
  /** Texts that were met last, and their ids; -1 where there is none. The same object is found sooner than the same text. */
  const met = Array<string>(slots.length * MET).fill("");
  const ids = new Int32Array(met.length).fill(scratch.idOf("") ?? -1);

  /** By slot: the text without an id. */
  const values: unknown[] = slots.map(() => undefined);
  /** By slot: the turn in which it was written last. */
  const written = slots.map(() => 0);
  let turn = 0;
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

  /** Writes a value, and its text behind `texts` bytes of others; gives how many bytes these are then, or -1 where it is no plain value. */
  const put = (slot: number, value: unknown, into: Uint8Array, texts: number): number => {
    const word = slot * 4;
    written[slot] = turn;
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
      if (id < 0) {
        values[slot] = value;
        words[word] = PENDING;
      } else words[word] = INTERNED;
      return texts;
    }
    let kind: number = ABSENT;
    if (typeof value === "boolean") kind = value ? TRUE : FALSE;
    else if (typeof value === "number") {
      if (Number.isFinite(value)) {
        kind = NUMBER;
        numbers[slot * 2 + 1] = value;
      }
    } else if ((typeof value === "object" && value !== null) || typeof value === "bigint") return -1;
    words[word] = kind;
    words[word + 1] = NONE;
    return texts;
  };

  /** As `put`, for every slot. */
  const putAll = (context: Readonly<Record<string, unknown>>, into: Uint8Array): number => {
    if (into !== seen && !look(into)) return -1;
    let texts = 0;
    let found = 0;
    let i = 0;
    for (const name in context) {
      // What is inherited is no attribute. Asked thus, engines know the answer of most objects beforehand.
      if (!Object.prototype.hasOwnProperty.call(context, name)) continue;
      const slot = name === names[i] ? (places[i] as number) : slotOf(name, i);
      i++;
      if (slot < 0) continue;
      texts = put(slot, context[name], into, texts);
      if (texts < 0) return -1;
      found++;
    }
    if (found < read.length) {
      for (const [name, slot] of read) {
        if (written[slot] === turn) continue;
        texts = put(slot, attribute(context, name), into, texts);
        if (texts < 0) return -1;
      }
    }
    for (let j = 0; j < others.length; j++) {
      const word = (others[j] as number) * 4;
      words[word] = ABSENT;
      words[word + 1] = NONE;
    }
    return texts;
  };

  const own: Writer = {
    values,
    elements: NOTHING,
    starts: NOTHING,
    write: (context, overrides) => {
      const mine = ++turn;
      let texts = -1;
      if (!overrides) {
        scratch.reserve(first + slots.length * ROOM);
        texts = putAll(context, scratch.bytes);
      }
      // A getter of the application that asks for flags has written over what was written.
      if (texts >= 0 && turn === mine) {
        own.values = values;
        own.elements = own.starts = NOTHING;
        return texts;
      }
      texts = any.write(context, overrides);
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
