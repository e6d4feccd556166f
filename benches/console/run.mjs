// Measures the console in Chromium, as people have it: a server with 2 000 flags and the example's population. See README.md.
// node run.mjs --downhaul PATH [--flags 2000] [--loads 10] [--steps 100] [--kills 10] [--clients 20] [--where] [--trace FILE]
import { execFile, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { cpus, loadavg, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { chromium } from "playwright-core";
import { LATE, plain, scrolling, traced } from "./frames.mjs";

const { values: option } = parseArgs({
  options: {
    downhaul: { type: "string" },
    flags: { type: "string", default: "2000" },
    loads: { type: "string", default: "10" },
    steps: { type: "string", default: "100" },
    kills: { type: "string", default: "10" },
    clients: { type: "string", default: "20" },
    /** Also says where the time of the slider goes. */
    where: { type: "boolean", default: false },
    /** Also scrolls once more under the browser's tracing: says what late frames were spent on, and keeps the trace. */
    trace: { type: "string" },
    console: { type: "string", default: fileURLToPath(new URL("../../admin-app/ui/dist", import.meta.url)) },
    contexts: { type: "string", default: fileURLToPath(new URL("../../data/shop-contexts.jsonl", import.meta.url)) },
    chromium: { type: "string", default: "/usr/bin/chromium" },
  },
});
const HOLD = 1200;
/** Milliseconds after the list is painted, in which nobody scrolls yet. */
const EARLY = 500;
const folder = mkdtempSync(join(tmpdir(), "downhaul-console-"));
const children = [];
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

const port = await new Promise((resolve) => {
  const probe = createServer().listen(0, "127.0.0.1", () => {
    const { port } = probe.address();
    probe.close(() => resolve(port));
  });
});
const url = `http://127.0.0.1:${port}`;
const server = spawn(option.downhaul, ["serve", "--data", join(folder, "data"), "--listen", `127.0.0.1:${port}`, "--console", option.console, "--format", "json"], {
  stdio: ["ignore", "pipe", "inherit"],
});
children.push(server);
await once(server.stdout, "data");
const environment = { ...process.env, DOWNHAUL_SERVER: url, DOWNHAUL_DATA: join(folder, "data"), DOWNHAUL_FORMAT: "json" };
async function downhaul(...line) {
  const { stdout } = await promisify(execFile)(option.downhaul, line, { env: environment, cwd: folder, maxBuffer: 1 << 28 });
  return stdout.trim() === "" ? null : JSON.parse(stdout);
}

const flags = join(folder, "flags");
cpSync(fileURLToPath(new URL("../../examples/shop/flags", import.meta.url)), flags, { recursive: true });
mkdirSync(flags, { recursive: true });
for (let at = 18; at < Number(option.flags); at++) {
  const key = `made-${String(at).padStart(4, "0")}`;
  const flag = {
    key,
    description: `What number ${at} changes`,
    owner: ["payments", "search", "cart", "growth", "platform", "mobile"][at % 6],
    kind: at % 3 ? "release" : "ops",
    created: "2026-11-01",
    ...(at % 3 ? { expires: "2027-06-30" } : { review: "2027-06-30" }),
    clients: ["browser", "server"],
    variants: { on: true, off: false },
    degraded: { variant: "off", meaning: "As it was before" },
    rules: [
      { name: "first", when: [{ tenant: ["acme"] }], serve: "on" },
      { name: "then", when: [{ region: ["europe"] }], split: { slices: [["on", 25_000], ["off", 75_000]] } },
    ],
    default: "off",
    reversibility: "rollback-safe",
  };
  writeFileSync(join(flags, `${key}.json`), JSON.stringify(flag));
}
await downhaul("apply", "flags", "--reason", "bench");
await downhaul("population", "put", "default", option.contexts, "--weight", "share");
const { key } = await downhaul("keys", "create", "bench", "--kind", "server", "--reason", "bench");
const token = readFileSync(join(folder, "data/admin-token"), "utf8").trim();

const browser = await chromium.launch({
  executablePath: option.chromium,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
page.on("pageerror", (error) => console.error("in the page:", error));
// What the page itself notes: when the first row is painted, and what workers are asked and answer.
await page.addInitScript(() => {
  window.bench = { row: null, asked: [], answered: [] };
  const look = new MutationObserver(() => {
    if (!document.querySelector('[data-test^="flag-row-"]')) return;
    look.disconnect();
    // The frame after the one that draws it.
    requestAnimationFrame(() => requestAnimationFrame((now) => (window.bench.row = now)));
  });
  look.observe(document, { childList: true, subtree: true });
  const Real = window.Worker;
  window.Worker = class extends Real {
    constructor(...all) {
      super(...all);
      this.addEventListener("message", () => window.bench.answered.push(performance.now()));
    }
    postMessage(...all) {
      window.bench.asked.push(performance.now());
      super.postMessage(...all);
    }
  };
});
await page.goto(`${url}/#token=${token}`);
await page.waitForSelector('[data-test="flag-row-checkout-v2"]');

// First paint: the assets lie in the cache and are read; then begins what is measured.
const loads = { whole: [], after: [] };
for (let at = 0; at < Number(option.loads); at++) {
  await page.goto(`${url}/e/production/flags`);
  await page.waitForFunction(() => window.bench.row !== null);
  const measured = await page.evaluate(() => {
    const files = performance.getEntriesByType("resource").filter((each) => /\.(wasm|js|css)$/.test(new URL(each.name).pathname) && each.startTime < window.bench.row && !/split_|chunk_|radius/.test(each.name));
    return { row: window.bench.row, there: Math.max(...files.map((each) => each.responseEnd)) };
  });
  loads.whole.push(measured.row);
  loads.after.push(measured.row - measured.there);
}

/** Types into the search and takes it back, a letter each 120 ms; gives the milliseconds between two frames meanwhile. */
const searching = () =>
  page.evaluate(async () => {
    const times = [];
    let last = performance.now();
    let going = true;
    const draw = (now) => {
      times.push(now - last);
      last = now;
      if (going) requestAnimationFrame(draw);
    };
    requestAnimationFrame(draw);
    const field = document.querySelector('[data-test="flag-search"]');
    const write = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
    for (const text of ["m", "ma", "mad", "made", "made-0", "made-00", "made-001", "made-00", "made-0", "made", "", "p", "pa", "pay", "paym", "payme", "paymen", "payment", "payments", ""]) {
      write.call(field, text);
      field.dispatchEvent(new InputEvent("input", { bubbles: true }));
      await new Promise((resolve) => setTimeout(resolve, 120));
    }
    going = false;
    return times.slice(2);
  });
// In turn with a plain list of as many rows: what is late there too is the machine's.
const scrolled = [];
/** Frames that came late so soon after the list was painted that a page is still being made ready. */
let early = 0;
const floor = [];
for (let round = 0; round < 2; round++) {
  const times = await scrolling(page);
  if (round === 0) {
    let at = 0;
    for (const time of times) if ((at += time) < EARLY && time > LATE) early++;
  }
  scrolled.push(...times);
  const height = await page.evaluate(() => document.querySelector('[data-test^="flag-row-"]').getBoundingClientRect().height);
  const list = await plain(page.context(), Number(option.flags), height);
  floor.push(...(await scrolling(list)));
  await list.close();
  await page.bringToFront();
}
await page.evaluate(() => window.scrollTo(0, 0));
// Nobody goes to the top and writes in the same moment: what the jump draws is not of the search.
await page.waitForTimeout(500);
const filtering = await searching();
const trace = option.trace === undefined ? null : await traced(browser, page, scrolling);
if (trace) writeFileSync(option.trace, JSON.stringify({ traceEvents: trace.traceEvents }));

// The slider, by the keyboard: from the key until the panel says whom the draft moves now.
await page.goto(`${url}/e/production/edit/checkout-v2`);
await page.waitForSelector('[data-test="editor"]');
await page.click('[data-test="rule-3-open"]');
await page.waitForSelector('[data-test="rule-3-handle-1"]');
await page.waitForFunction(() => /sample|contexts/i.test(document.querySelector('[data-test="radius-source"]')?.textContent ?? "") );
const slider = await page.evaluate(
  async ({ steps }) => {
    const handle = document.querySelector('[data-test="rule-3-handle-1"]');
    const panel = document.querySelector('[data-test="radius"]');
    const moved = () => document.querySelector('[data-test="moved"][data-moved]')?.dataset.moved;
    const took = { all: [], page: [], worker: [], draw: [] };
    handle.focus();
    for (let at = 0; at < steps + 10; at++) {
      const before = moved();
      const { asked, answered } = window.bench;
      asked.length = answered.length = 0;
      const started = performance.now();
      const seen = new Promise((resolve, reject) => {
        const observer = new MutationObserver(() => {
          if (moved() === before || panel.dataset.state !== "current") return;
          observer.disconnect();
          resolve(performance.now());
        });
        observer.observe(panel, { subtree: true, childList: true, attributes: true, characterData: true });
        setTimeout(() => reject(new Error(`no answer to step ${at}`)), 20_000);
      });
      const back = Math.floor(at / 50) % 2 === 1;
      handle.dispatchEvent(new KeyboardEvent("keydown", { key: back ? "ArrowLeft" : "ArrowRight", bubbles: true, cancelable: true }));
      const ended = await seen;
      // The first few warm the engines up.
      if (at >= 10) {
        took.all.push(ended - started);
        // A draft that is what is published asks nobody.
        if (asked.length > 0 && answered.length > 0) {
          took.page.push(Math.min(...asked) - started);
          took.worker.push(Math.min(...answered) - Math.min(...asked));
          took.draw.push(ended - Math.min(...answered));
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    return took;
  },
  { steps: Number(option.steps) },
);

// A kill: from the key that is held until the page shows the first client dark, without the hold. Without any, `--kills 0`, nothing but the console has to be built.
const kills = [];
const told = [];
if (Number(option.kills) > 0) {
  const client = fork(fileURLToPath(new URL("../kill-to-dark/clients.mjs", import.meta.url)), [option.clients, url, key, "production", "checkout-v2"], {
    cwd: fileURLToPath(new URL("../kill-to-dark", import.meta.url)),
  });
  children.push(client);
  const closed = new AbortController();
  client.on("exit", (code) => closed.signal.aborted || closed.abort(new Error(`the clients ended with code ${code}: is web/sdk built, and \`npm ci\` run in benches/kill-to-dark?`)));
  const answer = async () => (await once(client, "message", { signal: closed.signal }).catch(() => closed.signal.throwIfAborted()))[0];
  await answer();
  const admin = async (method, path, body) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const answer = await fetch(`${url}/api/v1/environments/production${path}`, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? null : await answer.json();
  };
  const until = async (condition) => {
    for (const deadline = Date.now() + 30_000; !(await condition()); await new Promise((resolve) => setTimeout(resolve, 50)))
      if (Date.now() > deadline) throw new Error("waited for 30 s");
  };
  await until(async () => (await admin("GET", "/fleet")).live >= Number(option.clients));
  for (let at = 0; at < Number(option.kills); at++) {
    await page.goto(`${url}/e/production/kill/checkout-v2`);
    await page.fill('[data-test="kill-reason"]', "bench");
    await page.waitForSelector('[data-test="hold-to-kill"][aria-disabled="false"]');
    await page.focus('[data-test="hold-to-kill"]');
    await page.evaluate(() => {
      let started;
      addEventListener("keydown", (event) => (started ??= event.timeStamp), { capture: true });
      window.bench.dark = new Promise((resolve) => {
        const observer = new MutationObserver(() => {
          if (Number(document.querySelector('[data-test="clients-dark"]')?.dataset.dark ?? 0) < 1) return;
          observer.disconnect();
          resolve(performance.now() - started);
        });
        observer.observe(document, { subtree: true, childList: true, attributes: true });
      });
    });
    await page.keyboard.down("Space");
    kills.push((await page.evaluate(() => window.bench.dark)) - HOLD);
    await page.keyboard.up("Space");
    const { id } = (await admin("GET", "/kills")).kills.find((each) => each.flag === "checkout-v2");
    await until(async () => (await admin("GET", `/kills/${id}`)).progress.dark >= Number(option.clients));
    client.send("report");
    const report = await answer();
    told.push(...report.applied.filter((each) => each !== null));
    await admin("POST", `/kills/${id}/restore`, { reason: "bench: next round" });
    await until(async () => (await admin("GET", "/fleet")).current >= Number(option.clients));
  }
  client.send("close");
}
await browser.close();

const quantile = (values, q) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.ceil(q * values.length) - 1)];
const line = (name, values) => {
  const figure = (value) => value.toFixed(1).padStart(7);
  console.log(`${name.padEnd(46)} p50 ${figure(quantile(values, 0.5))}  p99 ${figure(quantile(values, 0.99))}  slowest ${figure(Math.max(...values))}  n ${values.length}`);
};
console.log(`${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, load average ${loadavg().map((each) => each.toFixed(1)).join(" ")}; ${option.flags} flags; milliseconds`);
line("list painted, from the address", loads.whole);
line("list painted, after the assets are there", loads.after);
line("between two frames, scrolling", scrolled);
line("the same, a plain list of as many rows", floor);
line("between two frames, filtering", filtering);
line("slider to updated radius", slider.all);
if (option.where) {
  line("  of this, until the worker is asked", slider.page);
  line("  of this, until it answers", slider.worker);
  line("  of this, until it is drawn", slider.draw);
}
if (kills.length > 0) {
  line("kill to first client dark, in the page", kills);
  line("kill applied by the clients", told);
}
const late = (values) => `${values.filter((each) => each > LATE).length} of ${values.length}`;
console.log(`frames that came late (over ${LATE} ms): scrolling ${late(scrolled)} (${early} in the first half second), of a plain list ${late(floor)}; filtering ${late(filtering)}`);
if (trace) {
  for (const [which, frames] of [["late", trace.late], ["in time", trace.inTime]]) {
    const parts = Object.entries(frames).filter(([name]) => name !== "count").map(([name, ms]) => `${name} ${ms.toFixed(1)}`);
    console.log(`${String(frames.count).padStart(4)} frames ${which.padEnd(8)} a frame: ${parts.join(", ")} ms`);
  }
}
process.exit(0);
