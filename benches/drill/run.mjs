// Rehearses a rollback with 100 real clients, a webhook target and a real Prometheus, and prints what the drills measured
// of themselves. See README.md.
// node run.mjs --downhaul PATH [--drills 5] [--clients 100] [--processes 2] [--holds 10]
import { execFile, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { flag, outside, release, targets, until } from "../outside.mjs";

const { values: option } = parseArgs({
  options: {
    downhaul: { type: "string" },
    drills: { type: "string", default: "5" },
    clients: { type: "string", default: "100" },
    processes: { type: "string", default: "2" },
    /** Seconds for which the metric has to hold. */
    holds: { type: "string", default: "10" },
  },
});
const clients = Number(option.clients);
const folder = mkdtempSync(join(tmpdir(), "downhaul-drill-"));
const children = [];
process.on("exit", () => children.forEach((child) => child.kill("SIGKILL")));

const freePort = () =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
const [port, prometheusPort] = [await freePort(), await freePort()];

// A target that deploys in no time: what is measured is the way back, not somebody's deployment.
const target = await outside(({ body }) => {
  const url = body.data.callback_url;
  const said = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ status: "done" }) };
  if (url) setTimeout(() => fetch(url, said), 100);
});
writeFileSync(join(folder, "targets.json"), JSON.stringify(targets(target.address, `127.0.0.1:${prometheusPort}`)), { mode: 0o600 });
writeFileSync(
  join(folder, "prometheus.yml"),
  `global: { scrape_interval: 1s }\nscrape_configs:\n  - job_name: downhaul\n    static_configs: [{ targets: ['127.0.0.1:${port}'] }]\n`,
);

const server = spawn(
  option.downhaul,
  ["serve", "--data", join(folder, "data"), "--listen", `127.0.0.1:${port}`, "--targets", join(folder, "targets.json"), "--format", "json"],
  { stdio: ["ignore", "pipe", "inherit"] },
);
children.push(server);
await once(server.stdout, "data");
children.push(
  spawn(
    "prometheus",
    [`--config.file=${join(folder, "prometheus.yml")}`, `--storage.tsdb.path=${join(folder, "prometheus")}`, `--web.listen-address=127.0.0.1:${prometheusPort}`],
    { stdio: "ignore" },
  ),
);

const environment = { ...process.env, DOWNHAUL_SERVER: `http://127.0.0.1:${port}`, DOWNHAUL_DATA: join(folder, "data"), DOWNHAUL_FORMAT: "json" };
async function downhaul(...line) {
  const { stdout } = await promisify(execFile)(option.downhaul, line, { env: environment, cwd: folder });
  return JSON.parse(stdout);
}

const flags = [flag("cart"), flag("checkout", { requires: [{ flag: "cart", variants: ["on"] }] }), flag("prices")];
writeFileSync(join(folder, "flags.json"), JSON.stringify({ schema: 1, environment: "production", revision: 0, flags }));
await downhaul("apply", "flags.json", "--reason", "bench");
const metric = { name: "up", query: "max(up)", condition: ">= 1", for_seconds: Number(option.holds) };
writeFileSync(join(folder, "release.json"), JSON.stringify(release({ flags: ["cart", "checkout", "prices"], recovery: [metric] })));
await downhaul("release", "put", "release.json", "--reason", "bench");
const { key } = await downhaul("keys", "create", "bench", "--kind", "server", "--reason", "bench");

const share = Math.ceil(clients / Number(option.processes));
for (let at = 0; at < clients; at += share) {
  const count = Math.min(share, clients - at);
  const program = new URL("../kill-to-dark/clients.mjs", import.meta.url);
  const child = fork(program, [String(count), environment.DOWNHAUL_SERVER, key, "production", "checkout"]);
  children.push(child);
  await once(child, "message");
}
await until(`${clients} live clients`, async () => (await downhaul("status")).fleet.live >= clients);
await until("a first scrape", async () => {
  const answer = await fetch(`http://127.0.0.1:${prometheusPort}/api/v1/query?query=max(up)`).then((answer) => answer.json(), () => null);
  return answer?.data?.result?.[0]?.value?.[1] === "1";
});

const drills = [];
for (let drill = 0; drill < Number(option.drills); drill++) {
  drills.push(await downhaul("drill", "shop-2", "--yes", "--reason", "bench"));
  // Whoever was dark is back.
  await until("every client restored", async () => (await downhaul("status")).fleet.current >= clients);
}

const parts = ["decide", "disable", "redeploy", "verify", "other", "total", "put_back"];
console.log(`${drills.length} drills, three flags, one redeployment, a metric that holds for ${option.holds} s; milliseconds`);
console.log(["outcome", "clients", "slowest", ...parts].map((name) => name.padStart(9)).join(""));
for (const drill of drills) {
  const cells = [drill.outcome, drill.clients, drill.slowest_ms?.toFixed(1), ...parts.map((part) => drill.phases[`${part}_ms`] ?? "")];
  console.log(cells.map((cell) => String(cell).padStart(9)).join(""));
}
rmSync(folder, { recursive: true, force: true });
process.exit(drills.every((drill) => drill.outcome === "passed" && drill.clients >= clients) ? 0 : 1);
