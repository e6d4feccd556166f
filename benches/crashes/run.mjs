// Kills a control plane at random instants of rollbacks, drills, rollouts and approvals, and says whether anything was done
// twice. See README.md.
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
const flags = [flag("cart"), flag("checkout", { requires: [{ flag: "cart", variants: ["on"] }] }), flag("prices"), flag("banner", { default: "off" })];
for (const each of flags) await ask("PUT", `/flags/${each.key}`, { flag: each, reason: "bench" });
const put = release({
  flags: ["cart", "checkout", "prices"],
  caches: [{ name: "edge", lag_seconds: 1, purge: "cdn" }, { name: "browsers", lag_seconds: 1 }],
  recovery: [{ name: "errors", query: "errors", condition: "< 1", for_seconds: 0 }],
});
await ask("PUT", "/releases/shop-2", { release: put, reason: "bench" });

/** One person is all there is here, so their own approvals have to count. */
const policy = (more) => ask("PUT", "/policy", { policy: { approvals: { self: true, ...more } }, reason: "bench" });
await policy({});

let runbooks = 0;
let rollouts = 0;
let proposals = 0;
let landed = 0;

/** A rollback or a drill, which go on by themselves. */
const runbook = (practice) => ({
  async begin() {
    runbooks += 1;
    const id = `r-${runbooks}`;
    if (practice) await ask("POST", "/drills", { name: "shop-2", reason: "bench" });
    else await ask("POST", "/releases/shop-2/rollback", { reason: "bench" });
    if (practice) await ask("POST", `/runs/${id}/go`, { step: 1 });
    return id;
  },
  async look(id) {
    await callBack();
    const run = await ask("GET", `/runs/${id}`);
    const where = run.phase === "running" ? run.steps[run.step - 1].kind : run.phase;
    return { ended: run.phase === "ended", where, run };
  },
  async check(id, run) {
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
  },
});

/** A rollout, whose stages are entered by themselves, but for one that somebody has to approve. */
const stages = [1, 2, 5, 10, 25, 50, 75, 100].map((percent, at) => ({
  percent,
  bake_seconds: at % 3 === 2 ? 1 : 0,
  approvals: at === 4 ? 1 : 0,
  gates: at % 2 ? [{ name: "errors", query: "errors", condition: "< 1", for_seconds: at === 5 ? 1 : 0 }] : [],
}));
const rollout = {
  async begin() {
    rollouts += 1;
    await ask("POST", "/rollouts", { rollout: { flag: "banner", variant: "on", stages }, reason: "bench" });
    return `ro-${rollouts}`;
  },
  async look(id) {
    const run = await ask("GET", `/rollouts/${id}`);
    if (run.standing.kind === "approval") {
      await ask("POST", `/rollouts/${id}/approve`, { digest: run.approval.digest, reason: "bench" });
    }
    return { ended: run.standing.kind === "complete", where: `rollout (${run.standing.kind})`, run };
  },
  async check(id, run) {
    const entered = run.entered.map((mark) => mark.stage).join();
    if (entered !== stages.map((_, at) => at + 1).join()) fault(`${id} entered the stages ${entered}`);
    // The next one begins with the flag as it was.
    await ask("PUT", "/flags/banner", { flag: flag("banner", { default: "off" }), reason: "bench" });
  },
};

/** Proposals, each made, approved and landed by somebody who asks again for what was cut off. */
const approvals = {
  async begin() {
    await policy({ change: 1 });
    return proposals + 8;
  },
  async look(until) {
    const known = (await ask("GET", "/proposals")).proposals;
    const open = known.find((each) => each.status === "open");
    proposals = Math.max(0, ...known.map((each) => Number(each.id.slice(2))));
    if (!open && proposals >= until) return { ended: true, where: "approval (over)", run: known };
    if (!open) {
      await ask("POST", "/proposals", { flag: flag(`proposed-${proposals + 1}`), reason: "bench" });
      return { ended: false, where: "approval (made)" };
    }
    const { now } = await ask("GET", `/proposals/${open.id}`);
    if (now.counting === 0) await ask("POST", `/proposals/${open.id}/approve`, { digest: now.digest, reason: "bench" });
    else await ask("POST", `/proposals/${open.id}/land`, {});
    return { ended: false, where: now.counting === 0 ? "approval (asked)" : "approval (given)" };
  },
  async check(until, run) {
    if (proposals !== until) fault(`there are ${proposals} proposals, and ${until} were made`);
    if (run.some((each) => each.status !== "landed")) fault(`not landed: ${JSON.stringify(run)}`);
    landed = run.length;
    await policy({});
  },
};

const kinds = [runbook(false), runbook(true), rollout, approvals];
let crashes = 0;
let runs = 0;
const struck = new Map();
const restarts = [];
while (crashes < wanted) {
  const kind = kinds[runs % kinds.length];
  runs += 1;
  const id = await kind.begin();
  let last;
  for (let lives = 0; ; lives++) {
    if (lives > 400) throw new Error(`${id} does not end: ${JSON.stringify(last)}`);
    // Half of all lives are short, so that what takes milliseconds is struck too.
    const until = performance.now() + next() * (next() < 0.5 ? 250 : Number(option.life));
    const rest = () => Math.max(0, until - performance.now());
    let ended = false;
    let failed;
    while (rest() > 0 && !ended && !failed) {
      // What is asked may be cut off in the middle.
      const looked = kind.look(id).catch((error) => {
        failed = error;
      });
      const seen = await Promise.race([looked, new Promise((resolve) => setTimeout(resolve, crashes < wanted ? rest() : 60_000))]);
      if (seen) last = seen;
      ended = seen?.ended ?? false;
      await new Promise((resolve) => setTimeout(resolve, Math.min(15, rest())));
    }
    if (failed && rest() > 0) throw failed;
    if (ended) break;
    if (crashes >= wanted) continue;
    await crash();
    crashes += 1;
    const began = performance.now();
    await start();
    restarts.push(performance.now() - began);
    const where = last?.where ?? "the beginning";
    struck.set(where, (struck.get(where) ?? 0) + 1);
  }
  await kind.check(id, last.run);
}

// Every event of every run stands in the chart once.
const token = readFileSync(join(folder, "data", "admin-token"), "utf8").trim();
const chart = await (await fetch(`${base}/chart/export`, { headers: { authorization: `Bearer ${token}` } })).text();
const seen = new Set();
for (const line of chart.trim().split("\n")) {
  const { record } = JSON.parse(line);
  const command = record?.command;
  if (record?.landed) {
    const landing = `land ${record.landed.proposal}`;
    if (seen.has(landing)) fault(`twice in the chart: ${landing}`);
    seen.add(landing);
  }
  let what;
  if (command?.type === "run") {
    const { event } = command;
    // Readings that changed the standing may come more than once; what they led to may not.
    if (event.event === "metric-read") continue;
    what = ["run", command.run, event.event, event.step, event.attempt, event.flag, event.kill].join(" ");
  } else if (command?.type === "rollout") {
    const { event } = command;
    what = ["rollout", command.rollout, event.event, command.from, event.kind].join(" ");
  } else if (command?.type === "propose" || command?.type === "approve") what = `${command.type} ${command.proposal}`;
  else if (command?.type === "kill") what = `kill ${command.kill.id}`;
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
console.log(`${crashes} crashes (SIGKILL) in ${runs} runs: rollbacks, drills, rollouts and approvals in turn; seed ${option.seed}`);
console.log(`${runbooks} rollbacks and drills, ${rollouts} rollouts, ${landed} proposals`);
console.log(`struck while at: ${places.join(", ")}`);
console.log(`${new Set(arrived.map((each) => each.id)).size} webhooks, ${repeated} of them sent again under the same id`);
console.log(`from start to ready: median ${restarts[Math.floor(restarts.length / 2)]?.toFixed(0)} ms, slowest ${restarts.at(-1)?.toFixed(0)} ms`);
console.log(faults.length === 0 ? "nothing was done twice, and every run came to its end" : `FAULTS:\n${faults.join("\n")}`);
process.exit(faults.length === 0 ? 0 : 1);
