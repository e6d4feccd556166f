import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { runVectors } from "../../../tests/engines/vectors.mjs";
import { loadTooling } from "../src/entry/tooling-node.js";
import { outcome } from "../src/engine.js";
import { swift } from "../src/swift.js";
import { wasmEngine } from "../src/wasm-engine.js";
import { small } from "../src/ways.js";

const vectors = process.env["DOWNHAUL_VECTORS"] ?? new URL("../../../../tests/vectors/evaluation/", import.meta.url).pathname;
const modules = ([["flags", small], ["flags-server", swift]] as const).map(([name, ways]) => [name, new WebAssembly.Module(readFileSync(new URL(`../${name}.wasm`, import.meta.url))), ways] as const);
const tooling = await loadTooling(new WebAssembly.Module(readFileSync(new URL("../tooling.wasm", import.meta.url))));

for (const name of readdirSync(vectors).filter((each) => each.endsWith(".json"))) {
  for (const [which, module, ways] of modules) {
    test(`vectors: ${name}, ${which}`, () => {
      const vector = JSON.parse(readFileSync(`${vectors}/${name}`, "utf8"));
      const { program, kills } = tooling.compile(vector.flag_set);
      const { judged, wrong } = runVectors(wasmEngine(module, ways), outcome, program, kills, vector.cases);
      assert.deepEqual(wrong, []);
      assert.ok(judged > 0);
    });
  }
}
