// Measures; everything it talks to is running already. See README.md.
// node run.mjs --server URL --token ADMIN --server-key KEY --shop URL --flag KEY --kills N [--clients 99] [--processes 2]
import { fork } from "node:child_process";
import { createServer } from "node:http";
import { once } from "node:events";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const { values: option } = parseArgs({
  options: {
    server: { type: "string" },
    token: { type: "string" },
    "server-key": { type: "string" },
    environment: { type: "string", default: "production" },
    shop: { type: "string" },
    flag: { type: "string", default: "checkout-v2" },
    kills: { type: "string", default: "30" },
    clients: { type: "string", default: "99" },
    processes: { type: "string", default: "2" },
    chromium: { type: "string", default: "/usr/bin/chromium" },
  },
});
const base = `${option.server}/api/v1/environments/${option.environment}`;
const kills = Number(option.kills);

async function admin(method, path, body) {
  const answer = await fetch(`${base}${path}`, {
    method,
    headers: { authorization: `Bearer ${option.token}`, "content-type": "application/json" },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.status === 204 ? null : await answer.json();
}

async function until(what, condition) {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited 30 s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The kill that a page asks for, relayed with the admin token, which no page holds. */
function relay() {
  const server = createServer(async (request, response) => {
    response.setHeader("access-control-allow-origin", "*");
    try {
      const made = await admin("POST", "/kills", { flag: option.flag, scope: {}, reason: "bench: kill to dark" });
      response.end(JSON.stringify(made));
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  server.listen(0, "127.0.0.1");
  return once(server, "listening").then(() => server);
}

const share = Math.ceil(Number(option.clients) / Number(option.processes));
const processes = Array.from({ length: Number(option.processes) }, (_, at) => {
  const count = Math.min(share, Number(option.clients) - at * share);
  return fork(new URL("./clients.mjs", import.meta.url), [String(count), option.server, option["server-key"], option.environment, option.flag]);
});
await Promise.all(processes.map((child) => once(child, "message")));

const browser = await chromium.launch({
  executablePath: option.chromium,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const page = await browser.newPage();
await page.goto(option.shop);
await page.waitForSelector('[data-test="state"].ready');
const asking = await relay();
const address = `http://127.0.0.1:${asking.address().port}/`;
const expected = Number(option.clients) + 1;
await until(`${expected} live clients`, async () => (await admin("GET", "/fleet")).live >= expected);

const server = [];
const inPage = [];
const applied = [];
const everywhere = [];
for (let round = 0; round < kills; round++) {
  const measured = await page.evaluate(
    ({ address }) =>
      new Promise((resolve, reject) => {
        const checkout = document.querySelector('[data-test="checkout"]');
        const started = performance.now();
        const asked = Date.now();
        let kill;
        let dark;
        const done = () => kill && dark && resolve({ kill, asked, ms: dark });
        new MutationObserver((_, observer) => {
          if (checkout.dataset.mode === "three-page" && !dark) {
            dark = performance.now() - started;
            observer.disconnect();
            done();
          }
        }).observe(checkout, { attributes: true });
        fetch(address, { method: "POST" })
          .then((answer) => answer.json())
          .then((made) => {
            kill = made;
            done();
          }, reject);
      }),
    { address },
  );
  inPage.push(measured.ms);
  const { id } = measured.kill;
  everywhere.push(measured.ms);
  const view = await until("every client dark", async () => {
    const view = await admin("GET", `/kills/${id}`);
    return view.progress.dark >= expected ? view : null;
  });
  server.push(view.progress);
  for (const child of processes) {
    child.send("report");
    const [report] = await once(child, "message");
    applied.push(...report.applied.filter((each) => each !== null));
    everywhere.push(...report.at.map((each) => each - measured.asked));
  }
  await admin("POST", `/kills/${id}/restore`, { reason: "bench: next round" });
  await page.waitForSelector('[data-test="checkout"][data-mode="one-page"]');
  await until("every client restored", async () => {
    const fleet = await admin("GET", "/fleet");
    return fleet.current >= expected;
  });
}

await browser.close();
for (const child of processes) child.send("close");
asking.close();

const quantile = (values, q) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.ceil(q * values.length) - 1)];
const line = (name, values) =>
  console.log(
    `${name.padEnd(28)} p50 ${quantile(values, 0.5).toFixed(2).padStart(8)}  p90 ${quantile(values, 0.9).toFixed(2).padStart(8)}  p99 ${quantile(values, 0.99).toFixed(2).padStart(8)}  slowest ${Math.max(...values).toFixed(2).padStart(8)}  n ${values.length}`,
  );
console.log(`${kills} kills, ${expected} clients; milliseconds`);
line("all: command to dark", everywhere);
line("page: command to changed DOM", inPage);
line("server: p50 of each kill", server.map((each) => each.p50_ms));
line("server: p99 of each kill", server.map((each) => each.p99_ms));
line("server: slowest of each kill", server.map((each) => each.slowest_ms));
line("instance: bytes to decision", applied);
process.exit(0);
