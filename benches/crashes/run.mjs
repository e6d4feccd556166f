// Kills a control plane at random instants of rollbacks and drills, and says whether anything was done twice. See README.md.
// node run.mjs --downhaul PATH --crashes N [--seed N]
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { flag, outside, release, targets } from "../outside.mjs";

const { values: option } = parseArgs({
  options: {
    downhaul: { type: "string" },
    crashes: { type: "string", default: "200" },
    seed: { type: "string", default: String(Date.now() % 100_000) },
    /** Longest life of a process, in milliseconds. */
    life: { type: "string", default: "3000" },
  },
});
const wanted = Number(option.crashes);

// The instants can be had again by the seed; what the machine is doing then cannot.
let random = Number(option.seed) >>> 0;
const next = () => {
  random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
  return random / 2 ** 32;
};

const folder = mkdtempSync(join(tmpdir(), "downhaul-crashes-"));
const arrived = [];
// A target is slow to answer, and slower to call back.
const asked = await outside((each) => arrived.push({ ...each, due: Date.now() + next() * 400 }), () => next() * 80);
writeFileSync(join(folder, "targets.json"), JSON.stringify(targets(asked.address, asked.address)), { mode: 0o600 });

const port = await new Promise((resolve) => {
  const probe = createServer().listen(0, "127.0.0.1", () => {
    const { port } = probe.address();
    probe.close(() => resolve(port));
  });
});
const base = `http://127.0.0.1:${port}/api/v1/environments/production`;
let server;

async function start() {
  const data = ["--data", join(folder, "data"), "--listen", `127.0.0.1:${port}`, "--targets", join(folder, "targets.json")];
  // Without clients, a kill step waits for the stale deadline after each start.
  server = spawn(option.downhaul, ["serve", ...data, "--stale", "2", "--ping", "1", "--format", "json"], { stdio: ["ignore", "pipe", "ignore"] });
  const gone = once(server, "exit").then(() => Promise.reject(new Error("the control plane did not start")));
  gone.catch(() => {});
  await Promise.race([once(server.stdout, "data"), gone]);
}

async function crash() {
  const gone = once(server, "exit");
  server.kill("SIGKILL");
  await gone;
}

/** What is asked again until a process lives long enough to answer. */
async function ask(method, path, body) {
  const token = readFileSync(join(folder, "data", "admin-token"), "utf8").trim();
  const answer = await fetch(`${base}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

// Whatever goes wrong, no control plane is left behind.
process.on("exit", () => server?.kill("SIGKILL"));

const faults = [];
const fault = (what) => faults.push(what);
const called = new Map();
/** Calls back for every webhook that arrived, as a target does that is asked by a server that comes and goes. */
async function callBack() {
  for (const { id, body, due } of [...arrived]) {
    const url = body.data.callback_url;
    if (!url || called.get(id) || Date.now() < due) continue;
    try {
      const answer = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ status: "done" }),
      });
      if (answer.status === 204) {
        called.set(id, true);
        // Once more, at once: a call-back works once.
        const again = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ status: "done" }) });
        if (again.status === 204) fault(`the call-back of ${id} was taken twice`);
      } else if (answer.status === 409) {
        // Taken by a process that did not come to say so.
        called.set(id, true);
      }
    } catch {
      // Nobody is there now.
    }
  }
}

await start();
const flags = [flag("cart"), flag("checkout", { requires: [{ flag: "cart", variants: ["on"] }] }), flag("prices")];
for (const each of flags) await ask("PUT", `/flags/${each.key}`, { flag: each, reason: "bench" });
const put = release({
  flags: ["cart", "checkout", "prices"],
  caches: [{ name: "edge", lag_seconds: 1, purge: "cdn" }, { name: "browsers", lag_seconds: 1 }],
  recovery: [{ name: "errors", query: "errors", condition: "< 1", for_seconds: 0 }],
});
await ask("PUT", "/releases/shop-2", { release: put, reason: "bench" });

let crashes = 0;
let runs = 0;
const struck = new Map();
const restarts = [];
while (crashes < wanted) {
  const practice = runs % 2 === 1;
  runs += 1;
  const id = `r-${runs}`;
  if (practice) await ask("POST", "/drills", { name: "shop-2", reason: "bench" });
  else await ask("POST", "/releases/shop-2/rollback", { reason: "bench" });
  if (practice) await ask("POST", `/runs/${id}/go`, { step: 1 });
  let run;
  for (let lives = 0; ; lives++) {
    if (lives > 400) throw new Error(`${id} does not end: ${JSON.stringify(run)}`);
    // Half of all lives are short, so that what takes milliseconds is struck too.
    const until = performance.now() + next() * (next() < 0.5 ? 250 : Number(option.life));
    let ended = false;
    while (performance.now() < until && !ended) {
      await callBack();
      run = await ask("GET", `/runs/${id}`);
      ended = run.phase === "ended";
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, Math.min(15, until - performance.now()))));
    }
    if (ended) break;
    if (crashes >= wanted) continue;
    await crash();
    crashes += 1;
    const began = performance.now();
    await start();
    restarts.push(performance.now() - began);
    const now = await ask("GET", `/runs/${id}`);
    const where = now.phase === "running" ? now.steps[now.step - 1].kind : now.phase;
    struck.set(where, (struck.get(where) ?? 0) + 1);
  }
  if (run.verdict !== "done") fault(`${id} ended as ${run.verdict}: ${JSON.stringify(run)}`);
  const kills = (await ask("GET", "/kills")).kills;
  if (kills.length !== (practice ? 0 : 3)) fault(`${kills.length} kills are in force after ${id}`);
  if (run.kills.length !== 3) fault(`${id} made ${run.kills.length} kills`);
  if (run.steps.some((step) => step.attempt !== 1)) fault(`${id} tried a step again: ${JSON.stringify(run.steps)}`);
  const sent = new Map();
  for (const each of arrived.filter((each) => each.body.data.run === id)) {
    const { timestamp: _, ...body } = each.body;
    const text = JSON.stringify(body);
    if (sent.has(each.id) && sent.get(each.id) !== text) fault(`${each.id} was two different webhooks`);
    sent.set(each.id, text);
  }
  const expected = practice ? [`${id}.2.1`, `${id}.3.1`, `${id}.back.2`] : [`${id}.2.1`, `${id}.3.1`];
  if ([...sent.keys()].sort().join() !== expected.join()) fault(`${id} sent ${[...sent.keys()]}`);
  for (const kill of kills) await ask("POST", `/kills/${kill.id}/restore`, { reason: "bench" });
}

// Every event of every run stands in the chart once.
const token = readFileSync(join(folder, "data", "admin-token"), "utf8").trim();
const chart = await (await fetch(`${base}/chart/export`, { headers: { authorization: `Bearer ${token}` } })).text();
const seen = new Set();
for (const line of chart.trim().split("\n")) {
  const command = JSON.parse(line).record?.command;
  let what;
  if (command?.type === "run") {
    const { event } = command;
    // Readings that changed the standing may come more than once; what they led to may not.
    if (event.event === "metric-read") continue;
    what = ["run", command.run, event.event, event.step, event.attempt, event.flag, event.kill].join(" ");
  } else if (command?.type === "kill") what = `kill ${command.kill.id}`;
  else if (command?.type === "restore") what = `restore ${command.id}`;
  else continue;
  if (seen.has(what)) fault(`twice in the chart: ${what}`);
  seen.add(what);
}
const verified = await ask("GET", "/chart/verify");
if (verified.status !== "verified") fault(`the chart is ${verified.status}`);
await crash();
asked.close();
rmSync(folder, { recursive: true });

const repeated = arrived.length - new Set(arrived.map((each) => each.id)).size;
restarts.sort((a, b) => a - b);
const places = [...struck].sort((a, b) => b[1] - a[1]).map(([where, count]) => `${where} ${count}`);
console.log(`${crashes} crashes (SIGKILL) in ${runs} runs, rollbacks and drills in turn; seed ${option.seed}`);
console.log(`struck while at: ${places.join(", ")}`);
console.log(`${new Set(arrived.map((each) => each.id)).size} webhooks, ${repeated} of them sent again under the same id`);
console.log(`from start to ready: median ${restarts[Math.floor(restarts.length / 2)]?.toFixed(0)} ms, slowest ${restarts.at(-1)?.toFixed(0)} ms`);
console.log(faults.length === 0 ? "nothing was done twice, and every run came to its end" : `FAULTS:\n${faults.join("\n")}`);
process.exit(faults.length === 0 ? 0 : 1);
