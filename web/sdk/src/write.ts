import { readable } from "./context.js";
import type { Overrides } from "./engine.js";
import type { Constants } from "./program.js";
import type { Context } from "./types.js";

/** The module's scratch buffer, as long as was asked for last at least. */
export interface Scratch {
  bytes: Uint8Array;
  reserve(size: number): void;
  /** The id of a text that the program or the kills name. */
  idOf(text: string): number | undefined;
}

/** Writes contexts for one program with one kill set. What it tells holds until it writes again. */
export interface Writer {
  /** Writes slots, overrides, texts and elements of lists; gives how many bytes the texts are. */
  write(context: Context, overrides: Overrides | undefined): number;
  /** The attributes by their slots, as far as their texts may be asked for. */
  values: readonly unknown[];
  /** The elements of all lists, and by slot where a list's begin. */
  elements: readonly unknown[];
  starts: readonly number[];
}

/** A readable value as it is now. Holes of a sparse list are absent, as undefined is; `map` would skip them. */
export const value = (known: unknown): unknown => (Array.isArray(known) ? Array.from(known, readable) : known);

/** Writes any context; texts without an id are written when they are asked for. Of `read` are the attributes by their slots, and of lists a copy. */
export function writer(scratch: Scratch, { slots }: Constants, read: (context: Context) => unknown[]): Writer {
  let view: DataView;
  const put = (at: number, kind: number, a = NONE, start = 0, length = 0): void =>
    [kind, a, start, length].forEach((word, i) => view.setUint32(at + i * 4, word, true));

  const putValue = (at: number, value: unknown): void => {
    switch (typeof value) {
      case "boolean":
        return put(at, value ? TRUE : FALSE);
      case "number":
        put(at, NUMBER);
        return view.setFloat64(at + 8, value, true);
      case "string": {
        const id = scratch.idOf(value);
        return put(at, id === undefined ? PENDING : INTERNED, id);
      }
      default:
        return put(at, value && typeof value === "object" ? OBJECT : ABSENT);
    }
  };

  const own: Writer = {
    values: [],
    elements: [],
    starts: [],
    write: (context, overrides) => {
      // Read before anything is written: a getter of the application must not come in between.
      const values = read(context);
      const elements: unknown[] = [];
      const starts: number[] = [];
      values.forEach((value, slot) => {
        if (!Array.isArray(value)) return;
        starts[slot] = elements.length;
        // Not spread: a long one has more elements than a call takes arguments.
        for (const element of value as unknown[]) elements.push(element);
      });
      const causes = overrides ?? [];
      const first = slots.length * SLOT + causes.length;
      scratch.reserve(first + elements.length * SLOT);
      view = new DataView(scratch.bytes.buffer, scratch.bytes.byteOffset);
      values.forEach((value, slot) => (Array.isArray(value) ? put(slot * SLOT, LIST, NONE, starts[slot], value.length) : putValue(slot * SLOT, value)));
      scratch.bytes.set(causes, slots.length * SLOT);
      elements.forEach((element, i) => putValue(first + i * SLOT, element));
      own.values = values;
      own.elements = elements;
      own.starts = starts;
      return 0;
    },
  };
  return own;
}

/** Bytes of a slot; the layout and the kinds are in docs/reference/program-format.md. */
export const SLOT = 16;
export const NONE = 0xffffffff;
export const ABSENT = 0;
export const FALSE = 1;
export const TRUE = 2;
export const NUMBER = 3;
export const INTERNED = 4;
export const TEXT = 5;
export const PENDING = 6;
export const LIST = 7;
export const OBJECT = 8;
