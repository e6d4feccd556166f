// Says how large the client is in a page: minified, gzipped, with the evaluation module.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

process.chdir(new URL("..", import.meta.url).pathname);
const { outputFiles } = await build({
  stdin: { contents: 'import { createClient } from "./dist/browser.js"; globalThis.client = createClient({ key: "", url: "" });', resolveDir: "." },
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  write: false,
});
const sizes = [["browser client", outputFiles[0].contents], ["evaluation module", readFileSync("dist/flags.wasm")], ["tooling module (lazily loaded)", readFileSync("dist/tooling.wasm")]];
for (const [what, bytes] of sizes) console.log(`${what}: ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} gzipped`);
