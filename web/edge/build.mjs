// Bundles the worker; the module stays a file of its own, because workerd compiles none at run time.
import { copyFile, mkdir, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { build } from "esbuild";

const require = createRequire(import.meta.url);

await rm("dist", { recursive: true, force: true });
await mkdir("dist", { recursive: true });
await build({
  entryPoints: ["src/worker.ts"],
  outfile: "dist/worker.js",
  bundle: true,
  format: "esm",
  target: "es2022",
  conditions: ["workerd", "worker"],
  plugins: [
    {
      name: "wasm stays a module",
      setup: (build) => build.onResolve({ filter: /\.wasm$/ }, () => ({ path: "./downhaul.wasm", external: true })),
    },
  ],
});
await copyFile(require.resolve("downhaul/flags.wasm"), "dist/downhaul.wasm");
