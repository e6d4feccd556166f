// What a page downloads: each program of entries/ bundled and minified by esbuild, with the `.wasm` that it fetches.
// node size.mjs [NAME…]; Downhaul's own package must be built (`cargo xtask npm`).
import { build } from "esbuild";
import { readFileSync, readdirSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

process.chdir(new URL(".", import.meta.url).pathname);
const sdk = "../../../web/sdk/dist";

/** Downhaul's own programs. What is loaded only where it is needed (`seldom.js`) is no part of a page's download. */
const client = (entry, more = "") => `import { createClient } from "${sdk}/${entry}.js"; ${more} const flags = createClient({ url: "https://x", key: "k", context: globalThis.CTX }); await flags.ready(); globalThis.RESULT = flags.boolean("flag", false);`;
const OWN = [
  ["downhaul", client("browser"), "flags.wasm"],
  ["downhaul/inline", client("inline")],
  ["downhaul/slim (the application brings the module)", client("slim")],
  ["downhaul + outcomes", client("browser", `import { outcomes } from "${sdk}/outcomes.js"; globalThis.made = outcomes;`), "flags.wasm"],
  ["downhaul + migration", client("browser", `import { migration } from "${sdk}/migration.js"; globalThis.made = migration;`), "flags.wasm"],
];

async function bundled(input) {
  const { outputFiles } = await build({ ...input, bundle: true, minify: true, format: "esm", platform: "browser", target: "es2022", write: false, outdir: "out", external: ["./seldom.js"], loader: { ".wasm": "file" }, define: { "process.env.NODE_ENV": '"production"' }, conditions: ["browser", "module", "import"], logLevel: "silent" });
  return outputFiles.map(({ path, contents }) => ({ wasm: path.endsWith(".wasm"), bytes: Buffer.from(contents) }));
}

const brotli = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } });

async function measured(name, input, assets) {
  const files = await bundled(input);
  if (!files.some(({ wasm }) => wasm)) files.push(...assets.map((path) => ({ wasm: true, bytes: readFileSync(path) })));
  const sum = (size, only = files) => only.reduce((total, { bytes }) => total + size(bytes), 0);
  const gzip = (bytes) => gzipSync(bytes, { level: 9 }).length;
  return { name, minified: sum((bytes) => bytes.length), gzip: sum(gzip), brotli: sum((bytes) => brotli(bytes).length), wasm: sum(gzip, files.filter(({ wasm }) => wasm)) };
}

const only = process.argv.slice(2);
const wanted = (name) => only.length === 0 || only.includes(name);
const rows = [];
for (const [name, contents, module] of OWN) {
  if (wanted(name)) rows.push(await measured(name, { stdin: { contents, resolveDir: "." } }, module ? [`${sdk}/${module}`] : []));
}
for (const file of readdirSync("entries").filter((each) => wanted(each.replace(/\.mjs$/, "")))) {
  const assets = [...readFileSync(`entries/${file}`, "utf8").matchAll(/^\/\/ asset: (\S+)/gm)].map(([, path]) => path);
  rows.push(await measured(file.replace(/\.mjs$/, ""), { entryPoints: [`entries/${file}`] }, assets));
}
rows.sort((a, b) => a.gzip - b.gzip);
const columns = (cells) => [cells[0].padEnd(52), ...cells.slice(1).map((each) => String(each).padStart(10))].join(" ");
console.log(columns(["bytes", "minified", "gzip", "brotli", ".wasm gzip"]));
for (const { name, minified, gzip, brotli, wasm } of rows) console.log(columns([name, minified, gzip, brotli, wasm || "-"]));
