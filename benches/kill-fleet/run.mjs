// A kill, with a third of the fleet parted. See README.md.
// node run.mjs --downhaul PATH [--clients 2000] [--loss 0.05]
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { flag } from "../outside.mjs";

const { values: option } = parseArgs({
  options: {
    downhaul: { type: "string" },
    clients: { type: "string", default: "2000" },
    loss: { type: "string", default: "0.05" },
  },
});
const [clients, loss] = [Number(option.clients), Number(option.loss)];
const parted = Math.floor(clients / 3);
const reachable = clients - parted;
const [PING, STALE] = [5, 15];
/** A namespace, its link, and the addresses at both ends, which lie in the block for benchmarks (RFC 2544). */
const [SPACE, OUTER, INNER] = [`dhb${process.pid}`, `dho${process.pid}`, `dhi${process.pid}`];
const [HOST, GUEST] = ["198.18.0.1", "198.18.0.2"];

if (process.platform !== "linux" || process.getuid() !== 0) {
  console.error("a network namespace is made, which takes Linux and root: run this with sudo");
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), "downhaul-fleet-"));
const children = [];
const ip = (...words) => execFileSync("ip", words, { stdio: ["ignore", "ignore", "pipe"] });
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
  for (const words of [["link", "del", OUTER], ["netns", "del", SPACE]]) {
    try {
      ip(...words);
    } catch {
      // Not made, or gone with the other.
    }
  }
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

function start(program, words, stdin = "ignore") {
  const child = spawn(program, words, { stdio: [stdin, "pipe", "inherit"] });
  children.push(child);
  child.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.next = async () => {
    const { value, done } = await child.lines.next();
    if (done) throw new Error(`${program} ${words.join(" ")} has ended`);
    return JSON.parse(value);
  };
  child.ask = async (message) => {
    child.stdin.write(`${JSON.stringify(message)}\n`);
    return await child.next();
  };
  return child;
}

async function until(what, seconds, condition) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited ${seconds} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const port = await new Promise((resolve) => {
  const probe = createServer().listen(0, "127.0.0.1", () => {
    const { port } = probe.address();
    probe.close(() => resolve(port));
  });
});
const data = join(folder, "data");
const limits = ["--streams-per-address", String(2 * clients), "--ping", String(PING), "--stale", String(STALE)];
const server = spawn(option.downhaul, ["serve", "--data", data, "--listen", `127.0.0.1:${port}`, "--format", "json", ...limits], { stdio: ["ignore", "pipe", "ignore"] });
children.push(server);
await once(server.stdout, "data");
server.stdout.resume();
const token = readFileSync(join(data, "admin-token"), "utf8").trim();
async function ask(method, path, body) {
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/environments/production${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}
const document = { schema: 1, environment: "production", revision: 0, flags: [flag("checkout", { on_stale: "degraded" })] };
writeFileSync(join(folder, "flags.json"), JSON.stringify(document));
execFileSync(option.downhaul, ["apply", join(folder, "flags.json"), "--server", `http://127.0.0.1:${port}`, "--environment", "production", "--reason", "bench"], {
  env: { ...process.env, DOWNHAUL_TOKEN: token },
  stdio: "ignore",
});
const { key } = await ask("POST", "/client-keys", { name: "bench", kind: "server" });

ip("netns", "add", SPACE);
ip("link", "add", OUTER, "type", "veth", "peer", "name", INNER, "netns", SPACE);
ip("addr", "add", `${HOST}/30`, "dev", OUTER);
ip("link", "set", OUTER, "up");
ip("-n", SPACE, "addr", "add", `${GUEST}/30`, "dev", INNER);
ip("-n", SPACE, "link", "set", INNER, "up");

const here = (name) => new URL(name, import.meta.url).pathname;
const lossy = start("node", [here("way.mjs"), "127.0.0.1", String(port), String(loss)]);
const plain = start("node", [here("way.mjs"), HOST, String(port)]);
const [{ port: lossyPort }, { port: plainPort }] = [await lossy.next(), await plain.next()];
const near = Array.from({ length: 3 }, () => start("node", [here("clients.mjs")], "pipe"));
const far = start("ip", ["netns", "exec", SPACE, "node", here("clients.mjs")], "pipe");
const share = (at) => Math.floor(reachable / near.length) + (at < reachable % near.length ? 1 : 0);
await Promise.all([
  ...near.map((child, at) => child.ask({ begin: { count: share(at), url: `http://127.0.0.1:${lossyPort}`, key, flag: "checkout", region: "near" } })),
  far.ask({ begin: { count: parted, url: `http://${HOST}:${plainPort}`, key, flag: "checkout", region: "far" } }),
]);
await until(`${clients} live clients`, 120, async () => (await ask("GET", "/fleet")).current >= clients);

ip("link", "set", OUTER, "down");
// The kill falls somewhere between two pings.
await new Promise((resolve) => setTimeout(resolve, 1000));
const asked = Date.now();
const { id } = await ask("POST", "/kills", { flag: "checkout", scope: {}, reason: "bench" });

/** Times at which the control plane was asked, and how many it showed as confirmed. */
const shown = [];
const report = async (children) => (await Promise.all(children.map((child) => child.ask({ report: true })))).flatMap(({ report }) => report);
await until("everybody dark", STALE + 30, async () => {
  const { progress } = await ask("GET", `/kills/${id}`);
  shown.push({ at: Date.now(), dark: progress.dark_total });
  if (Date.now() - asked < (STALE + 1) * 1000) return false;
  return (await report([far])).every(({ dark }) => dark !== undefined);
});
const [reached, away] = [await report(near), await report([far])];
const final = (await ask("GET", `/kills/${id}`)).progress;

// The link comes back.
const back = Date.now();
ip("link", "set", OUTER, "up");
await until("the parted have the kill", 120, async () => (await ask("GET", `/kills/${id}`)).progress.dark_total >= clients);
const returned = Date.now() - back;

const quantile = (values, share) => values[Math.min(values.length - 1, Math.ceil(share * values.length) - 1)];
const sorted = (values) => values.toSorted((one, other) => one - other);
const took = sorted(reached.map(({ dark }) => (dark === undefined ? Infinity : dark - asked)));
const within = (ms) => ((100 * took.filter((each) => each <= ms).length) / took.length).toFixed(2);
console.log(`${clients} clients, ${parted} of them parted; a way with ${100 * loss} % loss for the others; milliseconds`);
console.log(`the reachable, command to dark: p50 ${quantile(took, 0.5)}, p99 ${quantile(took, 0.99)}, p99.9 ${quantile(took, 0.999)}, slowest ${took.at(-1)}; ${within(1000)} % within 1 s, ${within(3000)} % within 3 s`);
console.log(`as the control plane measured: p50 ${final.p50_ms}, p99 ${final.p99_ms}, slowest ${final.slowest_ms}`);
const silent = sorted(away.map(({ silent }) => (silent ?? Infinity) * 1000));
const alone = sorted(away.map(({ dark }) => dark - asked));
const causes = [...new Set(away.map(({ cause }) => cause))].map((cause) => `${away.filter((each) => each.cause === cause).length} by ${cause}`);
console.log(`the parted (${causes.join(", ")}), silent when they degraded: p50 ${quantile(silent, 0.5).toFixed(0)}, slowest ${silent.at(-1).toFixed(0)}, the deadline is ${STALE * 1000}; slowest from the command ${alone.at(-1)}`);
// Whoever had applied it by the time the control plane was asked.
const dark = sorted(reached.filter(({ killed }) => killed !== undefined).map(({ killed }) => killed));
const wrong = shown.map(({ at, dark: said }) => said - dark.filter((each) => each <= at).length).filter((each) => each > 0);
const confirmed = Math.max(0, final.dark_total - reachable);
console.log(`shown as confirmed and not dark: ${Math.max(0, ...wrong)} at most in ${shown.length} looks; of the parted ${confirmed}`);
console.log(`the link was back: the last of the parted had said that it has the kill after ${returned}`);
const isLate = silent.at(-1) > STALE * 1000 + 500;
process.exit(wrong.length > 0 || confirmed > 0 || isLate ? 1 : 0);
