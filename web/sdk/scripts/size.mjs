// Says how large the client is in a page: minified, gzipped, with the evaluation module.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

process.chdir(new URL("..", import.meta.url).pathname);
const small = { bundle: true, minify: true, format: "esm", target: "es2022", write: false };
const { outputFiles } = await build({
  stdin: { contents: 'import { createClient } from "./dist/browser.js"; globalThis.client = createClient({ key: "", url: "" });', resolveDir: "." },
  ...small,
  external: ["./seldom.js"],
});
const seldom = await build({ entryPoints: ["dist/seldom.js"], ...small });
const migration = await build({ entryPoints: ["dist/migration.js"], ...small });
const outcomes = await build({ entryPoints: ["dist/outcomes.js"], ...small });
const guard = await build({ entryPoints: ["dist/guard.js"], ...small });
const telemetry = await build({ entryPoints: ["dist/telemetry.js"], ...small });
const secondPath = await build({ entryPoints: ["dist/second-path.js"], ...small });
const sizes = [["browser client", outputFiles[0].contents], ["migration (its own entry)", migration.outputFiles[0].contents], ["outcomes (its own entry)", outcomes.outputFiles[0].contents], ["guard (its own entry)", guard.outputFiles[0].contents], ["telemetry (its own entry)", telemetry.outputFiles[0].contents], ["second path (its own entry)", secondPath.outputFiles[0].contents], ["evaluation module", readFileSync("dist/flags.wasm")], ["samples and remote decisions (only where needed)", seldom.outputFiles[0].contents], ["tooling module (lazily loaded)", readFileSync("dist/tooling.wasm")]];
for (const [what, bytes] of sizes) console.log(`${what}: ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} gzipped`);
