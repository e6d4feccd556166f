/** Of the admin API, what a kill needs. The types say what is read here, not everything that there is. */

import { UNREACHABLE, UNREACHABLE_HELP, UNREADABLE_HELP, unreadable } from "./texts.js";

export interface Whoami {
  readonly name: string;
  readonly environments: readonly string[];
  readonly roles: Readonly<Record<string, readonly string[]>>;
}

export interface Flag {
  readonly key: string;
  readonly degraded_variant: string;
  readonly degraded_meaning: string;
}

/** Every part present must hold, within a part one suffices; `{}` is everyone. */
export interface Scope {
  tenant?: string[];
  region?: string[];
  segment?: string[];
  variant?: string[];
}

export interface KillRequest {
  readonly flag: string;
  readonly scope: Scope;
  readonly reason: string;
  readonly incident?: string;
}

export interface Kill {
  readonly id: string;
  readonly flag: string;
  readonly scope: Scope;
  readonly reason: string;
  readonly by: string;
  readonly effect: string;
  readonly restored?: { readonly by: string; readonly reason: string };
  /** Absent where this server did not run when the kill was made. */
  readonly progress?: Progress;
}

export interface Progress {
  readonly live: number;
  readonly dark: number;
  readonly dark_total: number;
  readonly hidden: number;
  readonly unknown: number;
  readonly p50_ms?: number;
  readonly p99_ms?: number;
  readonly slowest_ms?: number;
  readonly elapsed_ms: number;
  readonly by_region: Readonly<Record<string, RegionProgress>>;
  readonly stragglers: readonly Straggler[];
  readonly stragglers_total: number;
  readonly complete: boolean;
  readonly stale_seconds: number;
  readonly degrades_when_stale: boolean;
}

export interface RegionProgress {
  readonly live: number;
  readonly dark: number;
  readonly unknown: number;
}

export interface Straggler {
  readonly instance: string;
  readonly region?: string;
  readonly last_seen_ms: number;
  readonly will: string;
}

/** Why there is no answer, with what to do about it; all that {@link ask} throws. */
export interface Failure extends Error {
  /** 0 where nothing came that the control plane said: what was asked for may have been done. */
  readonly status: number;
  readonly help: string;
}

const failure = (status: number, detail: string, help: string): Failure => Object.assign(new Error(detail), { status, help });

/** Asks this page's own control plane; the session is a cookie that no script can read. */
export async function ask<T>(method: "GET" | "POST", path: string, body?: unknown): Promise<T> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(`api/v1/${path}`, {
      method,
      // Only a page of this origin can set the second, which is what makes the cookie safe to use.
      headers: { "Content-Type": "application/json", "Downhaul-Console": "1" },
      body: body === undefined ? null : JSON.stringify(body),
    });
    text = await response.text();
  } catch {
    throw failure(0, UNREACHABLE, UNREACHABLE_HELP);
  }
  let answer: T & { detail?: string; help?: string };
  try {
    answer = JSON.parse(text);
  } catch {
    throw failure(0, unreadable(response.status), UNREADABLE_HELP);
  }
  if (!response.ok) throw failure(response.status, sentence(answer.detail ?? ""), sentence(answer.help ?? ""));
  return answer;
}

export const within = (environment: string, path: string): string => `environments/${encodeURIComponent(environment)}/${path}`;

/** A message as it is shown: with a capital, and quoted for people. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1).replace(/`([^`]*)`/g, "“$1”");
}
