// `run.mjs ENGINE FOLDER`: the fixture in the folder through one JavaScript engine; prints its report.
import { spawn } from "node:child_process";
import { copyFileSync, createReadStream, existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { startWorkerd } from "./workerd.mjs";

const [name, folder = ""] = process.argv.slice(2);
const here = new URL(".", import.meta.url).pathname;
const web = resolve(here, "../../web");
const { build } = createRequire(join(web, "package.json"))("esbuild");
const fixture = resolve(folder);

const bundle = (entry, outfile) =>
  build({ entryPoints: [join(here, entry)], outfile: join(fixture, outfile), bundle: true, format: "esm", target: "es2022", external: ["./flags.wasm", "node:*"], logLevel: "warning" });

/** The folder over HTTP, and what is sent back to `report`. */
async function serve(report) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://local");
    if (request.method === "POST" && pathname === "/report") {
      let text = "";
      request.on("data", (chunk) => (text += chunk)).on("end", () => {
        response.end();
        report(JSON.parse(text));
      });
      return;
    }
    if (pathname === "/") {
      response.setHeader("content-type", "text/html");
      response.end('<!doctype html><meta charset="utf-8"><title>engines</title><script type="module" src="page.mjs"></script>');
      return;
    }
    const file = join(fixture, pathname.slice(1));
    if (pathname.lastIndexOf("/") > 0 || !existsSync(file)) {
      response.statusCode = pathname === "/tick" ? 204 : 404;
      response.end();
      return;
    }
    response.setHeader("content-type", file.endsWith(".mjs") ? "text/javascript" : "application/octet-stream");
    createReadStream(file).pipe(response);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { server, url: `http://127.0.0.1:${server.address().port}` };
}

/** Runs a program until it ends, and gives what it printed. */
function output(program, args) {
  return new Promise((done, failed) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.on("data", (chunk) => (text += chunk));
    child.on("error", failed);
    child.on("close", (code) => (code === 0 ? done(text) : failed(new Error(`${program} ended with ${code}`))));
  });
}

/** Opens the page in a browser and waits for its report. */
async function browse(start) {
  await bundle("page.ts", "page.mjs");
  let report;
  const reported = new Promise((done) => (report = done));
  const { server, url } = await serve(report);
  const profile = mkdtempSync(join(tmpdir(), "downhaul-engine-"));
  const [program, ...args] = start(profile, `${url}/?engine=${name}`);
  const child = spawn(program, args, { stdio: "ignore", detached: true, env: { ...process.env, HOME: profile } });
  const ended = new Promise((_, failed) => {
    child.on("error", failed);
    child.on("exit", (code) => failed(new Error(`${program} ended with ${code} before the page had reported`)));
  });
  try {
    return await Promise.race([reported, ended]);
  } finally {
    try {
      process.kill(-child.pid);
    } catch {
      // Ended by itself.
    }
    server.closeAllConnections();
    server.close();
    await new Promise((done) => setTimeout(done, 200));
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function commandLine(...command) {
  await bundle("command.ts", "command.mjs");
  const [program, ...args] = command;
  return JSON.parse(await output(program, [...args, join(fixture, "command.mjs"), name, fixture]));
}

/** A program that a package in this folder brings. */
const installed = (program) => join(here, "node_modules/.bin", program);

const ENGINES = {
  node: () => commandLine(process.execPath),
  deno: () => commandLine(installed("deno"), "run", "--quiet", "--allow-read"),
  bun: () => commandLine(installed("bun"), "run"),
  workerd: async () => {
    await bundle("digest-worker.ts", "worker.js");
    const { server, url } = await serve(() => undefined);
    const workerd = await startWorkerd(fixture, join(web, "package.json"));
    try {
      return await (await fetch(workerd.url, { method: "POST", body: url })).json();
    } finally {
      workerd.stop();
      server.closeAllConnections();
      server.close();
    }
  },
  chromium: () =>
    browse((profile, url) => [
      process.env.CHROMIUM ?? "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", "--remote-debugging-port=0", `--user-data-dir=${profile}`, url,
    ]),
  firefox: () => browse((profile, url) => [process.env.FIREFOX ?? "firefox-esr", "--headless", "--no-remote", "--profile", profile, url]),
  webkit: () => browse((_, url) => ["xvfb-run", "--auto-servernum", process.env.MINIBROWSER ?? "MiniBrowser", url]),
};

// Each decides by the module that the package has for it.
const module = ["node", "deno", "bun", "workerd"].includes(name) ? "downhaul-server.wasm" : "downhaul.wasm";
copyFileSync(join(web, "sdk/src/generated", module), join(fixture, "flags.wasm"));
const run = ENGINES[name];
if (!run) throw new Error(`no engine \`${name}\`: ${Object.keys(ENGINES).join(", ")}`);
const report = await run();
if (report.error) throw new Error(`${name}: ${report.error}`);
console.log(JSON.stringify(report));
process.exit(0);
