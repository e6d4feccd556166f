// Runs in the console, before it: once the console has ended, puts the kill page in its place, with what stood in its kill control.
// A script of its own, so that it works where the console never came up.
import { KEPT, ofPath } from "./kept.js";

let leaving = false;

function ended(): void {
  if (leaving) return;
  leaving = true;
  void go();
}

async function go(): Promise<void> {
  // Without a server there is nothing to go to; the note stands, and names the command.
  const there = await fetch("/kill", { method: "HEAD" }).then((answer) => answer.ok, () => false);
  leaving = there;
  if (there) location.assign(`/kill#${kept()}`);
}

function kept(): string {
  try {
    return sessionStorage.getItem(KEPT) ?? ofPath(location.pathname);
  } catch {
    return ofPath(location.pathname);
  }
}

const isTrap = (error: unknown) => error instanceof WebAssembly.RuntimeError;

// From the panic hook.
addEventListener("downhaul-ended", ended);
// What ends an instance without a panic: its stack or memory is full.
addEventListener("error", (event) => isTrap(event.error) && ended());
addEventListener("unhandledrejection", (event) => isTrap(event.reason) && ended());
// An editor that is no more asks nobody whether to leave; its draft is kept.
addEventListener("beforeunload", (event) => leaving && event.stopImmediatePropagation(), true);
