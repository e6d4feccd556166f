import { fromBase64, fromUtf8 } from "./bytes.js";

/**
 * Whom a context token vouches for: the same for every token of one visitor, whenever it was issued.
 * Read, never trusted: it only tells which tabs may share a connection. The token itself where it is none that can be read.
 */
export function vouchedFor(token: string | undefined): unknown {
  if (token === undefined) return null;
  try {
    const payload = (token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
    const claims = JSON.parse(fromUtf8(fromBase64(payload + "=".repeat((4 - (payload.length % 4)) % 4)))) as Record<string, unknown>;
    return { aud: claims["aud"] ?? null, sub: claims["sub"] ?? null, attributes: claims["attributes"] ?? null };
  } catch {
    return token;
  }
}
