import { fromBase64, toHex, utf8 } from "./bytes.js";
import { attribute } from "./context.js";
import type { Context } from "./types.js";

/** What the control plane asks to be told of contexts, where its policy allows it; docs/reference/protocol.md. */
export interface Sampling {
  /** Attributes whose values may leave; nothing else does. */
  readonly attributes: readonly string[];
  /** Bucketing units, of which only keyed hashes leave. */
  readonly hashed: readonly string[];
  /** Base64: what hashes are keyed with. */
  readonly key: string;
  /** The part of all units that is wanted, from 0 to 1. */
  readonly rate: number;
  readonly period_seconds: number;
}

/** One context, as it leaves. */
export interface Sampled {
  readonly attributes: { readonly [name: string]: string | number | boolean };
  readonly hashed: { readonly [name: string]: string };
}

const LONGEST = 128;
const MOST = 32;

/** What may leave of a context; undefined where its unit is not among those that are wanted. */
export type Sampler = (asked: Sampling, context: Context, instance: string) => Promise<Sampled | undefined>;

export const sampled: Sampler = async (asked, context, instance) => {
  const { subtle } = crypto;
  const key = await subtle.importKey("raw", fromBase64(asked.key) as BufferSource, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const hash = async (name: string, unit: string): Promise<Uint8Array> => new Uint8Array(await subtle.sign("HMAC", key, utf8(`${name}\0${unit}`) as BufferSource)).subarray(0, 16);
  const hashed: Record<string, string> = {};
  let who: Uint8Array | undefined;
  for (const name of asked.hashed.slice(0, MOST)) {
    const unit = attribute(context, name);
    if ((typeof unit !== "string" || unit === "") && !Number.isSafeInteger(unit)) continue;
    // As bucketing writes it: `-0` is `0`.
    const bytes = await hash(name, String(unit));
    hashed[name] = toHex(bytes);
    if (name === "targetingKey") who = bytes;
  }
  who ??= await hash("", instance);
  if (new DataView(who.buffer).getUint32(0) >= asked.rate * 2 ** 32) return undefined;
  const attributes: Record<string, string | number | boolean> = {};
  for (const name of asked.attributes.slice(0, MOST)) {
    const value = attribute(context, name);
    const fits = typeof value === "string" ? value.length <= LONGEST : typeof value === "number" || typeof value === "boolean";
    if (fits && name !== "targetingKey") attributes[name] = value as string | number | boolean;
  }
  return { attributes, hashed };
};
