import { wellFormed } from "./context.js";
import type { Constants } from "./program.js";
import type { Json } from "./types.js";

/** Who asks: the values by slot, and what was found out of them. */
export interface Asker {
  readonly values: readonly unknown[];
  /** Whether anything was. */
  begun: boolean;
  /** Of small programs: the bits that no attribute refuses. */
  low: number;
  high: number;
  /** Of others: from `at` on each attribute's row, then these bits, 0 where they were not asked for. */
  words: Int32Array;
  at: number;
}

/** An attribute: by text the start of its row. */
interface Column {
  readonly slot: number;
  readonly texts: ReadonlyMap<string, number>;
  readonly other: number;
}

/**
 * Looks up what decides a flag, in the tables of the servers' module (crates/core/src/sieve/tables.rs). What rules mean is the
 * module's business: here rows are ANDed, the first bit is found, and a unit is put into its bucket.
 */
export class Sifted {
  readonly #columns: readonly Column[];
  /** Where a text may name another that is well-formed. */
  readonly #replaced: boolean;
  readonly #rows: Int32Array;
  readonly #wordsOfRow: number;
  /** By flag: its first bit; or ALWAYS and what is given; or ASK. */
  readonly #flags: Int32Array;
  /** By what is given: SETTLED, ASK, or its split. */
  readonly #more: Int32Array;
  /** By what is given, and then by slice. */
  readonly outcomes: Int32Array;
  readonly rules: Int32Array;
  readonly values: readonly (Json | undefined)[];
  /** By what is given: that, its variant, and in the last bit whether the flag is not settled by it. */
  readonly #packed: Int32Array;
  /** Whether few flags need the module. */
  readonly mostly: boolean;
  /** Flags that depend on who asks, in the order of their bits; where their bits begin, as bits. */
  readonly #asking: Int32Array;
  readonly #starts: Int32Array;
  /** By split: 1 where it has two slices, and they are all there is. */
  readonly #halved: Uint8Array;
  readonly #todo: Int32Array;
  /** Where the row of each attribute begins. */
  readonly #at: Int32Array;
  /** By split: slot, seed, its slices. */
  readonly #splits: Int32Array;
  /** By slice, counted with what is given: where it ends. */
  readonly #ends: Int32Array;

  /** Room for what is found out of many askers. */
  #room = new Int32Array();
  #used = 0;
  readonly #unit = new Unit();

  constructor(tables: Int32Array, { strings, flags: infos }: Constants) {
    // Somebody waits meanwhile: plain loops, as this code runs for the first time.
    const word = (at: number): number => tables[at] as number;
    const [words, columns, flags, given] = [word(0), word(1), word(2), word(3)];
    const pool = [...strings.keys()];
    this.#replaced = pool.some((text) => text.includes("\ufffd"));
    let at = 4;
    let size = 0;
    const all: Column[] = [];
    const rows: Int32Array[] = [];
    for (let column = 0; column < columns; column++) {
      const texts = new Map<string, number>();
      const row = at + 3 + word(at + 1) * 2;
      const length = word(at + 2) * words;
      for (let i = at + 3; i < row; i += 2) texts.set(pool[word(i)] as string, size + word(i + 1) * words);
      all.push({ slot: word(at), texts, other: size });
      rows.push(tables.subarray(row, row + length));
      at = row + length;
      size += length;
    }
    this.#columns = all;
    this.#rows = new Int32Array(size);
    all.forEach(({ other }, i) => this.#rows.set(rows[i] as Int32Array, other));
    this.#wordsOfRow = words;
    this.#flags = tables.slice(at, at + flags);

    const each = at + flags;
    const splits = each + given * 3;
    let count = 0;
    let end = given;
    for (let i = each + 2; i < splits; i += 3) {
      if (word(i) < 0) continue;
      count++;
      end += word(splits + word(i) + 2);
    }
    this.#more = new Int32Array(given);
    this.#splits = new Int32Array(count * 4);
    this.#ends = new Int32Array(end);
    this.outcomes = new Int32Array(end);
    this.rules = new Int32Array(end);
    const values = new Array<Json | undefined>(end);
    const flagOf = flagsOf(this.#flags, given);
    count = 0;
    end = given;
    for (let i = 0; i < given; i++) {
      const place = each + i * 3;
      const variants = infos[flagOf[i] as number]?.variants;
      this.outcomes[i] = word(place);
      this.rules[i] = word(place + 1);
      this.#more[i] = word(place + 2);
      values[i] = variants?.[word(place) & 0xffff]?.value;
      if (word(place + 2) < 0) continue;
      const split = splits + word(place + 2);
      const slices = word(split + 2);
      this.#more[i] = count / 4;
      this.#splits[count++] = word(split);
      this.#splits[count++] = word(split + 1);
      this.#splits[count++] = end;
      this.#splits[count++] = end + slices;
      for (let slice = split + 3; slice < split + 3 + slices * 2; slice += 2, end++) {
        this.#ends[end] = word(slice);
        this.outcomes[end] = (word(place) & ~0xffff) | word(slice + 1);
        this.rules[end] = word(place + 1);
        values[end] = variants?.[word(slice + 1)]?.value;
      }
    }
    this.values = values;

    this.#packed = Int32Array.from(this.outcomes, (outcome, i) => i | ((outcome & 0xffff) << VARIANT) | (i < given && this.#more[i] !== SETTLED ? OPEN : 0));
    const start = (flag: number): number => this.#flags[flag] as number;
    this.#asking = Int32Array.from([...this.#flags.keys()].filter((flag) => start(flag) >= 0).sort((a, b) => start(a) - start(b)));
    this.#starts = new Int32Array(words);
    for (const flag of this.#asking) (this.#starts[start(flag) >>> 5] as number) |= 1 << (start(flag) & 31);
    this.#halved = Uint8Array.from({ length: count / 4 }, (_, split) => {
      const [first, last] = [this.#splits[split * 4 + 2] as number, this.#splits[split * 4 + 3] as number];
      return +(last - first === 2 && this.#ends[last - 1] === BUCKETS);
    });
    this.#todo = new Int32Array(flags);
    this.#at = new Int32Array(columns);
    const asks = new Set<number>();
    this.#flags.forEach((each, flag) => each === ASK && asks.add(flag));
    this.#more.forEach((more, bit) => more === ASK && asks.add(flagOf[bit] as number));
    this.mostly = asks.size * 8 <= flags && end <= GIVEN && infos.every(({ variants }) => variants.length <= MOST_VARIANTS);
  }

  /** Where `all` puts what it finds; what everyone is given stands there already. */
  room(): Int32Array {
    return this.#flags.map((start) => (start < 0 && start !== ASK ? this.#settled(start & ~ALWAYS) : -1));
  }

  #settled(given: number): number {
    return given < 0 ? -1 : (this.#packed[given] as number) & ~OPEN;
  }

  /**
   * What every flag gives, as `given` says of one, with its variant: see `GIVEN`; -1 where the module must be asked. Nothing foretells which rule holds: no branch depends on it, but for the few
   * flags of which a bucket, or the module, must be asked.
   */
  all(asker: Asker, found: Int32Array): void {
    const at = this.#at;
    const columns = at.length;
    for (let i = 0; i < columns; i++) at[i] = this.#row(this.#columns[i] as Column, asker);
    const rows = this.#rows;
    const starts = this.#starts;
    const asking = this.#asking;
    const packed = this.#packed;
    const todo = this.#todo;
    let next = 0;
    let count = 0;
    let borrow = 0;
    for (let word = 0; word < starts.length; word++) {
      let bits = -1;
      for (let i = 0; i < columns; i++) bits &= rows[(at[i] as number) + word] as number;
      // Of each flag's bits the first: one less, from where they begin, turns over that and all before it. Some bit is set in each.
      const start = starts[word] as number;
      const less = (bits - start - borrow) | 0;
      borrow = ((~bits & start) | ((~bits | start) & less)) >>> 31;
      let firsts = bits & ~less;
      const last = (word << 5) + 31;
      while (firsts !== 0) {
        const first = firsts & (0 - firsts);
        firsts ^= first;
        const what = packed[last - Math.clz32(first)] as number;
        const flag = asking[next++] as number;
        found[flag] = what;
        todo[count] = flag;
        count += what >>> 31;
      }
    }
    this.#settle(asker, found, count);
  }

  /** Puts units into buckets: of the flags that `all` has found to need it. */
  #settle(asker: Asker, found: Int32Array, count: number): void {
    const todo = this.#todo;
    const packed = this.#packed;
    const mores = this.#more;
    const splits = this.#splits;
    const ends = this.#ends;
    const halved = this.#halved;
    const unit = this.#unit;
    for (let i = 0; i < count; i++) {
      const flag = todo[i] as number;
      const more = mores[(found[flag] as number) & GIVEN] as number;
      if (more < 0 || halved[more] === 0) {
        found[flag] = this.#settled(this.given(asker, flag));
        continue;
      }
      const split = more * 4;
      unit.read(asker, splits[split] as number);
      const hash = unit.hash(splits[split + 1] as number);
      const first = splits[split + 2] as number;
      // The first of two where the bucket is below its end; there is no unit where there is no text.
      found[flag] = unit.length === 0 ? this.#settled(this.given(asker, flag)) : (packed[first + 1 + Math.floor((hash * SHARE - (ends[first] as number)) / 2 ** 17)] as number);
    }
  }

  /** What a flag gives, for `outcomes`, `rules` and `values`; -1 where the module must be asked. */
  given(asker: Asker, flag: number): number {
    const start = this.#flags[flag] as number;
    if (start < 0) return start === ASK ? -1 : start & ~ALWAYS;
    let word = start >>> 5;
    let bits = this.#word(asker, word) & (-1 << (start & 31));
    for (;;) {
      while (bits === 0) {
        if (++word >= this.#wordsOfRow) return -1;
        bits = this.#word(asker, word);
      }
      const bit = (word << 5) + 31 - Math.clz32(bits & -bits);
      const more = this.#more[bit] as number;
      if (more === SETTLED) return bit;
      if (more < 0) return -1;
      const slice = this.#slice(asker, more * 4);
      if (slice >= 0) return slice;
      bits &= bits - 1;
    }
  }

  /** Of 32 bits those that no attribute refuses. */
  #word(asker: Asker, word: number): number {
    if (this.#wordsOfRow <= 2) {
      if (!asker.begun) this.#both(asker);
      return word === 0 ? asker.low : asker.high;
    }
    const columns = this.#columns.length;
    if (!asker.begun) this.#begin(asker);
    const { words, at } = asker;
    const known = words[at + columns + word] as number;
    if (known !== 0) return known;
    let bits = -1;
    for (let column = 0; column < columns; column++) bits &= this.#rows[(words[at + column] as number) + word] as number;
    return (words[at + columns + word] = bits);
  }

  #both(asker: Asker): void {
    const columns = this.#columns;
    const rows = this.#rows;
    let low = -1;
    let high = -1;
    for (let i = 0; i < columns.length; i++) {
      const row = this.#row(columns[i] as Column, asker);
      low &= rows[row] as number;
      high &= rows[row + 1] as number;
    }
    asker.low = low;
    asker.high = high;
    asker.begun = true;
  }

  /** Finds each attribute's row. */
  #begin(asker: Asker): void {
    const columns = this.#columns;
    const count = columns.length + this.#wordsOfRow;
    if (this.#used + count > this.#room.length) {
      this.#room = new Int32Array(Math.max(WORDS, count));
      this.#used = 0;
    }
    asker.words = this.#room;
    asker.at = this.#used;
    asker.begun = true;
    this.#used += count;
    for (let i = 0; i < columns.length; i++) this.#room[asker.at + i] = this.#row(columns[i] as Column, asker);
  }

  #row(column: Column, asker: Asker): number {
    const value = asker.values[column.slot];
    if (typeof value !== "string") return column.other;
    const row = column.texts.get(value);
    if (row !== undefined) return row;
    return (this.#replaced ? column.texts.get(wellFormed(value)) : undefined) ?? column.other;
  }

  #slice(asker: Asker, split: number): number {
    const splits = this.#splits;
    const bucket = this.#unit.bucket(asker, splits[split] as number, splits[split + 1] as number);
    const end = splits[split + 3] as number;
    for (let slice = splits[split + 2] as number; slice < end; slice++) if (bucket < (this.#ends[slice] as number)) return slice;
    return -1;
  }
}

/** By what is given: whose it is. */
function flagsOf(flags: Int32Array, given: number): Int32Array {
  const flagOf = new Int32Array(given).fill(-1);
  for (let flag = 0; flag < flags.length; flag++) {
    const start = flags[flag] as number;
    if (start !== ASK) flagOf[start & ~ALWAYS] = flag;
  }
  // A flag's bits stand one after another; those of a flag that the module must be asked for are looked at by nobody.
  for (let i = 1; i < given; i++) if (flagOf[i] === -1) flagOf[i] = flagOf[i - 1] as number;
  return flagOf;
}

/** The unit that was put into a bucket last, as murmur3_x86_32 mixes it in. */
class Unit {
  #asker: Asker | undefined;
  #slot = -1;
  #blocks = new Int32Array(16);
  #count = 0;
  /** The last bytes and the length. */
  #tail = 0;
  /** 0 where there is no unit. */
  length = 0;

  /** Its bucket, not rounded down; NaN where the value is no unit. */
  bucket(asker: Asker, slot: number, seed: number): number {
    this.read(asker, slot);
    return this.length === 0 ? NaN : this.hash(seed) * SHARE;
  }

  read(asker: Asker, slot: number): void {
    if (this.#asker === asker && this.#slot === slot) return;
    this.#asker = asker;
    this.#slot = slot;
    this.#read(asker.values[slot]);
  }

  hash(seed: number): number {
    let hash = seed;
    const blocks = this.#blocks;
    const count = this.#count;
    for (let i = 0; i < count; i++) {
      hash ^= blocks[i] as number;
      hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
    }
    hash ^= this.#tail;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) >>> 0;
  }

  #read(value: unknown): void {
    if (typeof value === "string") return this.#text(value);
    // As the core writes whole numbers: `1.0` is `1`, `-0` is `0`.
    this.#text(typeof value === "number" && Number.isSafeInteger(value) ? String(value) : "");
  }

  #text(text: string): void {
    const length = text.length;
    if (length > this.#blocks.length * 4) return this.#utf8(encoder.encode(text));
    let all = 0;
    let count = 0;
    let i = 0;
    for (; i + 4 <= length; i += 4) {
      const a = text.charCodeAt(i);
      const b = text.charCodeAt(i + 1);
      const c = text.charCodeAt(i + 2);
      const d = text.charCodeAt(i + 3);
      all |= a | b | c | d;
      this.#blocks[count++] = scrambled(a | (b << 8) | (c << 16) | (d << 24));
    }
    let tail = 0;
    for (let shift = 0; i < length; i++, shift += 8) {
      const unit = text.charCodeAt(i);
      all |= unit;
      tail |= unit << shift;
    }
    if (all > 127) return this.#utf8(encoder.encode(text));
    this.#count = count;
    this.#tail = scrambled(tail) ^ length;
    this.length = length;
  }

  #utf8(bytes: Uint8Array): void {
    const count = bytes.length >> 2;
    if (count > this.#blocks.length) this.#blocks = new Int32Array(count);
    const byte = (at: number): number => bytes[at] ?? 0;
    const block = (at: number): number => scrambled(byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16) | (byte(at + 3) << 24));
    for (let i = 0; i < count; i++) this.#blocks[i] = block(i * 4);
    this.#count = count;
    this.#tail = block(count * 4) ^ bytes.length;
    this.length = bytes.length;
  }
}

function scrambled(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}

/** What `all` finds: what is given, and from this bit on its variant. */
export const GIVEN = 0xfffff;
export const VARIANT = 20;
const MOST_VARIANTS = 0x7ff;
const OPEN = 1 << 31;
const BUCKETS = 100_000;
/** Of a hash; exact, as both have few digits. */
const SHARE = BUCKETS / 2 ** 32;
const ASK = -1;
const SETTLED = -2;
const ALWAYS = 1 << 31;
/** The least that is made of room. */
const WORDS = 8192;
const encoder = new TextEncoder();
