import { fromBase64, fromUtf8, toBase64, toHex, utf8 } from "../bytes.js";
import type { Ciphers } from "../ciphers.js";
import type { Header } from "../envelope.js";
import type { MarkStore } from "../guard/marks.js";

/** What an envelope says of keys that are believed for kills alone. */
export interface Named {
  readonly keys: readonly { readonly id: string; readonly public_key: string; readonly expires: string }[];
  /** Ids of their kills that are over. */
  readonly restored: readonly string[];
}

/** What a break-glass key has signed. */
interface ObjectHeader {
  readonly type: "downhaul.break-glass/1";
  readonly environment: string;
  readonly clients: readonly string[];
  readonly kills_length: number;
  readonly kills_sha256: string;
}

export interface BreakGlass {
  /** What an envelope that was accepted says; an older one says nothing. True if a kill is over by it. */
  hear(header: Header): boolean;
  /** Takes the kills of an object; true if there is one more. Throws with the reason why nothing of it is taken. */
  take(bytes: Uint8Array, environment: string | undefined): Promise<boolean>;
  /** A kill set with the kills that are held, but for those that it has itself, and those for which no room is left beside it. */
  join(kills: Uint8Array): Joined;
}

export interface Joined {
  readonly kills: Uint8Array;
  /** Ids of the kills for which no room is left. */
  readonly left: readonly string[];
}

const START = 80;
const LIMIT = 64 * 1024;
/** Of a kill set: magic, length, kill revision, number of entries. */
const KILLS_START = 20;
const PREFIX = "downhaul.break-glass/";

export const TYPE = "downhaul.break-glass/1";

/** `place` names what is kept; nothing is where there is no store. */
export function breakGlass(ciphers: Ciphers, kind: string, wall: () => number, store: MarkStore | undefined, place: string): BreakGlass {
  let heard: readonly [number, number] = [-1, -1];
  let named: Named = { keys: [], restored: [] };
  /** Entries by the id of the kill. */
  const kills = new Map<string, Uint8Array>();

  const keep = (): void => {
    try {
      if (kills.size === 0) store?.delete(PREFIX + place);
      else store?.set(PREFIX + place, JSON.stringify([...kills.values()].map(toBase64)));
    } catch {
      // Full, or forbidden.
    }
  };
  try {
    // Whoever can write there can kill flags of this page, and nothing else: what is kept is not verified again.
    for (const text of JSON.parse(store?.get(PREFIX + place) ?? "[]") as string[]) {
      const entry = fromBase64(text);
      kills.set(idOf(entry), entry);
    }
  } catch {
    kills.clear();
  }

  return {
    hear: (header) => {
      const [epoch, revision] = heard;
      if (header.epoch < epoch || (header.epoch === epoch && header.revision < revision)) return false;
      heard = [header.epoch, header.revision];
      const said = (header as { break_glass?: Partial<Named> }).break_glass;
      named = { keys: said?.keys ?? [], restored: said?.restored ?? [] };
      const over = named.restored.filter((id) => kills.delete(id));
      if (over.length > 0) keep();
      return over.length > 0;
    },
    take: async (bytes, environment) => {
      if (bytes.length > LIMIT) throw new Error("the break-glass kill is larger than 64 KiB");
      const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(START - 4, true);
      const json = bytes.subarray(START, START + length);
      const content = bytes.subarray(START + length);
      const id = toHex(bytes.subarray(4, 12));
      const key = named.keys.find((each) => each.id === id);
      if (!key) throw new Error(`the environment names no break-glass key \`${id}\`: it was revoked, or is of another environment`);
      if (!(wall() <= Date.parse(key.expires))) throw new Error(`the break-glass key \`${id}\` has expired, on ${key.expires}`);
      const verify = await ciphers.verifier(fromBase64(key.public_key));
      const message = new Uint8Array([...utf8(`DHEv1 ${json.length} `), ...json]);
      if (!verify || !(await verify(bytes.subarray(12, 76), message))) throw new Error(`the break-glass kill is not signed by the key \`${id}\``);
      const header = JSON.parse(fromUtf8(json)) as ObjectHeader;
      if (header.type !== TYPE || content.length !== header.kills_length) throw new Error("the break-glass kill can't be read");
      if ((await ciphers.sha256(content)) !== header.kills_sha256) throw new Error("the break-glass kill is not what was signed");
      if (environment !== undefined && header.environment !== environment) throw new Error(`the break-glass kill is for the environment \`${header.environment}\``);
      if (!header.clients.includes(kind)) throw new Error("the break-glass kill is for other kinds of clients");
      const entries = entriesOf(content).map((entry) => [idOf(entry), entry] as const);
      // A key kills in its own name only.
      if (entries.some(([kill]) => !kill.startsWith(`bg-${id}-`))) throw new Error("the break-glass kill can't be read");
      const left = entries.filter(([kill]) => !named.restored.includes(kill));
      if (entries.length > 0 && left.length === 0) throw new Error(`the break-glass kill \`${entries[0]?.[0]}\` was restored`);
      const before = kills.size;
      for (const [kill, entry] of left) if (!kills.has(kill)) kills.set(kill, entry.slice());
      if (kills.size === before) return false;
      keep();
      return true;
    },
    join: (set) => {
      if (kills.size === 0) return { kills: set, left: [] };
      const own = new Set(entriesOf(set).map(idOf));
      const [more, left]: [Uint8Array[], string[]] = [[], []];
      let size = set.length;
      for (const [id, entry] of kills) {
        if (own.has(id)) continue;
        // A smaller one that comes later may still have room.
        if (size + entry.length > LIMIT) {
          left.push(id);
          continue;
        }
        size += entry.length;
        more.push(entry);
      }
      const whole = new Uint8Array(size);
      whole.set(set);
      let at = set.length;
      for (const entry of more) {
        whole.set(entry, at);
        at += entry.length;
      }
      const view = new DataView(whole.buffer);
      view.setUint32(4, whole.length, true);
      view.setUint32(16, own.size + more.length, true);
      return { kills: whole, left };
    },
  };
}

/** The entries of a kill set, whole. Throws where it is none. */
function entriesOf(set: Uint8Array): Uint8Array[] {
  const view = new DataView(set.buffer, set.byteOffset, set.length);
  const entries: Uint8Array[] = [];
  for (let at = KILLS_START; at < set.length; ) {
    const length = view.getUint32(at, true);
    if (length < 14 || at + length > set.length) throw new Error("the kill set can't be read");
    entries.push(set.subarray(at, at + length));
    at += length;
  }
  return entries;
}

function idOf(entry: Uint8Array): string {
  const length = new DataView(entry.buffer, entry.byteOffset, entry.length).getUint16(12, true);
  return fromUtf8(entry.subarray(14, 14 + length));
}
