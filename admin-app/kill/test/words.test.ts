// The same cases as in words/kill.rs, words/time.rs and state/kill_draft.rs of the console.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Progress, Scope } from "../src/api.js";
import { sentence } from "../src/api.js";
import * as words from "../src/words.js";

const plain = (text: string) => text.replaceAll("\u202F", " ");

test("scopes", () => {
  const check = (scope: Scope, text: string, who: string) => assert.deepEqual([words.scopeWords(scope), words.whoGet(scope)], [text, who]);
  check({}, "everyone", "Everyone gets");
  check({ region: ["eu", "us"] }, "everyone within eu or us", "Everyone within eu or us gets");
  check({ tenant: ["acme"] }, "acme", "Users of acme get");
  check({ tenant: ["a", "b", "c"] }, "a, b or c", "Users of a, b or c get");
  check({ segment: ["staff"] }, "segment staff", "Users in segment staff get");
  check({ variant: ["on"] }, "whoever gets on", "Whoever gets on gets");
  check({ tenant: ["a"], region: ["eu"], segment: ["s"], variant: ["on"] }, "a segment s getting on within eu", "Users of a segment s getting on within eu get");
});

const start: Progress = {
  live: 100, dark: 0, dark_total: 0, hidden: 0, unknown: 0, elapsed_ms: 0, by_region: {}, stragglers: [], stragglers_total: 0, complete: false, stale_seconds: 0, degrades_when_stale: false,
};

test("progress in words", () => {
  assert.equal(words.dark(start), "0 of 100 clients dark");
  assert.equal(words.remaining(start), "100 still lit");
  const most = { ...start, live: 10_000, dark: 9_981, dark_total: 9_990, unknown: 2, hidden: 3, stale_seconds: 30, degrades_when_stale: true, p99_ms: 620 };
  assert.equal(plain(words.dark(most)), "9 981 of 10 000 clients dark");
  assert.equal(words.remaining(most), "19 still lit; 2 silent, dark within 30 s by their stale deadline; 3 asleep, not waited for");
  assert.equal(plain(words.announcement(most)), "9 981 of 10 000 clients dark, p99 0.62 s");
  const all = { ...start, live: 1, dark: 1, dark_total: 1, complete: true };
  assert.equal(words.announcement(all), "1 of 1 client dark. The kill is complete");
  assert.equal(words.remaining(all), "");
  assert.equal(words.dark({ ...start, live: 0 }), "No client is connected");
  assert.equal(words.dark({ ...start, live: 0, dark_total: 3 }), "3 clients dark, none is connected now");
});

test("regions in words", () => {
  const check = (live: number, dark: number, unknown: number, text: string) => assert.equal(words.region({ live, dark, unknown }), text);
  check(5, 5, 0, "all dark");
  check(5, 2, 0, "3 lit");
  check(5, 5, 1, "1 silent");
  check(5, 2, 1, "3 lit, 1 silent");
});

test("times", () => {
  for (const [ms, text] of [[undefined, "–"], [0, "0 ms"], [4, "4 ms"], [3.42, "3.4 ms"], [9.99, "10 ms"], [84.4, "84 ms"], [99.6, "0.10 s"], [620, "0.62 s"], [9_999, "10 s"], [59_700, "0:59"], [192_000, "3:12"]] as const) {
    assert.equal(plain(words.duration(ms)), text);
  }
  for (const [ms, text] of [[0, "0:00.0"], [4_249, "0:04.2"], [192_000, "3:12.0"], [3_725_000, "1:02:05.0"]] as const) assert.equal(words.stopwatch(ms), text);
  for (const [ms, text] of [[3_140, "3.1 s ago"], [24_900, "24 s ago"], [180_000, "3 min ago"], [7_300_000, "2 h ago"]] as const) assert.equal(plain(words.ago(ms)), text);
});

test("what is missing is said, one thing at a time", () => {
  assert.equal(words.whyNot(" ", undefined, ""), "Name a flag first.");
  assert.equal(words.whyNot("f", undefined, "x"), "Say for whom first.");
  assert.equal(words.whyNot("f", {}, "  "), "Give a reason first.");
  assert.equal(words.whyNot("f", {}, "down"), "");
});

test("names are separated by commas, each once", () => {
  assert.deepEqual(words.names(" eu, us ,, eu"), ["eu", "us"]);
  assert.deepEqual(words.names(" , "), []);
});

test("messages of the server are sentences", () => {
  assert.equal(sentence("viewers may not kill `a`"), "Viewers may not kill “a”");
});
