// Builds the page (dist/public) and its back end (dist/server.mjs).
import { cp, mkdir, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { build } from "esbuild";

const require = createRequire(import.meta.url);

await rm("dist", { recursive: true, force: true });
await mkdir("dist/public", { recursive: true });
await build({
  entryPoints: { shop: "src/page/main.ts", account: "src/page/account.tsx" },
  jsx: "automatic",
  define: { "process.env.NODE_ENV": '"production"' },
  outdir: "dist/public",
  bundle: true,
  format: "esm",
  target: "es2022",
  conditions: ["browser"],
  minify: true,
  sourcemap: true,
  // The package's browser entry finds the module beside the page's script.
  loader: { ".wasm": "file" },
  assetNames: "[name]",
});
await build({
  entryPoints: ["src/server/main.ts"],
  outfile: "dist/server.mjs",
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
});
for (const page of ["index", "account"]) await cp(`src/page/${page}.html`, `dist/public/${page}.html`);
await cp("src/page/shop.css", "dist/public/shop.css");
await cp(require.resolve("downhaul/flags.wasm"), "dist/public/flags.wasm");
