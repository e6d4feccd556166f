import { toHex } from "./bytes.js";

/** Right or not; at once where the engine can say so at once. */
export type Verify = (signature: Uint8Array, message: Uint8Array) => boolean | Promise<boolean>;

/** SHA-256 and Ed25519, as the place has them. */
export interface Ciphers {
  /** In lower-case hexadecimal; undefined where the engine has none. */
  sha256(bytes: Uint8Array): string | undefined | Promise<string | undefined>;
  /** The check by a raw public key of 32 bytes; undefined where the engine has no Ed25519, or the key is none. */
  verifier(publicKey: Uint8Array): Verify | undefined | Promise<Verify | undefined>;
  /** As `instanceId`. */
  id(): string;
}

/** A random id of this tab or process, never anything of the user. Outside of secure contexts there is no `randomUUID`. */
export const instanceId = (): string => crypto.randomUUID?.() ?? toHex(crypto.getRandomValues(new Uint8Array(16)));

/** WebCrypto: what every engine has, but for a page that is not a secure context. */
export const webCiphers: Ciphers = {
  id: instanceId,
  sha256: async (bytes) => {
    const subtle = globalThis.crypto?.subtle;
    return subtle && toHex(new Uint8Array(await subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>)));
  },
  verifier: async (publicKey) => {
    const subtle = globalThis.crypto?.subtle;
    try {
      const key = await subtle?.importKey("raw", publicKey as Uint8Array<ArrayBuffer>, "Ed25519", false, ["verify"]);
      return key && ((signature, message) => subtle.verify("Ed25519", key, signature as Uint8Array<ArrayBuffer>, message as Uint8Array<ArrayBuffer>));
    } catch {
      return undefined;
    }
  },
};
