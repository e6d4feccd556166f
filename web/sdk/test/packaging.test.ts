// The tarball, not the sources: packed, installed into projects of their own, and run.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync, copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { build } from "esbuild";
import { startWorkerd } from "../../../tests/engines/workerd.mjs";
import { controlPlane } from "./control-plane.js";

const sdk = new URL("../../", import.meta.url).pathname;
const project = mkdtempSync(join(tmpdir(), "downhaul-package-"));
const server = await controlPlane();
const env = { ...process.env, DOWNHAUL_URL: server.url, DOWNHAUL_PUBLIC_KEY: server.by.publicKey };
const run = (program: string, args: string[], cwd: string): string => execFileSync(program, args, { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], timeout: 60_000 });
after(async () => {
  await server.close();
  rmSync(project, { recursive: true });
});

const [{ filename, files }] = JSON.parse(run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", project], sdk)) as [{ filename: string; files: { path: string }[] }];
writeFileSync(join(project, "package.json"), '{ "private": true }');
run("npm", ["install", "--offline", "--no-audit", "--no-fund", `./${filename}`], project);

const use = `
  const flags = createClient({ url: process.env.DOWNHAUL_URL, key: "key" });
  flags.ready().then(async () => {
    console.log(JSON.stringify(flags.details("f", false)));
    await flags.close();
  });`;
// The control plane of the tests lives in this process: what runs must not block it.
async function decided(file: string): Promise<unknown> {
  const { execFile } = await import("node:child_process");
  const output = await new Promise<string>((resolve, reject) => execFile(process.execPath, [file], { cwd: project, env, timeout: 30_000 }, (error, out) => (error ? reject(error) : resolve(out))));
  return (JSON.parse(output) as { value: unknown }).value;
}

test("holds one evaluation module, and nothing of the sources and tests", () => {
  const paths = files.map(({ path }) => path);
  assert.deepEqual(paths.filter((path) => path.endsWith(".wasm")).sort(), ["dist/flags-server.wasm", "dist/flags.wasm", "dist/tooling.wasm"]);
  assert.deepEqual(paths.filter((path) => !/^(dist\/|README\.md|LICENSE|package\.json)/.test(path) || /\/tests?\/|\.test\.|tooling_bg/.test(path)), []);
});

test("Node, as a module", async () => {
  writeFileSync(join(project, "esm.mjs"), `import { createClient } from "downhaul";${use}`);
  assert.equal(await decided("esm.mjs"), true);
});

test("Node, as CommonJS", async () => {
  writeFileSync(join(project, "common.cjs"), `const { createClient } = require("downhaul");${use}`);
  assert.equal(await decided("common.cjs"), true);
});

test("Node: the tooling", async () => {
  writeFileSync(join(project, "tool.mjs"), 'import { loadTooling } from "downhaul/tooling"; const t = await loadTooling(); console.log(JSON.stringify({ value: t.check("{}").valid }));');
  assert.equal(await decided("tool.mjs"), false);
});

test("Node: data changes, as a module and as CommonJS", async () => {
  const told = 'const o = migration(createClient({ url: "http://127.0.0.1:1", key: "key", transport: "manual" }), "o", { fallback: "read-new" }); console.log(JSON.stringify({ value: o.answer().write }));';
  writeFileSync(join(project, "move.mjs"), `import { createClient } from "downhaul"; import { migration } from "downhaul/migration"; ${told}`);
  writeFileSync(join(project, "move.cjs"), `const { createClient } = require("downhaul"); const { migration } = require("downhaul/migration"); ${told}`);
  for (const file of ["move.mjs", "move.cjs"]) assert.deepEqual(await decided(file), ["new", "old"]);
});

test("Node: guarded calls and telemetry, as a module and as CommonJS", async () => {
  const told = 'const c = guarded(createClient({ url: "http://127.0.0.1:1", key: "key", transport: "manual" })); telemetry(c).outcome("x"); console.log(JSON.stringify({ value: [c.guard("o", () => 7, { fallback: () => 8 })(), typeof GuardTimeout] }));';
  writeFileSync(join(project, "guarded.mjs"), `import { createClient } from "downhaul"; import { guarded, GuardTimeout } from "downhaul/guard"; import { telemetry } from "downhaul/telemetry"; ${told}`);
  writeFileSync(join(project, "guarded.cjs"), `const { createClient } = require("downhaul"); const { guarded, GuardTimeout } = require("downhaul/guard"); const { telemetry } = require("downhaul/telemetry"); ${told}`);
  for (const file of ["guarded.mjs", "guarded.cjs"]) assert.deepEqual(await decided(file), [8, "function"], file);
});

test("Node: outcomes, as a module and as CommonJS", async () => {
  const told = 'const o = outcomes(createClient({ url: "http://127.0.0.1:1", key: "key", transport: "manual" })); o.outcome("o", true); console.log(JSON.stringify({ value: o.watch("o", () => 7) }));';
  writeFileSync(join(project, "went.mjs"), `import { createClient } from "downhaul"; import { outcomes } from "downhaul/outcomes"; ${told}`);
  writeFileSync(join(project, "went.cjs"), `const { createClient } = require("downhaul"); const { outcomes } = require("downhaul/outcomes"); ${told}`);
  for (const file of ["went.mjs", "went.cjs"]) assert.equal(await decided(file), 7);
  assert.doesNotMatch(readFileSync(join(sdk, "dist/browser.js"), "utf8"), /outcome\b.*watch/);
});

test("Node: the clients for tests, as a module and as CommonJS, without the client that asks a server", async () => {
  const flags = '{ flags: [{ key: "f", variants: { on: true, off: false }, default: "off" }] }';
  writeFileSync(join(project, "testing.mjs"), `import { flagsOf } from "downhaul/testing"; console.log(JSON.stringify({ value: flagsOf(${flags}).client({ f: "on" }).boolean("f", false) }));`);
  assert.equal(await decided("testing.mjs"), true);
  writeFileSync(join(project, "testing.cjs"), `const { flagsOf } = require("downhaul/testing"); console.log(JSON.stringify({ value: flagsOf(${flags}).withFlags({ f: "on" }, (flags) => flags.boolean("f", false)) }));`);
  assert.equal(await decided("testing.cjs"), true);
  for (const entry of ["testing.js", "testing.cjs"]) assert.doesNotMatch(readFileSync(join(sdk, "dist", entry), "utf8"), /client\/v1|WebAssembly/);
  assert.doesNotMatch(readFileSync(join(sdk, "dist/browser.js"), "utf8"), /flagsOf/);
});

test("a page's bundle finds the module beside it, and brings no other", async () => {
  writeFileSync(join(project, "page.js"), 'import { createClient } from "downhaul"; globalThis.made = createClient;');
  const { outputFiles } = await build({ entryPoints: [join(project, "page.js")], bundle: true, format: "esm", write: false, outdir: join(project, "page"), conditions: ["browser"], platform: "browser" });
  assert.equal(outputFiles.length, 1);
  assert.match(outputFiles[0]?.text ?? "", /new URL\("\.\/flags\.wasm", import\.meta\.url\)/);
  assert.doesNotMatch(outputFiles[0]?.text ?? "", /node:|tooling/);
});

test("OpenFeature, as a module and as CommonJS", async () => {
  // The SDKs are the application's own.
  mkdirSync(join(project, "node_modules/@openfeature"), { recursive: true });
  for (const name of ["core", "server-sdk", "web-sdk"]) symlinkSync(new URL(`../../../node_modules/@openfeature/${name}`, import.meta.url), join(project, "node_modules/@openfeature", name));
  const use = `
    OpenFeature.setProviderAndWait(new DownhaulServerProvider(createClient({ url: process.env.DOWNHAUL_URL, key: "key" }))).then(async () => {
      console.log(JSON.stringify({ value: await OpenFeature.getClient().getBooleanValue("f", false), page: typeof DownhaulWebProvider }));
      await OpenFeature.close();
    });`;
  const names = [["OpenFeature", "@openfeature/server-sdk"], ["createClient", "downhaul"], ["DownhaulServerProvider", "downhaul/openfeature-server"], ["DownhaulWebProvider", "downhaul/openfeature-web"]];
  writeFileSync(join(project, "feature.mjs"), names.map(([name, from]) => `import { ${name} } from "${from}";`).join("\n") + use);
  writeFileSync(join(project, "feature.cjs"), names.map(([name, from]) => `const { ${name} } = require("${from}");`).join("\n") + use);
  assert.equal(await decided("feature.mjs"), true);
  assert.equal(await decided("feature.cjs"), true);
});

test("types resolve for modules and for CommonJS", () => {
  writeFileSync(join(project, "typed.mts"), 'import { createClient, type Client } from "downhaul"; import { loadTooling } from "downhaul/tooling"; const c: Client = createClient({ key: "", url: "" }); const b: boolean = c.boolean("f", false); import { migration, type Phase } from "downhaul/migration"; const p: Phase = migration(c, "o", { fallback: "expand" }).answer().phase; import { outcomes } from "downhaul/outcomes"; const n: number = outcomes(c).watch("o", () => 1); import { guarded, type GuardOptions } from "downhaul/guard"; const o: GuardOptions<[number], number> = { fallback: (n) => n }; const g: number = guarded(c).guard("o", (n: number) => n, o)(1); import { telemetry } from "downhaul/telemetry"; const t: string = telemetry(c).timed("t", () => "x"); export { b, g, loadTooling, p, n, t };');
  writeFileSync(join(project, "typed.cts"), 'import { createClient, type Client } from "downhaul"; import { migration } from "downhaul/migration"; import { outcomes } from "downhaul/outcomes"; const c: Client = createClient({ key: "", url: "" }); migration(c, "o", { fallback: "expand" }); outcomes(c).outcome("o", true); import { guards } from "downhaul/guard"; guards(c).breakers(); import { telemetry } from "downhaul/telemetry"; telemetry(c).outcome("x"); export = c;');
  const tsc = new URL("../../../node_modules/typescript/bin/tsc", import.meta.url).pathname;
  const check = (...more: string[]) => run(process.execPath, [tsc, "--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--lib", "es2023,dom", ...more], project);
  check("typed.mts", "typed.cts");
  const provided = 'import { createClient } from "downhaul"; import { OpenFeature } from "@openfeature/server-sdk"; import { OpenFeature as Page } from "@openfeature/web-sdk"; import { DownhaulServerProvider } from "downhaul/openfeature-server"; import { DownhaulWebProvider } from "downhaul/openfeature-web"; const c = createClient({ key: "", url: "" }); OpenFeature.setProvider(new DownhaulServerProvider(c)); Page.setProvider(new DownhaulWebProvider(c, { contextToken: () => "t" }));';
  for (const name of ["provided.mts", "provided.cts"]) writeFileSync(join(project, name), provided);
  // The server SDK's own types need Node's.
  check("--types", "node", "--typeRoots", new URL("../../../node_modules/@types", import.meta.url).pathname, "provided.mts", "provided.cts");
});

test("workerd: the module is imported, requests refresh", async () => {
  const folder = join(project, "worker");
  mkdirSync(folder);
  writeFileSync(
    join(project, "worker.js"),
    `import { createClient } from "downhaul";
    let flags;
    export default { async fetch(request) {
      const { url, publicKey } = await request.json();
      flags ??= createClient({ url, key: "key", kind: "server", publicKeys: [publicKey], signatures: "required", transport: "manual" });
      const answered = await flags.refresh();
      return Response.json({ answered, ...flags.evaluate({ targetingKey: "u" }).details("f", false), problems: flags.status().problems });
    } };`,
  );
  const wasm = { name: "wasm", setup: (b: import("esbuild").PluginBuild) => b.onResolve({ filter: /\.wasm$/ }, () => ({ path: "./flags.wasm", external: true })) };
  await build({ entryPoints: [join(project, "worker.js")], outfile: join(folder, "worker.js"), bundle: true, format: "esm", conditions: ["workerd"], plugins: [wasm] });
  copyFileSync(join(project, "node_modules/downhaul/dist/flags.wasm"), join(folder, "flags.wasm"));
  const workerd = await startWorkerd(folder, import.meta.url);
  try {
    const ask = async (): Promise<{ value: unknown; flagMetadata: { cause?: string }; answered: boolean; problems: string[] }> =>
      (await (await fetch(workerd.url, { method: "POST", body: JSON.stringify({ url: server.url, publicKey: server.by.publicKey }) })).json()) as never;
    const first = await ask();
    assert.deepEqual([first.answered, first.value, first.problems], [true, true, []]);
    server.kill("f");
    const second = await ask();
    assert.deepEqual([second.value, second.flagMetadata.cause], [false, "kill"]);
  } finally {
    workerd.stop();
  }
  assert.deepEqual(readdirSync(folder).filter((name) => name.endsWith(".wasm")), ["flags.wasm"]);
});
