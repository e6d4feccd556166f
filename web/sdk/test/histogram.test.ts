import assert from "node:assert/strict";
import { test } from "node:test";
import { Latencies, latencyFrom, latencyIndex, LATENCIES } from "../src/histogram.js";

test("indexes are those of docs/reference/telemetry.md", () => {
  for (const [ms, index] of [[0, 1], [0.001, 1], [0.007, 7], [0.008, 8], [0.016, 16], [0.0179, 16], [1, 63], [16, 95], [1000, 143], [60_000, 190], [1e12, 239]] as const) assert.equal(latencyIndex(ms), index, `${ms} ms`);
});

test("each index begins where the one before ends, and no more than an eighth wide", () => {
  for (let index = 1; index < LATENCIES; index++) {
    const from = latencyFrom(index);
    assert.equal(latencyIndex(from + 1e-9), index);
    const next = latencyFrom(index + 1);
    assert.ok(next > from && (index < 8 || next / from <= 1.1251), `${index}`);
  }
});

test("what is no time is left out; what was taken is gone", () => {
  const latencies = new Latencies();
  for (const strange of [NaN, Infinity, -1, undefined as unknown as number]) latencies.add(strange);
  assert.equal(latencies.take(), undefined);
  for (const ms of [1, 1, 16, 0.5]) latencies.add(ms);
  assert.deepEqual(latencies.take(), { count: 4, sum_ms: 18.5, buckets: [[55, 1], [63, 2], [95, 1]] });
  assert.equal(latencies.take(), undefined);
});
