// What a page downloads may only shrink: lower these figures where it has.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const sdk = new URL("../../", import.meta.url).pathname;
const gzip = (bytes: Uint8Array): number => gzipSync(bytes, { level: 9 }).length;

test("the client for pages: JavaScript at most 16 380 bytes gzipped, the module at most 18 750", async () => {
  const { outputFiles } = await build({
    stdin: { contents: 'import { createClient } from "./dist/browser.js"; globalThis.client = createClient({ key: "", url: "" });', resolveDir: sdk },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
    external: ["./seldom.js"],
  });
  const javascript = gzip(outputFiles[0]?.contents ?? new Uint8Array());
  const module = gzip(readFileSync(`${sdk}dist/flags.wasm`));
  assert.ok(javascript > 0 && javascript <= 16_380, `JavaScript: ${javascript} bytes`);
  assert.ok(module <= 18_750, `evaluation module: ${module} bytes`);
});
