// What arrives at a client, changed at random but the same in every run: nothing throws, and nothing altered is taken.
// The seeds are those of the native targets, in tests/fuzz/corpus.
import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, verify } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { toHex } from "../src/bytes.js";
import { applyPatch, openEnvelope, type Patch } from "../src/envelope.js";
import { nodeCiphers } from "../src/node-ciphers.js";
import { eventParser, type StreamEvent } from "../src/sse.js";
import { seeded } from "./random.js";

const corpus = new URL("../../../../tests/fuzz/corpus/", import.meta.url);
const seeds = (target: string): Buffer[] => readdirSync(new URL(target, corpus)).sort().map((name) => readFileSync(new URL(`${target}/${name}`, corpus)));

/** Numbers below `end`, the same for the same seed. */
function numbers(seed: number): (end: number) => number {
  const random = seeded(seed);
  return (end) => Math.floor(random() * end);
}

/** A copy with one to four places changed. */
function changed(bytes: Uint8Array, below: (end: number) => number): Buffer {
  let copy = Buffer.from(bytes);
  for (let places = 1 + below(4); places > 0; places--) {
    const at = below(copy.length + 1);
    const end = Math.min(copy.length, at + below(40));
    const between = [Buffer.alloc(0), Buffer.from([below(256)]), Buffer.from("\r\n\n"), Buffer.from([255, 255, 255, 255]), copy.subarray(at, end), Buffer.from("data: ")][below(6)] ?? Buffer.alloc(0);
    copy = Buffer.concat([copy.subarray(0, at), between, copy.subarray(below(2) ? at : end)]);
  }
  return copy;
}

test("envelopes: whatever is changed, only the one that was signed is opened", async () => {
  const [original] = seeds("envelope");
  assert.ok(original);
  // The key of the corpus: 32 times 7, in the frame that PKCS #8 gives a seed.
  const secret = createPrivateKey({ key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, 7)]), format: "der", type: "pkcs8" });
  const key = createPublicKey(secret);
  const check = async (id: string, signature: Uint8Array, message: Uint8Array): Promise<"right" | "wrong"> =>
    id === toHex(original.subarray(4, 12)) && verify(null, message, key, signature) ? "right" : "wrong";
  const opened = await openEnvelope(original, check, nodeCiphers);
  assert.ok("envelope" in opened, JSON.stringify(opened));
  const below = numbers(1);
  for (let round = 0; round < 1500; round++) {
    const bytes = changed(original, below);
    const opened = await openEnvelope(bytes, check, nodeCiphers);
    if ("envelope" in opened) assert.deepEqual(bytes, original);
    else assert.ok(opened.code && opened.message);
  }
});

test("envelopes: what is signed by nobody is read to its end without an exception", async () => {
  const below = numbers(2);
  for (const seed of seeds("envelope")) {
    for (let round = 0; round < 1500; round++) {
      const opened = await openEnvelope(changed(seed, below), () => "unchecked", nodeCiphers);
      if (!("envelope" in opened)) assert.ok(opened.code && opened.message);
    }
  }
});

test("patches: an operation that does not fit gives nothing, and none reads beyond its base", () => {
  const [base] = seeds("envelope");
  assert.ok(base);
  const below = numbers(3);
  const edges = [0, 1, base.length - 1, base.length, base.length + 1, -1, 0.5, 2 ** 31, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY];
  for (let round = 0; round < 3000; round++) {
    const number = (): number => edges[below(edges.length)] ?? 0;
    const ops = Array.from({ length: below(5) }, () => (below(2) ? "YWJj" : ([number(), number()] as const)));
    const patch: Patch = { base: "", header: "YWJj", kills: "", ops };
    const made = applyPatch(patch, base);
    const fits: boolean = ops.every((op) => typeof op === "string" || (op[0] >= 0 && op[1] >= 0 && op[0] + op[1] <= base.length));
    assert.equal(made !== undefined, fits, JSON.stringify(ops));
  }
});

test("the stream: however its bytes are parted, the events are the same", () => {
  const frames = Buffer.from("\ufeffid: 1.7.2\r\nevent: patch\r\ndata: {\"a\": \"\u00e9\u{1f600}\"}\r\ndata: x\r\n\r\n: keep\n\nevent: kill\ndata\ndata: y\rid: a\0b\r\revent\n\ndata:  two\n\n");
  const below = numbers(4);
  const all = (parts: Buffer[]): StreamEvent[] => {
    const parse = eventParser();
    return parts.flatMap((part) => parse(part));
  };
  for (let round = 0; round < 2000; round++) {
    const bytes = changed(frames, below);
    const parts: Buffer[] = [];
    for (let from = 0; from < bytes.length; ) {
      const to = Math.min(bytes.length, from + 1 + below(7));
      parts.push(bytes.subarray(from, to));
      from = to;
    }
    assert.deepEqual(all(parts), all([bytes]), bytes.toString("hex"));
  }
});
