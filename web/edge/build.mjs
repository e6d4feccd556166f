// Bundles the workers; the module stays a file of its own, because workerd compiles none at run time.
import { copyFile, mkdir, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { build } from "esbuild";

const require = createRequire(import.meta.url);

await rm("dist", { recursive: true, force: true });
await mkdir("dist", { recursive: true });
const common = { bundle: true, format: "esm", target: "es2022" };
await build({
  ...common,
  entryPoints: ["src/worker.ts", "src/relay-worker.ts"],
  outdir: "dist",
  conditions: ["workerd", "worker"],
  plugins: [
    {
      name: "wasm stays a module",
      setup: (build) => build.onResolve({ filter: /\.wasm$/ }, () => ({ path: "./flags-server.wasm", external: true })),
    },
  ],
});
// For Deno and Bun, which read the module as Node does.
await build({ ...common, entryPoints: ["src/server.ts"], outdir: "dist", platform: "node" });
await copyFile(require.resolve("downhaul/flags-server.wasm"), "dist/flags-server.wasm");
