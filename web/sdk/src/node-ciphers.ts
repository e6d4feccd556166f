import { builtin } from "./builtin.js";
import type { Ciphers } from "./ciphers.js";

/** Of an Ed25519 key in DER (RFC 8410), up to the 32 bytes of the key itself. */
const DER = Buffer.from("302a300506032b6570032100", "hex");

/**
 * Signatures that were right, by the digest of key, signature and message: what a kill sends to every client of a process is
 * the same for all of them, and one check takes longer than all else that a client does with it.
 */
const known = {
  digests: new Set<string>(),
  has: (digest: string): boolean => known.digests.has(digest),
  add: (digest: string): true => {
    for (const oldest of known.digests) {
      if (known.digests.size < 256) break;
      known.digests.delete(oldest);
    }
    known.digests.add(digest);
    return true;
  },
};

/**
 * Node's own. WebCrypto hands each call to another thread and waits for its answer: with many clients in one process a kill
 * would wait in that queue for longer than it takes to check it.
 */
export const nodeCiphers = {
  // It tells processes apart, and is no secret: `randomUUID` would make each wait for the cryptography to be loaded before its first decision.
  id: (): string => Array.from({ length: 4 }, () => Math.floor(Math.random() * 2 ** 32).toString(16).padStart(8, "0")).join(""),
  sha256: (bytes: Uint8Array): string => builtin("node:crypto").createHash("sha256").update(bytes).digest("hex"),
  verifier: (publicKey: Uint8Array): ((signature: Uint8Array, message: Uint8Array) => boolean) | undefined => {
    // The parser would take a longer one for a key and something behind it.
    if (publicKey.length !== 32) return undefined;
    try {
      const { createHash, createPublicKey, verify } = builtin("node:crypto");
      const key = createPublicKey({ key: Buffer.concat([DER, publicKey]), format: "der", type: "spki" });
      return (signature, message) => {
        const asked = createHash("sha256").update(publicKey).update(signature).update(message).digest("base64");
        return known.has(asked) || (verify(null, message, key, signature) && known.add(asked));
      };
    } catch {
      return undefined;
    }
  },
} satisfies Ciphers;
