import assert from "node:assert/strict";
import { test } from "node:test";
import { ofPath, read } from "../src/kept.js";

test("what stood in the console's kill control is read back", () => {
  const scope = encodeURIComponent('{"region":["eu","us"],"variant":["on"]}');
  assert.deepEqual(read(`#environment=production&flag=checkout-v2&scope=${scope}&reason=it%27s%20down%20%26%20out&incident=INC-1`), {
    environment: "production", flag: "checkout-v2", scope: { region: ["eu", "us"], variant: ["on"] }, reason: "it's down & out", incident: "INC-1",
  });
});

test("nothing said is everyone, and what cannot be read is nobody yet", () => {
  assert.deepEqual(read("").scope, {});
  assert.deepEqual(read("#scope=%7B%7D").scope, {});
  for (const broken of ["", "null", "[]", "{", '{"region":[]}', '{"region":"eu"}', '{"region":[1]}', '{"country":["eu"]}']) {
    assert.equal(read(`#scope=${encodeURIComponent(broken)}`).scope, undefined, broken);
  }
});

test("pages of the console say their environment and flag", () => {
  for (const [path, kept] of [
    ["/", ""], ["/e/production/chart", "environment=production"], ["/e/production/flags/a%2Fb", "environment=production&flag=a%2Fb"],
    ["/e/staging/edit/f", "environment=staging&flag=f"], ["/e/staging/kill/f", "environment=staging&flag=f"], ["/e/staging/kills/k1", "environment=staging"],
  ] as const) assert.equal(ofPath(path), kept);
});
