/** The console's own words for kills (`words/kill.rs` there); the tests of both hold the same table. */

import type { Kill, Progress, RegionProgress, Scope } from "./api.js";

const NARROW = "\u202F";

/** Thousands by a narrow no-break space. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, NARROW);
}

export function counted(value: number, one: string, many: string): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** `everyone`, `acme within eu`; stands after *killed for*. */
export function scopeWords(scope: Scope): string {
  const parts: string[] = [];
  if (scope.tenant) parts.push(any(scope.tenant));
  if (scope.segment) parts.push(`segment ${any(scope.segment)}`);
  if (scope.variant) parts.push(`${parts.length === 0 ? "whoever gets" : "getting"} ${any(scope.variant)}`);
  if (scope.region) parts.push(`${parts.length === 0 ? "everyone " : ""}within ${any(scope.region)}`);
  return parts.join(" ") || "everyone";
}

/** `Everyone gets`, `Users of acme get`. */
export function whoGet(scope: Scope): string {
  const words = scopeWords(scope);
  if (scope.tenant) return `Users of ${words} get`;
  if (scope.segment) return `Users in ${words} get`;
  return `${words.charAt(0).toUpperCase()}${words.slice(1)} gets`;
}

function any(values: readonly string[]): string {
  const last = values.at(-1) ?? "no one";
  return values.length < 2 ? last : `${values.slice(0, -1).join(", ")} or ${last}`;
}

/** `9 981 of 10 000 clients dark`. */
export function dark(progress: Progress): string {
  if (progress.live > 0) return `${count(progress.dark)} of ${counted(progress.live, "client", "clients")} dark`;
  if (progress.dark_total === 0) return "No client is connected";
  // Those that went dark and have left since still count as reached.
  return `${counted(progress.dark_total, "client", "clients")} dark, none is connected now`;
}

/** What a screen reader is told. */
export function announcement(progress: Progress): string {
  const p99 = progress.p99_ms === undefined ? "" : `, p99 ${duration(progress.p99_ms)}`;
  return `${dark(progress)}${p99}${progress.complete ? ". The kill is complete" : ""}`;
}

/** What is still to come; empty if nothing is. */
export function remaining(progress: Progress): string {
  const parts: string[] = [];
  const lit = progress.live - progress.dark;
  if (lit > 0) parts.push(`${count(lit)} still lit`);
  if (progress.unknown > 0) {
    const when = progress.degrades_when_stale ? `within ${progress.stale_seconds} s by their stale deadline` : "when they come back";
    parts.push(`${count(progress.unknown)} silent, dark ${when}`);
  }
  if (progress.hidden > 0) parts.push(`${count(progress.hidden)} asleep, not waited for`);
  return parts.join("; ");
}

/** `all dark`, `3 lit, 1 silent`. */
export function region({ live, dark, unknown }: RegionProgress): string {
  const parts: string[] = [];
  if (live > dark) parts.push(`${count(live - dark)} lit`);
  if (unknown > 0) parts.push(`${count(unknown)} silent`);
  return parts.join(", ") || "all dark";
}

/** `3.4 ms`, `84 ms`, `0.62 s`, `12 s`, `3:12`; an en dash while nothing was measured. */
export function duration(ms: number | undefined): string {
  if (ms === undefined) return "–";
  if (ms < 9.95) return `${+ms.toFixed(1)}${NARROW}ms`;
  if (ms < 99.5) return `${ms.toFixed(0)}${NARROW}ms`;
  if (ms < 9995) return `${(ms / 1000).toFixed(2)}${NARROW}s`;
  if (ms < 59_500) return `${(ms / 1000).toFixed(0)}${NARROW}s`;
  return stopwatch(ms).slice(0, -2);
}

/** `0:04.2`: minutes, seconds, tenths of a stopwatch; hours from one on. */
export function stopwatch(ms: number): string {
  const tenths = Math.floor(Math.max(ms, 0) / 100);
  const [seconds, minutes] = [Math.floor(tenths / 10), Math.floor(tenths / 600)];
  const two = (value: number) => String(value % 60).padStart(2, "0");
  const whole = minutes < 60 ? `${minutes}:${two(seconds)}` : `${Math.floor(minutes / 60)}:${two(minutes)}:${two(seconds)}`;
  return `${whole}.${tenths % 10}`;
}

/** `2.4 s ago`, `3 min ago`. */
export function ago(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)}${NARROW}s ago`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds}${NARROW}s ago`;
  return seconds < 3600 ? `${Math.floor(seconds / 60)}${NARROW}min ago` : `${Math.floor(seconds / 3600)}${NARROW}h ago`;
}

/** The names of a field: separated by commas, each once. */
export function names(text: string): string[] {
  return [...new Set(text.split(",").map((name) => name.trim()).filter((name) => name !== ""))];
}

/** Why it cannot be fired yet; empty if it can. */
export function whyNot(flag: string, scope: Scope | undefined, reason: string): string {
  if (flag.trim() === "") return "Name a flag first.";
  if (scope === undefined) return "Say for whom first.";
  return reason.trim() === "" ? "Give a reason first." : "";
}

/** The heading of a kill that was fired. */
export function killed(kill: Kill): string {
  return `${kill.flag} ${kill.restored ? "was" : "is"} killed for ${scopeWords(kill.scope)}`;
}
