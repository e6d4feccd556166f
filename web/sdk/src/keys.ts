import { fromBase64, sha256 } from "./bytes.js";
import type { CheckSignature } from "./envelope.js";
import type { PublicKeys, SignaturePolicy } from "./types.js";

/** Raw public keys, 32 bytes each, as the control plane names them; undefined where it can't be asked now. */
export type FetchKeys = () => Promise<PublicKeys | undefined>;

export interface KeyRing {
  readonly check: CheckSignature;
  /** As `check`, but what can't be checked is wrong, unless the policy is `off`: for flag sets that were kept. */
  readonly checkKept: CheckSignature;
  /** Asks for the keys ahead of need. */
  warm(): Promise<void>;
}

/** The keys that a client trusts: the pinned ones only, or those that the control plane names. */
export function keyRing(policy: SignaturePolicy, pinned: PublicKeys | undefined, fetchKeys: FetchKeys): KeyRing {
  const subtle = globalThis.crypto?.subtle;
  let known: Promise<Map<string, CryptoKey> | undefined> | undefined;
  let refreshed = false;

  const importAll = async (keys: PublicKeys | undefined): Promise<Map<string, CryptoKey> | undefined> => {
    if (!keys || !subtle) return undefined;
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
  };

  const load = async (): Promise<Map<string, CryptoKey> | undefined> => {
    if (!known) {
      const loading = importAll(pinned ?? (await fetchKeys().catch(() => undefined)));
      known = loading;
      // What could not be fetched is asked for again next time.
      if (!pinned && !(await loading)) known = undefined;
      return loading;
    }
    return known;
  };

  const find = async (id: string): Promise<{ key: CryptoKey | undefined; any: boolean }> => {
    let ring = await load();
    if (ring && !ring.has(id) && !pinned && !refreshed) {
      // A new key may have come since; asked once, so that unknown ids can't be made into a stream of requests.
      refreshed = true;
      known = undefined;
      ring = (await load()) ?? ring;
      known = Promise.resolve(ring);
    }
    const key = ring?.get(id);
    if (key) refreshed = false;
    return { key, any: (ring?.size ?? 0) > 0 };
  };

  const checker =
    (required: boolean): CheckSignature =>
    async (id, signature, message) => {
      if (policy === "off") return "unchecked";
      const { key, any } = await find(id);
      if (!key || !subtle) return required || any ? "wrong" : "unchecked";
      const right = await subtle.verify("Ed25519", key, signature as Uint8Array<ArrayBuffer>, message as Uint8Array<ArrayBuffer>);
      return right ? "right" : "wrong";
    };

  return {
    check: checker(policy === "required"),
    checkKept: checker(true),
    warm: async () => void (policy === "off" || (await load())),
  };
}
