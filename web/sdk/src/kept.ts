import { fromUtf8, utf8 } from "./bytes.js";
import type { Ciphers } from "./ciphers.js";
import { agreesWithAll, canonical } from "./context.js";
import type { Audience } from "./envelope.js";
import type { Context, Position, PublicKeys, Store } from "./types.js";

/** What one visit leaves for the next: flag sets by audience, the position that must not go back, the keys that sign. */
export interface Kept {
  readonly ratchet: Position | undefined;
  readonly keys: PublicKeys | undefined;
  /** The flag set (and the kill set, where a newer one came) kept for whom this context belongs to. */
  find(context: Context, decidedFor: string | undefined): Promise<{ flagSet: Uint8Array; kills: Uint8Array | undefined } | undefined>;
  keep(audience: Audience, position: Position, flagSet: Uint8Array | undefined, kills: Uint8Array | undefined): Promise<void>;
  keepKeys(keys: PublicKeys): Promise<void>;
  /** Resolves when what was to be kept is, or could not be. */
  settled(): Promise<void>;
}

interface Index {
  readonly position?: Position;
  readonly keys?: readonly string[];
  /** Newest first. */
  readonly entries: readonly { readonly id: string; readonly audience: Audience; readonly kills: boolean }[];
}

/** Audiences kept at most: the last few visitors of one browser. */
const MOST = 8;

/** Opens what is kept for a client key at an address. Rejects where the store fails. */
export async function openKept({ sha256 }: Ciphers, store: Store, url: string, key: string): Promise<Kept> {
  const owner = (await sha256(utf8(`${url}\n${key}`)))?.slice(0, 16) ?? "insecure";
  const name = (what: string): string => `downhaul/${owner}/${what}`;
  let index = readIndex(await store.get(name("index")));
  // Writes go one after another: what is written last was accepted last.
  let writing: Promise<void> = Promise.resolve();
  const write = (work: () => Promise<void>): Promise<void> => {
    const done = writing.then(work);
    writing = done.catch(() => undefined);
    return done;
  };
  const save = (next: Index): Promise<void> => {
    index = next;
    return store.set(name("index"), utf8(JSON.stringify(next)));
  };

  return {
    get ratchet() {
      return index.position;
    },
    get keys() {
      return index.keys;
    },
    find: async (context, decidedFor) => {
      const fits = ({ attributes, decided_for }: Audience): boolean =>
        agreesWithAll(context, Object.entries(attributes)) && ((decided_for ?? null) === null || decided_for === decidedFor);
      const entry = index.entries.find(({ audience }) => fits(audience));
      const flagSet = entry && (await store.get(name(entry.id)));
      if (!entry || !flagSet) return undefined;
      return { flagSet, kills: entry.kills ? await store.get(name(`${entry.id}/kills`)) : undefined };
    },
    keep: (audience, position, flagSet, kills) =>
      write(async () => {
        const id = ((await sha256(utf8(canonical(audience)))) ?? canonical(audience)).slice(0, 16);
        // Content first, index last: a crash between leaves an index that points at what is there.
        if (flagSet) await store.set(name(id), flagSet);
        if (kills) await store.set(name(`${id}/kills`), kills);
        const before = index.entries.find((entry) => entry.id === id);
        if (!flagSet && !before) return save({ ...index, position });
        const entries = [{ id, audience, kills: !!kills || (!flagSet && before?.kills === true) }, ...index.entries.filter((entry) => entry.id !== id)];
        await save({ ...index, position, entries: entries.slice(0, MOST) });
        for (const { id: old } of entries.slice(MOST)) {
          await store.delete(name(old));
          await store.delete(name(`${old}/kills`));
        }
      }),
    settled: () => writing,
    keepKeys: (keys) => write(async () => (canonical(keys) === canonical(index.keys ?? []) ? undefined : save({ ...index, keys }))),
  };
}

function readIndex(bytes: Uint8Array | undefined): Index {
  if (!bytes) return { entries: [] };
  try {
    const index = JSON.parse(fromUtf8(bytes)) as Partial<Index>;
    const position = index.position;
    const counts = position && [position.epoch, position.revision, position.kill_revision];
    return {
      entries: Array.isArray(index.entries) ? index.entries.filter((entry) => typeof entry?.id === "string" && entry.audience?.attributes) : [],
      ...(counts?.every(Number.isSafeInteger) ? { position: position as Position } : {}),
      ...(Array.isArray(index.keys) ? { keys: index.keys.filter((each) => typeof each === "string") } : {}),
    };
  } catch {
    // Whoever wrote over it: as if nothing were kept.
    return { entries: [] };
  }
}
