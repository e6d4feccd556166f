import { fromBase64, sha256 } from "./bytes.js";
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
}

/** The keys that a client trusts: the pinned ones only, or those that the control plane names, which `remember` is told. */
export function keyRing(policy: SignaturePolicy, pinned: PublicKeys | undefined, fetchKeys: FetchKeys, remember: (keys: PublicKeys) => void): KeyRing {
  const subtle = globalThis.crypto?.subtle;
  let ring: ReadonlyMap<string, CryptoKey> | undefined;
  let missed: string | undefined;

  const refresh = async (): Promise<void> => {
    if (policy === "off" || !subtle) return;
    const keys = pinned ?? (await fetchKeys().catch(() => undefined));
    if (!keys) return;
    ring = await importAll(subtle, keys);
    if (!pinned) remember(keys);
  };

  const find = async (id: string): Promise<CryptoKey | undefined> => {
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
      const key = await find(id);
      if (!key || !subtle) return required || (ring?.size ?? 0) > 0 ? "wrong" : "unchecked";
      const right = await subtle.verify("Ed25519", key, signature as Uint8Array<ArrayBuffer>, message as Uint8Array<ArrayBuffer>);
      return right ? "right" : "wrong";
    };

  return {
    check: checker(policy === "required"),
    checkKept: checker(true),
    seed: async (keys) => {
      if (!pinned && !ring && subtle) ring = await importAll(subtle, keys);
    },
    refresh,
  };
}

async function importAll(subtle: SubtleCrypto, keys: PublicKeys): Promise<Map<string, CryptoKey>> {
  const ring = new Map<string, CryptoKey>();
  for (const key of keys) {
    try {
      const raw = fromBase64(key) as Uint8Array<ArrayBuffer>;
      const id = (await sha256(raw))?.slice(0, 16);
      if (id) ring.set(id, await subtle.importKey("raw", raw, "Ed25519", false, ["verify"]));
    } catch {
      // An engine without Ed25519, or a key that is none: it verifies nothing, and the policy says what that means.
    }
  }
  return ring;
}
