import type { Scope } from "./api.js";

/** A kill that was being prepared elsewhere: by the console, by a tray item, by a link. */
export interface Kept {
  environment: string;
  flag: string;
  /** `undefined` while it is being chosen, so that nothing chosen never means everyone. */
  scope: Scope | undefined;
  reason: string;
  incident: string;
}

/** Where the console keeps what stands in its kill control, as the part of an address after `#`. */
export const KEPT = "downhaul.kill";

const PARTS = ["tenant", "region", "segment", "variant"] as const;

/** Reads `#environment=production&flag=checkout-v2&scope={"region":["eu"]}&reason=…&incident=…`. */
export function read(hash: string): Kept {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const text = (name: string) => given.get(name) ?? "";
  return { environment: text("environment"), flag: text("flag"), scope: scope(given.get("scope")), reason: text("reason"), incident: text("incident") };
}

/** Nothing said is everyone; something that cannot be read is to be chosen again. */
function scope(json: string | null): Scope | undefined {
  if (json === null) return {};
  try {
    const given: unknown = JSON.parse(json);
    if (typeof given !== "object" || given === null || Array.isArray(given)) return undefined;
    const read: Scope = {};
    for (const [part, values] of Object.entries(given)) {
      const known = PARTS.find((each) => each === part);
      if (known === undefined || !Array.isArray(values) || values.length === 0 || values.some((value) => typeof value !== "string")) return undefined;
      read[known] = values as string[];
    }
    return read;
  } catch {
    return undefined;
  }
}

/** What the address of a page of the console says of it. */
export function ofPath(path: string): string {
  const [, environment, flag] = /^\/e\/([^/]+)(?:\/(?:flags|edit|kill)\/([^/]+))?/.exec(path) ?? [];
  return [environment && `environment=${environment}`, flag && `flag=${flag}`].filter(Boolean).join("&");
}
