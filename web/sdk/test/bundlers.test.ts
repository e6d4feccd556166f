// The tarball in each bundler, and what it makes in a real page; in Deno and Bun as they are.
import assert from "node:assert/strict";
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { chromium, pages, REPORT, type Page } from "./chromium.js";
import { controlPlane } from "./control-plane.js";
import { lastLine, modulesIn, packed, tools } from "./packed.js";

const { project } = packed();
const server = await controlPlane();
const forPages = await controlPlane();
forPages.state.header = { ...forPages.state.header, audience: { kind: "browser", attributes: {}, decided_for: null } };
const toolsRequire = createRequire(join(tools, "x.js"));
const tool = async <T>(name: string): Promise<T> => (await import(pathToFileURL(toolsRequire.resolve(name)).href)) as T;

const site = await pages(found, forPages.url);
let endChromium: (() => Promise<void>) | undefined;
after(async () => {
  await endChromium?.();
  await Promise.all([site.close(), server.close(), forPages.close()]);
  rmSync(project, { recursive: true });
});

/** `/vite/…` is what Vite made; `/` shows one after another in a frame: a browser holds six connections to a server. */
function found(url: URL): Page | undefined {
  if (url.pathname === "/") return { body: `<!doctype html><iframe></iframe><script>const names = ${JSON.stringify(NAMES)}; onmessage = () => (document.querySelector("iframe").src = "/" + names.shift() + "/"); onmessage();</script>` };
  const file = join(project, "out", url.pathname.endsWith("/") ? `${url.pathname}index.html` : url.pathname);
  if (existsSync(file)) return { body: readFileSync(file) };
  return url.pathname.endsWith("/") ? { body: '<!doctype html><script type="module" src="./main.js"></script>' } : undefined;
}

/** A page of a customer, which says what it decided. */
const page = (name: string, imports: string, more = ""): string => {
  const file = join(project, `${name}.js`);
  writeFileSync(
    file,
    `${imports}
    ${REPORT}
    const flags = createClient({ url: location.origin, key: "key", shareAcrossTabs: false${more} });
    flags.ready().then(async ({ problems }) => {
      await report("${name}", { value: flags.boolean("f", false), problems });
      parent.postMessage("next");
    });`,
  );
  return file;
};
const CLIENT = 'import { createClient } from "downhaul";';
const copyModule = (name: string): void => copyFileSync(join(project, "node_modules/downhaul/dist/flags.wasm"), join(project, "out", name, "flags.wasm"));
const withEsbuild = (name: string, file: string) => build({ entryPoints: { main: file }, bundle: true, splitting: true, minify: true, format: "esm", outdir: join(project, "out", name), loader: { ".wasm": "file" } });

interface Vite {
  build(options: object): Promise<unknown>;
}
interface Rollup {
  rollup(options: object): Promise<{ write(options: object): Promise<unknown>; close(): Promise<void> }>;
}
type Webpack = { default(options: object, done: (error: Error | null, stats?: { hasErrors(): boolean; toString(): string }) => void): void };

const withVite = async (name: string, file: string): Promise<void> => {
  writeFileSync(join(project, "index.html"), `<!doctype html><script type="module" src="./${file.split("/").at(-1)}"></script>`);
  const { build } = await tool<Vite>("vite");
  await build({ root: project, base: "./", configFile: false, logLevel: "error", build: { outDir: join("out", name), emptyOutDir: true } });
};

/** What makes each bundle, and how many `.wasm` files lie in it then. */
const BUNDLES: Record<string, { readonly modules: number; readonly make: () => Promise<unknown> }> = {
  vite: { modules: 1, make: () => withVite("vite", page("vite", CLIENT)) },
  "vite-slim": { modules: 1, make: () => withVite("vite-slim", page("vite-slim", 'import { createClient } from "downhaul/slim"; import wasm from "downhaul/flags.wasm?url";', ", wasm")) },
  webpack: {
    modules: 1,
    make: async () => {
      const { default: webpack } = await tool<Webpack>("webpack");
      const options = { mode: "production", context: project, entry: page("webpack", CLIENT), output: { path: join(project, "out/webpack"), filename: "main.js", publicPath: "auto" } };
      await new Promise<void>((resolve, reject) => webpack(options, (error, stats) => (error || stats?.hasErrors() ? reject(error ?? new Error(stats?.toString())) : resolve())));
    },
  },
  esbuild: { modules: 1, make: async () => (await withEsbuild("esbuild", page("esbuild", CLIENT)), copyModule("esbuild")) },
  "esbuild-slim": { modules: 1, make: () => withEsbuild("esbuild-slim", page("esbuild-slim", 'import { createClient } from "downhaul/slim"; import path from "downhaul/flags.wasm";', ", wasm: new URL(path, import.meta.url)")) },
  "esbuild-inline": { modules: 0, make: () => withEsbuild("esbuild-inline", page("esbuild-inline", 'import { createClient } from "downhaul/inline";')) },
  rollup: {
    modules: 1,
    make: async () => {
      const { rollup } = await tool<Rollup>("rollup");
      const { default: nodeResolve } = await tool<{ default: (options: object) => unknown }>("@rollup/plugin-node-resolve");
      const bundle = await rollup({ input: page("rollup", CLIENT), plugins: [nodeResolve({ browser: true })] });
      await bundle.write({ dir: join(project, "out/rollup"), format: "es", entryFileNames: "main.js" });
      await bundle.close();
      copyModule("rollup");
    },
  },
};
const NAMES = Object.keys(BUNDLES);

before(async () => {
  for (const { make } of Object.values(BUNDLES)) await make();
  endChromium = chromium(site.url);
});

for (const name of NAMES) {
  test(`${name}: the bundle has the module once, and decides in a page`, async () => {
    assert.deepEqual(await site.reported(name), { value: true, problems: [] });
    assert.equal(modulesIn(join(project, "out", name)).length, BUNDLES[name]?.modules);
  });
}

const decides = (make: string): string => `${make}
  flags.ready().then(async ({ problems }) => {
    const told = JSON.stringify({ value: flags.evaluate({ targetingKey: "u" }).boolean("f", false), problems });
    await flags.close();
    console.log(told);
    process.exit(0);
  });`;
const OPTIONS = '{ url: process.env.DOWNHAUL_URL, key: "key", kind: "server", publicKeys: [process.env.DOWNHAUL_PUBLIC_KEY], signatures: "required" }';
const ESM = decides(`import process from "node:process"; import { createClient } from "downhaul"; const flags = createClient(${OPTIONS});`);
const CJS = decides(`const { createClient } = require("downhaul"); const flags = createClient(${OPTIONS});`);
const INLINE = ESM.replace('"downhaul"', '"downhaul/inline"');
const SLIM = decides(`import process from "node:process"; import { readFileSync } from "node:fs"; import { createClient } from "downhaul/slim"; const flags = createClient({ ...${OPTIONS}, wasm: readFileSync(new URL("./node_modules/downhaul/dist/flags.wasm", import.meta.url)) });`);
/** How each engine runs a file; signatures are required in all of them. */
const ENGINES: Record<string, { readonly program: string; readonly args: readonly string[] }> = {
  Node: { program: process.execPath, args: [] },
  Deno: { program: join(tools, ".bin/deno"), args: ["run", "--no-prompt", "--no-remote", "--allow-net", "--allow-read", "--allow-env"] },
  Bun: { program: join(tools, ".bin/bun"), args: ["run"] },
};

for (const [engine, { program, args }] of Object.entries(ENGINES)) {
  for (const [kind, file, source] of [["a module", "esm.mjs", ESM], ["CommonJS", "common.cjs", CJS], ["inline", "inline.mjs", INLINE], ["slim", "slim.mjs", SLIM]] as const) {
    test(`${engine}, as ${kind}`, async () => {
      writeFileSync(join(project, file), source);
      const env = { ...process.env, DOWNHAUL_URL: server.url, DOWNHAUL_PUBLIC_KEY: server.by.publicKey };
      assert.deepEqual(JSON.parse(await lastLine(program, [...args, file], project, env)), { value: true, problems: [] });
    });
  }
}
