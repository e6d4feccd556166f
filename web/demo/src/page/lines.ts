// The footer: what the flags gave and why, and how fresh that is.

import type { Client } from "downhaul";
import { escape } from "./view.js";

const shown = [
  "checkout-v2", "cart-service-v3", "recommendations", "new-search",
  "gift-cards", "payments-provider", "image-format", "summer-banner",
];

export function renderLines(into: HTMLElement, client: Client): void {
  const status = client.status();
  const rows = shown.map((key) => {
    const found = client.details(key, null);
    const killed = found.flagMetadata?.cause === "kill";
    return `<tr data-flag="${key}" class="${killed ? "killed" : ""}"><th scope="row">${key}</th>
      <td>${escape(found.variant ?? "default")}</td><td>${escape(killed ? "killed" : (found.reason ?? ""))}</td></tr>`;
  });
  const html = `<div class="line">
      <span class="state ${escape(status.state)}" data-test="state">${escape(words[status.state] ?? status.state)}</span>
      <span data-test="revision">revision ${status.position?.revision ?? "none"}</span>
      <span data-test="latency">${latency(status.lastChange)}</span>
      <span>${escape(status.transport)}</span>
    </div>
    <details open><summary>Flags in this page</summary><table>${rows.join("")}</table></details>`;
  // It is asked for every second: what has not changed stays as the visitor left it.
  if (html !== shownNow) into.innerHTML = html;
  shownNow = html;
}

let shownNow = "";

const words: Record<string, string> = {
  ready: "live", connecting: "connecting", stale: "stale", offline: "offline, deciding from what is kept", closed: "closed",
};

function latency(change: { kind: string; appliedAfterMs: number } | undefined): string {
  if (!change) return "no change yet";
  return `last ${change.kind} applied ${change.appliedAfterMs.toFixed(1)} ms after it arrived`;
}
