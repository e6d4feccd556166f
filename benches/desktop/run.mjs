// The cold start of the desktop app beside an empty window of the same framework, in turn, on a screen of its own: from
// the command to start until the page shows what it is for. node run.mjs --app FILE --empty FILE --console FOLDER --starts N
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const given = Object.fromEntries(process.argv.slice(2).reduce((pairs, word, at, all) => (word.startsWith("--") ? [...pairs, [word.slice(2), all[at + 1]]] : pairs), []));
const children = [];
const firstLine = (child) => new Promise((resolve) => createInterface({ input: child.stdout }).once("line", resolve));
const start = (command, args, env = {}) => {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "ignore"] });
  children.push(child);
  return child;
};
const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const home = mkdtempSync(join(tmpdir(), "downhaul-bench-"));
const display = `:${await firstLine(start("Xvfb", ["-displayfd", "1", "-screen", "0", "1500x1000x24", "-nolisten", "tcp"]))}`;
const bus = await firstLine(start("dbus-daemon", ["--session", "--nofork", "--nopidfile", "--print-address=1"]));
const environment = {
  HOME: home, DISPLAY: display, DBUS_SESSION_BUS_ADDRESS: bus, GDK_BACKEND: "x11", NO_AT_BRIDGE: "1",
  XDG_DATA_HOME: join(home, "data"), XDG_CONFIG_HOME: join(home, "config"), XDG_CACHE_HOME: join(home, "cache"),
  TAURI_WEBVIEW_AUTOMATION: "true", LIBGL_ALWAYS_SOFTWARE: "1",
};

/** Starts a program, and gives what `act` gives with its window and the milliseconds until `selector` was there. */
async function started(application, args, selector, act = async () => {}) {
  const port = await freePort();
  const driver = start("WebKitWebDriver", [`--port=${port}`, "--host=127.0.0.1"], environment);
  const server = `http://127.0.0.1:${port}`;
  const ask = async (method, path, body) => {
    const answer = await fetch(server + path, { method, ...(body ? { body: JSON.stringify(body), headers: { "content-type": "application/json" } } : {}) });
    return (await answer.json()).value;
  };
  for (;;) {
    if ((await ask("GET", "/status").catch(() => undefined)) !== undefined) break;
    await pause(20);
  }
  const from = performance.now();
  const session = await ask("POST", "/session", { capabilities: { alwaysMatch: { "webkitgtk:browserOptions": { binary: application, args } } } });
  const run = (script) => ask("POST", `/session/${session.sessionId}/execute/sync`, { script, args: [] });
  for (;;) {
    if ((await run(`return !!document.querySelector(${JSON.stringify(selector)})`).catch(() => false)) === true) break;
    if (performance.now() - from > 60_000) throw new Error(`${application} shows no ${selector}`);
    await pause(5);
  }
  const took = performance.now() - from;
  await act(run);
  await ask("DELETE", `/session/${session.sessionId}`);
  driver.kill();
  // One that begins before the other has gone would hand over to it, and end; and the end of a session is not always its end.
  while (spawnSync("pkill", ["-f", `^${application}`]).status === 0) await pause(50);
  await pause(500);
  return took;
}

const appArguments = ["--console", given.console];
const median = (times) => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)];
try {
  // The way is chosen once; that start and the first empty one are not measured.
  await started(given.app, appArguments, "html[data-ready]", async (run) => {
    await run("document.querySelector('[data-test=way-local]').click()");
    for (let shown = false; !shown; await pause(50)) {
      shown = await run("return !!document.querySelector('[data-test=connection][data-state=ok]')").catch(() => false);
    }
  });
  await started(given.empty, [], "#ready");
  const [app, empty] = [[], []];
  for (let at = 0; at < Number(given.starts); at += 1) {
    empty.push(await started(given.empty, [], "#ready"));
    app.push(await started(given.app, appArguments, "[data-test=connection]"));
    console.log(`start ${at + 1}: empty ${empty.at(-1).toFixed(0)} ms, app ${app.at(-1).toFixed(0)} ms`);
  }
  console.log(`median of ${given.starts}: empty ${median(empty).toFixed(0)} ms, app ${median(app).toFixed(0)} ms, app above empty ${(median(app) - median(empty)).toFixed(0)} ms (asked: at most 500 ms); load ${loadavg()[0].toFixed(1)}`);
} finally {
  for (const child of children) child.kill();
  rmSync(home, { recursive: true, force: true });
}
