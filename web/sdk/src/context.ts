import { utf8 } from "./bytes.js";
import type { Ciphers } from "./ciphers.js";
import type { Context } from "./types.js";

/** What an attribute can be once read; undefined is absent. */
export type Attribute = string | number | boolean | readonly unknown[] | { readonly [key: string]: unknown } | undefined;

/**
 * The value of an attribute: an own key of that name, null included (which reads as absent); only else, if the name has
 * dots, the path through nested plain objects, never through lists or prototypes.
 */
export function attribute(context: Context, name: string): Attribute {
  if (Object.hasOwn(context, name)) return readable(context[name]);
  if (!name.includes(".")) return undefined;
  let value: unknown = context;
  for (const segment of name.split(".")) {
    if (!isPlain(value) || !Object.hasOwn(value, segment)) return undefined;
    value = value[segment];
  }
  return readable(value);
}

/** A JavaScript value as the document's world knows it. */
export function readable(value: unknown): Attribute {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : undefined;
    case "bigint":
      return value > -MAX_INTEGER && value < MAX_INTEGER ? Number(value) : undefined;
    case "object":
      if (value === null) return undefined;
      if (value instanceof Date) return readable(value.getTime());
      return value as Attribute;
    default:
      return undefined;
  }
}

/** True for objects that hold attributes: not for lists, dates, maps and the like, nor for anything behind a prototype. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  if (value === null || typeof value !== "object") return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

/** The context as JSON can carry it: what reads as absent is gone, dates and big integers are numbers. */
export function plain(context: Context): Record<string, unknown> {
  return (copy(context, 0) ?? {}) as Record<string, unknown>;
}

function copy(value: unknown, depth: number): unknown {
  const read = readable(value);
  if (typeof read === "string") return wellFormed(read);
  if (typeof read !== "object") return read;
  if (depth > MAX_DEPTH) return undefined;
  if (Array.isArray(read)) return read.map((element) => copy(element, depth + 1) ?? null);
  if (!isPlain(read)) return undefined;
  const result: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const key of Object.keys(read)) {
    const element = read[key] === null ? null : copy(read[key], depth + 1);
    if (element !== undefined) result[wellFormed(key)] = element;
  }
  return result;
}

/** Lone surrogates become U+FFFD, as in every encoding to UTF-8. */
export function wellFormed(text: string): string {
  return /[\uD800-\uDFFF]/.test(text) ? new TextDecoder().decode(utf8(text)) : text;
}

/** RFC 8785 canonical JSON of a JSON value. */
export function canonical(value: unknown): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const object = value as Record<string, unknown>;
  const members = Object.keys(object).sort().map((key) => `${JSON.stringify(key)}:${canonical(object[key])}`);
  return `{${members.join(",")}}`;
}

export const contextDigest = async ({ sha256 }: Ciphers, context: Context): Promise<string | undefined> => sha256(utf8(canonical(plain(context))));

/** Whether the context may be answered from a flag set made for this value: it has the same one, or none. */
export function agrees(context: Context, name: string, value: unknown): boolean {
  const own = attribute(context, name);
  return own === undefined || canonical(copy(own, 0)) === canonical(value);
}

/** Names with values, as `Object.entries` gives them. */
export type Attributes = readonly (readonly [string, unknown])[];

/** Whether the context may be answered from a flag set that was specialised for these attributes. */
export const agreesWithAll = (context: Context, attributes: Attributes): boolean => attributes.every(([name, value]) => agrees(context, name, value));

/** The context with the audience's attributes where it has none of its own. */
export function completed(context: Context, attributes: Attributes): Context {
  let result: Record<string, unknown> | undefined;
  for (const [name, value] of attributes) {
    if (attribute(context, name) === undefined) (result ??= { ...context })[name] = value;
  }
  return result ?? context;
}

const MAX_INTEGER = 2n ** 53n;
const MAX_DEPTH = 32;
