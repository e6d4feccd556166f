// Measures replays in a Web Worker in Chromium. See README.md. node run.mjs [--drafts N] [--rows N]
import { createServer } from "node:http";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const { values: option } = parseArgs({
  options: {
    drafts: { type: "string", default: "100" },
    rows: { type: "string", default: "50000" },
    chromium: { type: "string", default: "/usr/bin/chromium" },
  },
});
const root = new URL("../../", import.meta.url);
const dist = new URL("web/sdk/dist/", root);
const types = { js: "text/javascript", wasm: "application/wasm", html: "text/html" };

const flags = new URL("examples/shop/flags/", root);
const files = readdirSync(flags).map((name) => ({ name, text: readFileSync(new URL(name, flags), "utf8") }));
const contexts = readFileSync(new URL("data/shop-contexts.jsonl", root), "utf8");

const server = createServer((request, response) => {
  const name = request.url.slice(1);
  try {
    const body = name === "" ? "<!doctype html><title>bench</title>" : name === "contexts" ? contexts : readFileSync(new URL(name, dist));
    response.writeHead(200, { "content-type": types[name.split(".").pop()] ?? (name === "" ? "text/html" : "text/plain") }).end(body);
  } catch {
    response.writeHead(404).end();
  }
});
server.listen(0, "127.0.0.1");
await once(server, "listening");

const browser = await chromium.launch({
  executablePath: option.chromium,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const page = await browser.newPage();
await page.goto(`http://127.0.0.1:${server.address().port}/`);
const measured = await page.evaluate(
  async ({ files, drafts, rows }) => {
    const { startBlast } = await import("/blast.js");
    const { loadTooling } = await import("/tooling.js");
    // The sample is drawn as a server would.
    const tools = await loadTooling();
    const sample = tools.population(await (await fetch("/contexts")).text(), { weight: "share" }).toSample(rows);
    const blast = startBlast();
    await blast.published(files);
    const people = await blast.population(sample);
    const draft = (on) => files.map((file) => (file.name === "checkout-v2.json" ? { ...file, text: file.text.replace(/\["on", 25000\], \["off", 75000\]/, `["on", ${on}], ["off", ${100000 - on}]`) } : file));
    const frames = [];
    let last = performance.now();
    let going = true;
    const frame = (now) => {
      frames.push(now - last);
      last = now;
      if (going) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    const times = { replay: [], compare: [] };
    let moved = 0;
    for (const method of ["replay", "compare"]) {
      for (let at = 0; at < drafts + 5; at++) {
        const next = draft(25_000 + 100 * (at + 1));
        const started = performance.now();
        const answer = await blast[method](next);
        // The first few warm the engine up.
        if (at >= 5) times[method].push(performance.now() - started);
        if (method === "replay") moved = answer.moved_rows;
      }
    }
    going = false;
    return { times, frames: frames.slice(2), people, moved };
  },
  { files, drafts: Number(option.drafts), rows: Number(option.rows) },
);
await browser.close();
server.close();

const quantile = (values, q) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.ceil(q * values.length) - 1)];
const line = (name, values) =>
  console.log(`${name.padEnd(36)} p50 ${quantile(values, 0.5).toFixed(2).padStart(7)}  p90 ${quantile(values, 0.9).toFixed(2).padStart(7)}  p99 ${quantile(values, 0.99).toFixed(2).padStart(7)}  slowest ${Math.max(...values).toFixed(2).padStart(7)}  n ${values.length}`);
console.log(`${measured.people.rows} contexts, ${files.length} files of flags; the last draft moves ${measured.moved} contexts; milliseconds`);
line("replay of a draft, in the worker", measured.times.replay);
line("exact difference, in the worker", measured.times.compare);
line("between two frames of the page", measured.frames);
process.exit(0);
