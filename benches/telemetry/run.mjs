// What a flood of telemetry does to a kill. See README.md.
// node run.mjs --downhaul PATH --kills N --entries N [--clients 50]
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { flag } from "../outside.mjs";

const { values: option } = parseArgs({
  options: {
    downhaul: { type: "string" },
    kills: { type: "string", default: "30" },
    /** Entries a second, as batches of 250 tell them. */
    entries: { type: "string", default: "50000" },
    clients: { type: "string", default: "50" },
  },
});
const [kills, clients] = [Number(option.kills), Number(option.clients)];

const folder = mkdtempSync(join(tmpdir(), "downhaul-telemetry-"));
const port = await new Promise((resolve) => {
  const probe = createServer().listen(0, "127.0.0.1", () => {
    const { port } = probe.address();
    probe.close(() => resolve(port));
  });
});
const url = `http://127.0.0.1:${port}`;
const base = `${url}/api/v1/environments/production`;
const server = spawn(option.downhaul, ["serve", "--data", join(folder, "data"), "--listen", `127.0.0.1:${port}`, "--format", "json"], { stdio: ["ignore", "pipe", "ignore"] });
const children = [server];
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});
await once(server.stdout, "data");
const token = readFileSync(join(folder, "data", "admin-token"), "utf8").trim();

async function ask(method, path, body) {
  const answer = await fetch(`${base}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

async function until(what, condition) {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited a minute for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

// Flags with guards: what is told of them is kept by the minute, too.
const keys = Array.from({ length: 50 }, (_, at) => `f${at}`);
const guards = [{ name: "errors", variant: "on", dry_run: true }];
const document = { schema: 1, environment: "production", revision: 0, flags: keys.map((key) => flag(key, { guards })) };
writeFileSync(join(folder, "flags.json"), JSON.stringify(document));
const applied = spawn(option.downhaul, ["apply", join(folder, "flags.json"), "--server", url, "--environment", "production", "--reason", "bench"], {
  env: { ...process.env, DOWNHAUL_TOKEN: token },
  stdio: "inherit",
});
const [status] = await once(applied, "exit");
if (status !== 0) throw new Error("the flags were not taken");
const { key } = await ask("POST", "/client-keys", { name: "bench", kind: "server" });

const listening = fork(new URL("../kill-to-dark/clients.mjs", import.meta.url), [String(clients), url, key, "production", keys[0]]);
children.push(listening);
await once(listening, "message");
await until(`${clients} live clients`, async () => (await ask("GET", "/fleet")).live >= clients);

/** Milliseconds from the commit to the acknowledgement of the last client, of each kill. */
async function measure() {
  const took = [];
  for (let round = 0; round < kills; round++) {
    const { id } = await ask("POST", "/kills", { flag: keys[0], scope: {}, reason: "bench" });
    const view = await until("every client dark", async () => {
      const view = await ask("GET", `/kills/${id}`);
      return view.progress.dark >= clients ? view : null;
    });
    took.push(view.progress);
    await ask("POST", `/kills/${id}/restore`, { reason: "bench" });
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return took;
}

const quantile = (values, share) => values.toSorted((one, other) => one - other)[Math.min(values.length - 1, Math.floor(values.length * share))];
function said(what, progress) {
  const fields = ["p50_ms", "p99_ms", "slowest_ms"].filter((field) => field in progress[0]);
  const words = fields.map((field) => {
    const values = progress.map((each) => each[field]);
    return `${field} median ${quantile(values, 0.5)}, p99 ${quantile(values, 0.99)}`;
  });
  console.log(`${what}: ${kills} kills of ${clients} clients; ${words.join("; ")}`);
  return quantile(progress.map((each) => each[fields.at(-1)]), 0.99);
}

const quiet = said("without load", await measure());
const flood = fork(new URL("./flood.mjs", import.meta.url), [url, key, option.entries, keys.join(",")]);
children.push(flood);
await once(flood, "message");
const loaded = said(`under ${option.entries} entries a second`, await measure());
flood.send("report");
const [{ seconds, sent, taken, refused }] = await once(flood, "message");
console.log(`asked for ${Math.round(sent / seconds)} entries a second over ${seconds.toFixed(0)} s, ${Math.round(taken / seconds)} taken, ${refused} batches refused`);
console.log(`the slowest client of the p99 kill took ${(loaded / quiet).toFixed(2)} times as long`);
process.exit(0);
