import { fromBase64 } from "./bytes.js";
import type { Ciphers, Verify } from "./ciphers.js";
import type { CheckSignature } from "./envelope.js";
import type { PublicKeys, SignaturePolicy } from "./types.js";

/** Raw public keys, 32 bytes each, as the control plane names them; undefined where it can't be asked now. */
export type FetchKeys = () => Promise<PublicKeys | undefined>;

export interface KeyRing {
  readonly check: CheckSignature;
  /** As `check`, but what can't be checked is wrong, unless the policy is `off`: for flag sets that were kept. */
  readonly checkKept: CheckSignature;
  /** Keys to begin with, from an earlier visit; pinned ones go before. */
  seed(keys: PublicKeys): Promise<void>;
  /** Asks the control plane for its keys, ahead of need. */
  refresh(): Promise<void>;
  /** What an envelope that was accepted says of the keys in force: no other is believed any more. */
  inForce(ids: readonly string[]): void;
}

/** The keys that a client trusts: the pinned ones only, or those that the control plane names, which `remember` is told. */
export function keyRing(ciphers: Ciphers, policy: SignaturePolicy, pinned: PublicKeys | undefined, fetchKeys: FetchKeys, remember: (keys: PublicKeys) => void): KeyRing {
  let ring: ReadonlyMap<string, Verify> | undefined;
  /** Those that were pinned or fetched, in force or not. */
  let all: ReadonlyMap<string, Verify> = new Map();
  let missed: string | undefined;
  let told: string | undefined;

  const refresh = async (): Promise<void> => {
    if (policy === "off") return;
    const keys = pinned ?? (await fetchKeys().catch(() => undefined));
    if (!keys) return;
    ring = all = await importAll(ciphers, keys);
    if (!pinned) remember(keys);
  };

  const find = async (id: string): Promise<Verify | undefined> => {
    if (!ring) await refresh();
    else if (!ring.has(id) && !pinned && missed !== id) {
      // A new key may have come since; asked once for each, so that an unknown id can't be made into a stream of requests.
      missed = id;
      await refresh();
    }
    return ring?.get(id);
  };

  const checker =
    (required: boolean): CheckSignature =>
    async (id, signature, message) => {
      if (policy === "off") return "unchecked";
      const verify = ring?.get(id) ?? (await find(id));
      if (!verify) return required || (ring?.size ?? 0) > 0 ? "wrong" : "unchecked";
      return (await verify(signature, message)) ? "right" : "wrong";
    };

  return {
    check: checker(policy === "required"),
    checkKept: checker(true),
    seed: async (keys) => {
      if (!pinned && !ring) ring = all = await importAll(ciphers, keys);
    },
    refresh,
    inForce: (ids) => {
      const list = ids.join();
      if (!ring || list === told) return;
      told = list;
      const left = new Map([...all].filter(([id]) => ids.includes(id)));
      // A list that names none of ours would leave nobody to believe; it changes nothing.
      if (left.size === 0) return;
      ring = left;
      // For those that are new, and so that what is kept is what is in force.
      if (!pinned && (left.size < all.size || left.size < ids.length)) void refresh();
    },
  };
}

/** Those that can be used. One that can't verifies nothing, and the policy says what that means. */
async function importAll(ciphers: Ciphers, keys: PublicKeys): Promise<Map<string, Verify>> {
  const ring = new Map<string, Verify>();
  for (const key of keys) {
    const raw = rawKey(key);
    const id = raw && (await ciphers.sha256(raw))?.slice(0, 16);
    const verify = raw && (await ciphers.verifier(raw));
    if (id && verify) ring.set(id, verify);
  }
  return ring;
}

function rawKey(text: string): Uint8Array | undefined {
  try {
    return fromBase64(text);
  } catch {
    return undefined;
  }
}
