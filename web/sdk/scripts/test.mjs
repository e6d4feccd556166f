// Bundles each test of test/ into dist/test/ and runs them with Node's own runner: node scripts/test.mjs [NAME…]
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { build } from "esbuild";

process.chdir(new URL("..", import.meta.url).pathname);
const only = process.argv.slice(2);
const names = readdirSync("test").filter((name) => name.endsWith(".test.ts") && (only.length === 0 || only.some((each) => name.startsWith(each))));
rmSync("dist/test", { recursive: true, force: true });
await build({
  entryPoints: names.map((name) => `test/${name}`),
  outdir: "dist/test",
  outExtension: { ".js": ".mjs" },
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  sourcemap: "inline",
  packages: "external",
  logLevel: "warning",
});
const run = spawnSync(process.execPath, ["--enable-source-maps", "--test-timeout=120000", "--test", "--test-reporter=spec", "dist/test/"], { stdio: "inherit" });
process.exit(run.status ?? 1);
