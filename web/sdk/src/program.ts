import type { FlagInfo, Variant } from "./engine.js";
import type { Json } from "./types.js";

/** An attribute that some rule reads. */
export interface Slot {
  readonly name: string;
  /** The text matters even where the program does not know it. */
  readonly text: boolean;
  /** A declared attribute of the tenant: filled in by the evaluation, never from the context. */
  readonly declared: boolean;
}

/** What JavaScript reads of a program that the engine has checked and loaded. */
export interface Constants {
  /** Every string of the program by its id. */
  readonly strings: ReadonlyMap<string, number>;
  readonly slots: readonly Slot[];
  readonly flags: readonly FlagInfo[];
  readonly readsTime: boolean;
  readonly bytes: Uint8Array;
}

/** Reads names, slots and flags; the layout is in docs/reference/program-format.md. */
export function readConstants(bytes: Uint8Array): Constants {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u32 = (at: number): number => view.getUint32(at, true);
  const section = (number: number): { at: number; length: number } => ({ at: u32(20 + number * 8), length: u32(24 + number * 8) });

  const offsets = section(SECTION.strings);
  const text = section(SECTION.text);
  const decoder = new TextDecoder();
  const decoded = (from: number, to: number): string => decoder.decode(bytes.subarray(text.at + from, text.at + to));
  // A call for each text takes longer than all else that is read here; where they are ASCII, one does.
  const whole = decoded(0, text.length);
  const names: string[] = [];
  for (let at = offsets.at; at < offsets.at + offsets.length - 4; at += 4) {
    names.push(whole.length === text.length ? whole.slice(u32(at), u32(at + 4)) : decoded(u32(at), u32(at + 4)));
  }
  const name = (id: number): string => names[id] ?? "";

  const slots: Slot[] = [];
  const slotSection = section(SECTION.slots);
  for (let at = slotSection.at; at < slotSection.at + slotSection.length; at += 8) {
    const bits = u32(at + 4);
    slots.push({ name: name(u32(at)), text: (bits & 3) !== 0, declared: (bits & 4) !== 0 });
  }

  const values = new Map<string, Json>();
  const variants: Variant[] = [];
  const variantSection = section(SECTION.variants);
  for (let at = variantSection.at; at < variantSection.at + variantSection.length; at += 8) {
    const json = name(u32(at + 4));
    let value = values.get(json);
    if (value === undefined) values.set(json, (value = frozen(JSON.parse(json) as Json)));
    variants.push({ key: name(u32(at)), text: json, value });
  }

  const ids = section(SECTION.ids).at;
  const flags: (FlagInfo & { decided: boolean })[] = [];
  const requires: number[][] = [];
  const flagSection = section(SECTION.flags);
  for (let at = flagSection.at; at < flagSection.at + flagSection.length; at += 48) {
    const first = u32(at + 4);
    const bits = u32(at + 16);
    flags.push({
      key: name(u32(at)),
      variants: variants.slice(first, first + u32(at + 8)),
      onStaleDegraded: (bits & 1) !== 0,
      decided: (bits & 4) !== 0,
      browser: (bits & 16) !== 0,
    });
    const start = ids + u32(at + 20) * 4;
    const required: number[] = [];
    for (let i = 0; i < u32(at + 24); i++) required.push(u32(start + i * 12));
    requires.push(required);
  }
  spreadDecided(flags, requires);
  // Not out of a list of pairs: of large programs these are what makes the engine collect garbage before the first decision.
  const strings = new Map<string, number>();
  names.forEach((text, id) => strings.set(text, id));
  return {
    strings,
    slots,
    flags,
    readsTime: slots.some((slot) => slot.name === "now"),
    bytes,
  };
}

/** A flag that requires a decided one is as bound to its context. */
function spreadDecided(flags: { decided: boolean }[], requires: readonly (readonly number[])[]): void {
  for (let changed = flags.some((flag) => flag.decided); changed; ) {
    changed = false;
    flags.forEach((flag, index) => {
      if (flag.decided || !requires[index]?.some((each) => flags[each]?.decided)) return;
      flag.decided = true;
      changed = true;
    });
  }
}

/**
 * The strings that a kill set names and the program does not: they get the ids after the program's, in order of first
 * appearance, kills of unknown flags included; the evaluation counts alike.
 */
export function killStrings(bytes: Uint8Array, strings: ReadonlyMap<string, number>): Map<string, number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder();
  const added = new Map<string, number>();
  const entries = view.getUint32(16, true);
  let entry = 20;
  for (let i = 0; i < entries; i++) {
    let at = entry + 12;
    const text = (): string => {
      const length = view.getUint16(at, true);
      at += 2 + length;
      return decoder.decode(bytes.subarray(at - length, at));
    };
    text();
    text();
    const parts = view.getUint8(at + 1);
    at += 2;
    for (const part of [1, 2]) {
      if ((parts & part) === 0) continue;
      const count = view.getUint32(at, true);
      at += 4;
      for (let j = 0; j < count; j++) {
        const name = text();
        if (!strings.has(name) && !added.has(name)) added.set(name, strings.size + added.size);
      }
    }
    entry += view.getUint32(entry, true);
  }
  return added;
}

export function frozen<T>(value: T): T {
  if (value !== null && typeof value === "object" && !Object.isFrozen(value)) {
    Object.values(value).forEach(frozen);
    Object.freeze(value);
  }
  return value;
}

const SECTION = { strings: 1, text: 2, slots: 4, ids: 6, flags: 15, variants: 16 } as const;
