import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { runVectors } from "../../../tests/engines/vectors.mjs";
import { loadTooling } from "../src/entry/tooling-node.js";
import { wasmEngine } from "../src/wasm-engine.js";

const vectors = process.env["DOWNHAUL_VECTORS"] ?? new URL("../../../../tests/vectors/evaluation/", import.meta.url).pathname;
const module = new WebAssembly.Module(readFileSync(new URL("../flags.wasm", import.meta.url)));
const tooling = await loadTooling(new WebAssembly.Module(readFileSync(new URL("../tooling.wasm", import.meta.url))));

for (const name of readdirSync(vectors).filter((each) => each.endsWith(".json"))) {
  test(`vectors: ${name}`, () => {
    const vector = JSON.parse(readFileSync(`${vectors}/${name}`, "utf8"));
    const { program, kills } = tooling.compile(vector.flag_set);
    const { judged, wrong } = runVectors(wasmEngine(module), program, kills, vector.cases);
    assert.deepEqual(wrong, []);
    assert.ok(judged > 0);
  });
}
