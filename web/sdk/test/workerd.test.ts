import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { build } from "esbuild";
import { outcome } from "../src/engine.js";
import { runVectors } from "../../../tests/engines/vectors.mjs";
import { startWorkerd } from "../../../tests/engines/workerd.mjs";
import { engine, tooling } from "./control-plane.js";

const root = new URL("../../../../", import.meta.url).pathname;
const vectors = join(root, "tests/vectors/evaluation");
const folder = mkdtempSync(join(tmpdir(), "downhaul-workerd-"));
await build({
  entryPoints: [join(root, "tests/engines/worker.ts")],
  outfile: join(folder, "worker.js"),
  bundle: true,
  format: "esm",
  target: "es2022",
  external: ["./flags.wasm"],
});
copyFileSync(join(root, "web/sdk/dist/flags-server.wasm"), join(folder, "flags.wasm"));
const workerd = await startWorkerd(folder, import.meta.url);
after(() => {
  workerd.stop();
  rmSync(folder, { recursive: true });
});

for (const name of readdirSync(vectors).filter((each) => each.endsWith(".json"))) {
  test(`workerd: ${name}`, async () => {
    const vector = JSON.parse(readFileSync(join(vectors, name), "utf8"));
    const { program, kills } = tooling.compile(vector.flag_set);
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
    const response = await fetch(workerd.url, { method: "POST", body: JSON.stringify({ program: text(program), kills: text(kills), cases: vector.cases }) });
    const answer = (await response.json()) as ReturnType<typeof runVectors>;
    assert.deepEqual(answer.wrong, []);
    assert.ok(answer.judged > 0);
    assert.deepEqual(answer.seen, JSON.parse(JSON.stringify(runVectors(engine(), outcome, program, kills, vector.cases).seen)), "Node and workerd decide alike");
  });
}
