// Builds dist/: one file an entry, types, and the modules that `cargo xtask wasm` leaves in src/generated.
import { access, copyFile, mkdir, writeFile } from "node:fs/promises";
import { spawnSync } from "node:child_process";
import { build } from "esbuild";

process.chdir(new URL("..", import.meta.url).pathname);
await mkdir("dist", { recursive: true });
for (const [made, shipped] of [["downhaul.wasm", "flags.wasm"], ["downhaul-server.wasm", "flags-server.wasm"], ["tooling_bg.wasm", "tooling.wasm"]]) {
  await access(`src/generated/${made}`).catch(() => {
    console.error(`web/sdk/src/generated/${made} is missing: build it first by \`cargo xtask wasm\``);
    process.exit(1);
  });
  await copyFile(`src/generated/${made}`, `dist/${shipped}`);
}

const wasmStays = { name: "wasm stays a file", setup: (b) => b.onResolve({ filter: /\.wasm$/ }, ({ path }) => ({ path, external: true })) };
// A page fetches it only where it is needed; bundlers split it off.
const seldomApart = { name: "what is seldom needed stays a file", setup: (b) => b.onResolve({ filter: /\/seldom\.js$/ }, ({ kind }) => (kind === "dynamic-import" ? { path: "./seldom.js", external: true } : undefined)) };
const common = { bundle: true, target: "es2022", plugins: [wasmStays, seldomApart], logLevel: "warning" };
const entry = (name) => ({ entryPoints: [`src/entry/${name}.ts`] });
// A server reads all of it before its first decision; names stay, for whoever reads a stack.
const terse = { minifyWhitespace: true, minifySyntax: true };
await Promise.all([
  build({ ...common, ...entry("browser"), format: "esm", outfile: "dist/browser.js" }),
  build({ ...common, entryPoints: ["src/seldom.ts"], format: "esm", outfile: "dist/seldom.js" }),
  // One file with everything in it: the bytes as base64.
  build({ ...common, plugins: [], loader: { ".wasm": "binary" }, ...entry("inline"), format: "esm", outfile: "dist/inline.js" }),
  build({ ...common, ...entry("slim"), format: "esm", outfile: "dist/slim.js" }),
  build({ ...common, ...entry("workerd"), format: "esm", outfile: "dist/workerd.js" }),
  build({ ...common, ...terse, ...entry("node"), format: "esm", platform: "node", outfile: "dist/node.js" }),
  build({
    ...common,
    ...terse,
    ...entry("node"),
    format: "cjs",
    platform: "node",
    outfile: "dist/node.cjs",
    define: { "import.meta.url": "ownUrl" },
    banner: { js: 'const ownUrl = require("node:url").pathToFileURL(__filename).href;' },
  }),
  build({ ...common, ...entry("migration"), format: "esm", outfile: "dist/migration.js" }),
  build({ ...common, ...entry("migration"), format: "cjs", outfile: "dist/migration.cjs" }),
  build({ ...common, ...entry("relay"), format: "esm", outfile: "dist/relay.js" }),
  build({ ...common, ...entry("outcomes"), format: "esm", outfile: "dist/outcomes.js" }),
  build({ ...common, ...entry("outcomes"), format: "cjs", outfile: "dist/outcomes.cjs" }),
  ...["guard", "telemetry", "second-path"].flatMap((name) => [
    build({ ...common, ...entry(name), format: "esm", outfile: `dist/${name}.js` }),
    build({ ...common, ...entry(name), format: "cjs", outfile: `dist/${name}.cjs` }),
  ]),
  build({ ...common, ...entry("testing"), format: "esm", outfile: "dist/testing.js" }),
  build({ ...common, ...entry("testing"), format: "cjs", outfile: "dist/testing.cjs" }),
  ...["openfeature-web", "openfeature-server"].flatMap((name) => [
    build({ ...common, ...entry(name), external: ["@openfeature/*"], format: "esm", outfile: `dist/${name}.js` }),
    build({ ...common, ...entry(name), external: ["@openfeature/*"], format: "cjs", outfile: `dist/${name}.cjs` }),
  ]),
  build({ ...common, ...entry("tooling"), format: "esm", outfile: "dist/tooling.js" }),
  build({ ...common, ...entry("blast"), format: "esm", outfile: "dist/blast.js" }),
  build({ ...common, ...entry("blast-worker"), format: "esm", outfile: "dist/blast-worker.js" }),
  build({ ...common, ...entry("tooling-node"), format: "esm", platform: "node", outfile: "dist/tooling-node.js" }),
]);

const tsc = spawnSync(process.execPath, [new URL("../../node_modules/typescript/bin/tsc", import.meta.url).pathname, "-p", "tsconfig.json"], { stdio: "inherit" });
if (tsc.status !== 0) process.exit(tsc.status ?? 1);
// CommonJS wants declarations of its own kind.
await writeFile("dist/types/entry/node.d.cts", 'import type { CreateClient, FlagOf, Store } from "../types.js" with { "resolution-mode": "import" };\nexport type * from "../types.js" with { "resolution-mode": "import" };\nexport declare const createClient: CreateClient;\nexport declare const flag: FlagOf;\nexport declare function memoryStore(): Store;\nexport declare function indexedDbStore(name?: string): Store;\n');
const asModule = (module) => `"../${module}.js" with { "resolution-mode": "import" }`;
await writeFile(
  "dist/types/entry/migration.d.cts",
  `import type { Client } from ${asModule("types")};
import type * as migrations from ${asModule("migration")};
import type * as phases from ${asModule("phases")};
export type { Migration, MigrationAnswer, MigrationOptions, Reads, Sides } from ${asModule("migration")};
export type { Does, Phase, Shape } from ${asModule("phases")};
export declare function migration(client: Client, key: string, options: migrations.MigrationOptions): migrations.Migration;
export declare const MigrationRefused: typeof migrations.MigrationRefused;
export declare const PHASES: typeof phases.PHASES;
export declare const isPhase: typeof phases.isPhase;
`,
);
await writeFile(
  "dist/types/entry/outcomes.d.cts",
  `import type { Client } from ${asModule("types")};
import type * as counted from ${asModule("outcomes")};
export type { Decided, Outcomes, OutcomesOptions } from ${asModule("outcomes")};
export declare function outcomes(client: Client, options?: counted.OutcomesOptions): counted.Outcomes;
`,
);
await writeFile(
  "dist/types/entry/guard.d.cts",
  `import type { Client } from ${asModule("types")};
import type * as errors from ${asModule("guard/errors")};
import type { Guards, GuardsOptions } from ${asModule("guard/guards")};
export type { GuardOptions, Guards, GuardsOptions } from ${asModule("guard/guards")};
export type { BreakerCause, BreakerState, Move } from ${asModule("guard/machine")};
export type { MarkStore } from ${asModule("guard/marks")};
export type { BreakerStatus, GuardTally } from ${asModule("guard/watched")};
export declare function guards(client: Client, options?: GuardsOptions): Guards;
export declare function guarded<C extends Client>(client: C, options?: GuardsOptions): C & Pick<Guards, "guard">;
export declare const GuardTimeout: typeof errors.GuardTimeout;
`,
);
await writeFile(
  "dist/types/entry/telemetry.d.cts",
  `import type { Client } from ${asModule("types")};
import type { Telemetry } from ${asModule("telemetry/telemetry")};
export type { Telemetry, Under } from ${asModule("telemetry/telemetry")};
export declare function telemetry(client: Client): Telemetry;
`,
);
await writeFile(
  "dist/types/entry/second-path.d.cts",
  `import type { Client } from ${asModule("types")};
import type { Second, SecondPathOptions } from ${asModule("second-path/second-path")};
export type { Second, SecondPathOptions } from ${asModule("second-path/second-path")};
export declare function secondPath(client: Client, options: SecondPathOptions): Second;
`,
);
for (const [name, provider, options] of [["web", "DownhaulWebProvider", "WebProviderOptions"], ["server", "DownhaulServerProvider", "ProviderOptions"]]) {
  await writeFile(
    `dist/types/entry/openfeature-${name}.d.cts`,
    `import type { Client } from ${asModule("types")};
import type { Provider } from "@openfeature/${name}-sdk";
import type { ${options} } from ${asModule(name === "web" ? "openfeature-web" : "openfeature")};
export type { ProviderOptions, Track } from ${asModule("openfeature")};
${name === "web" ? `export type { WebProviderOptions } from ${asModule("openfeature-web")};\n` : ""}export declare const ${provider}: new (client: Client, options?: ${options}) => Provider;
`,
  );
}
await writeFile("dist/types/entry/testing.d.cts", 'import type { Document, TestFlags } from "../testing.js" with { "resolution-mode": "import" };\nexport type * from "../testing.js" with { "resolution-mode": "import" };\nexport type * from "../types.js" with { "resolution-mode": "import" };\nexport declare function flagsOf(document: Document | readonly Document[]): TestFlags;\n');
await copyFile("../../LICENSE", "LICENSE").catch(() => undefined);
