// What pages meet in the wild, in a real Chromium: reads never throw, nothing flickers, and what is wrong is said.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { build } from "esbuild";
import type { Status } from "../src/types.js";
import { chromium, pages, REPORT, type Page } from "./chromium.js";
import { controlPlane } from "./control-plane.js";
import { sdk } from "./packed.js";

const server = await controlPlane();
server.state.header = { ...server.state.header, audience: { kind: "browser", attributes: {}, decided_for: null } };
const folder = mkdtempSync(join(tmpdir(), "downhaul-hostile-"));

/**
 * Reports as `first` when there are values, and as `killed` when the flag is off; all that `f` ever was is in `values`.
 * `case` is the page's name.
 */
const MAIN = `import { createClient } from "${join(sdk, "dist/browser.js")}";
  ${REPORT}
  const name = location.pathname.split("/")[1], values = [], complaints = [], said = [];
  addEventListener("error", ({ message }) => complaints.push(message));
  addEventListener("unhandledrejection", ({ reason }) => complaints.push(String(reason)));
  const flags = createClient({ url: location.origin, key: "key", ...globalThis.more });
  const look = () => {
    const value = flags.boolean("f", false);
    if (value !== values.at(-1)) values.push(value);
  };
  const tell = (what) => report(name + "/" + what, { values, complaints, said, ...flags.status() });
  look();
  flags.on("problem", ({ code }) => (said.push(code), look()));
  flags.on("changed", () => {
    look();
    if (values.at(-1) === false && values.at(-2) === true) tell("killed");
  });
  addEventListener("pageshow", ({ persisted }) => persisted && tell("back"));
  globalThis.flags = flags;
  flags.ready().then(async () => (look(), await tell("first"), globalThis.then?.()));
  // The leading one of two tabs closes after a kill.
  flags.on("changed", ({ kind }) => kind === "restore" && flags.status().transport === "stream" && name.startsWith("tab-") && frameElement.remove());`;
await build({ stdin: { contents: MAIN, resolveDir: sdk, sourcefile: "main.js" }, bundle: true, splitting: true, format: "esm", outdir: folder, entryNames: "main", chunkNames: "[name]-[hash]" });

/** What a page does before the client is there, and how it is served. */
const CASES: Record<string, { readonly before?: string; readonly headers?: Record<string, string>; readonly module?: Page | "missing" }> = {
  strict: { headers: { "content-security-policy": "default-src 'none'; script-src 'self'; connect-src 'self'" } },
  missing: { module: "missing" },
  wrong: { module: { body: "<!doctype html><title>not found</title>", type: "text/html" } },
  "no-webassembly": { before: "delete globalThis.WebAssembly;" },
  "no-storage": { before: 'Object.defineProperty(globalThis, "indexedDB", { value: undefined });' },
  "denied-storage": { before: 'IDBFactory.prototype.open = () => { throw new DOMException("denied", "SecurityError"); };' },
  "full-storage": { before: 'IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError"); };' },
  "fast-clock": { before: "const now = Date.now; Date.now = () => now() + 400 * 24 * 3600 * 1000;" },
  "slow-clock": { before: "const now = Date.now; Date.now = () => now() - 400 * 24 * 3600 * 1000;" },
  "no-locks": { before: 'Object.defineProperty(Navigator.prototype, "locks", { value: undefined });' },
  "denied-locks": { before: 'LockManager.prototype.request = () => Promise.reject(new DOMException("denied", "SecurityError"));' },
  incognito: {},
  // Off to another page once it has its values.
  away: { before: "globalThis.then = () => { if (sessionStorage.left) return; sessionStorage.left = 1; const leave = () => setTimeout(() => (location.href = '/elsewhere/')); document.readyState === 'complete' ? leave() : addEventListener('load', leave); };" },
  "tab-one": { before: "globalThis.more = { context: { targetingKey: 'tabs' } };" },
  "tab-two": { before: "globalThis.more = { context: { targetingKey: 'tabs' } };" },
};
let gateIsOpen = false;
const site = await pages(({ pathname }) => {
  const [, name = "", file = ""] = pathname.split("/");
  if (name === "gate") return gateIsOpen ? { body: "" } : undefined;
  if (name === "elsewhere") return { body: "<!doctype html><title>elsewhere</title><script>onload = async () => { await fetch('/report?name=elsewhere', { method: 'POST', body: '1' }); while (!(await fetch('/gate')).ok) await new Promise((next) => setTimeout(next, 20)); history.back(); };</script>" };
  if (name === "tabs") return { body: '<!doctype html><iframe id="one" src="/tab-one/"></iframe><iframe id="two" src="/tab-two/"></iframe>' };
  const what = CASES[name];
  if (!what) return undefined;
  // Alone among the tabs of this origin but where that is the matter.
  const alone = name.startsWith("tab-") || name.endsWith("-locks") ? "" : "globalThis.more = { shareAcrossTabs: false };";
  if (file === "") return { body: '<!doctype html><script src="before.js"></script><script type="module" src="main.js"></script>', type: "text/html; charset=utf-8", ...(what.headers ? { headers: what.headers } : {}) };
  if (file === "before.js") return { body: `${alone}${what.before ?? ""}` };
  if (file === "flags.wasm") return what.module === "missing" ? undefined : (what.module ?? { body: readFileSync(join(sdk, "dist/flags.wasm")) });
  return { body: readFileSync(join(folder, file)) };
}, server.url);

after(async () => {
  await Promise.all([site.close(), server.close()]);
  rmSync(folder, { recursive: true });
});

interface Told extends Status {
  readonly values: boolean[];
  readonly complaints: string[];
  /** Codes of every problem that was told. */
  readonly said: string[];
}

/** Loads a page, waits for its first values, and kills the flag under it. */
async function throughAKill(name: string, flags: string[] = []): Promise<{ first: Told; killed: Told }> {
  const end = chromium(`${site.url}/${name}/`, flags);
  try {
    const first = await site.reported<Told>(`${name}/first`);
    server.kill("f");
    return { first, killed: await site.reported<Told>(`${name}/killed`) };
  } finally {
    await end();
    server.restore("f");
  }
}

for (const [name, source, problems] of [
  ["strict", "remote", ["engine-trap"]],
  ["missing", "remote", ["engine-trap"]],
  ["wrong", "remote", ["engine-trap"]],
  ["no-webassembly", "remote", ["engine-trap"]],
  ["no-storage", "network", []],
  ["denied-storage", "network", ["store-failed"]],
  ["full-storage", "network", ["store-failed"]],
  ["fast-clock", "network", []],
  ["slow-clock", "network", []],
  ["no-locks", "network", []],
  ["denied-locks", "network", []],
  ["incognito", "network", []],
] as const) {
  test(`${name}: right values from ${source}, a kill at once, no flicker`, async () => {
    const { first, killed } = await throughAKill(name, name === "incognito" ? ["--incognito"] : []);
    assert.deepEqual([first.source, first.state, first.expired, killed.complaints], [source, "ready", false, []]);
    // The default, then the flag's value, then the degraded one.
    assert.deepEqual(killed.values, [false, true, false]);
    for (const problem of problems) assert.ok(killed.said.includes(problem), `${problem}: ${killed.said}`);
    assert.deepEqual(killed.said.filter((code) => !(problems as readonly string[]).includes(code)), []);
  });
}

test("back from elsewhere (back-forward cache): a kill in between is there, and nothing else", async () => {
  const before = server.acknowledged.length;
  const end = chromium(`${site.url}/away/`);
  try {
    await site.reported("away/first");
    await site.reported("elsewhere");
    await server.until(() => server.acknowledged.slice(before).some(({ state }) => state === "closing"));
    server.kill("f");
    gateIsOpen = true;
    // The same page as before, put aside and taken out again.
    await site.reported("away/back");
    const killed = await site.reported<Told>("away/killed");
    assert.deepEqual([killed.values, killed.complaints, killed.said], [[false, true, false], [], []]);
  } finally {
    await end();
    server.restore("f");
  }
});

test("two tabs: one holds the stream, both hear of a kill, and the other goes on when it is closed", async () => {
  const before = server.requests.length;
  const streams = (): number => server.requests.slice(before).filter((each) => each.endsWith("/stream")).length;
  const end = chromium(`${site.url}/tabs/`);
  try {
    const first = await Promise.all(["tab-one", "tab-two"].map((name) => site.reported<Told>(`${name}/first`)));
    assert.deepEqual(first.map(({ values }) => values.at(-1)), [true, true]);
    assert.equal(streams(), 1);
    server.kill("f");
    const killed = await Promise.all(["tab-one", "tab-two"].map((name) => site.reported<Told>(`${name}/killed`)));
    assert.deepEqual(killed.map(({ values, transport }) => [values.at(-1), transport]).sort(), [[false, "stream"], [false, "tab"]]);
    server.restore("f");
    // The one that leads closes itself at a restore.
    await server.until(() => streams() === 2);
    server.kill("f");
    assert.equal((await Promise.race(["tab-one", "tab-two"].map((name) => site.reported<Told>(`${name}/killed`)))).transport, "stream");
  } finally {
    await end();
    server.restore("f");
  }
});
