import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { exactly, ofNode, ownClock } from "../src/guard/clock.js";

test("roughly is the time of the last look, which a timer takes while somebody asks", () => {
  mock.timers.enable({ apis: ["setInterval"] });
  let real = 1000;
  mock.method(performance, "now", () => real);
  try {
    const { now, roughly } = ofNode();
    assert.equal(roughly(), 1000);
    real = 1050;
    assert.equal(roughly(), 1000);
    assert.equal(now(), 1050);
    assert.equal(roughly(), 1050, "as exact as the last exact one");
    real = 1200;
    mock.timers.tick(100);
    assert.equal(roughly(), 1200);
    // Nobody asks for long: no timer is left, and the next one begins anew.
    mock.timers.tick(300);
    real = 99_000;
    assert.equal(roughly(), 99_000);
  } finally {
    mock.timers.reset();
    mock.restoreAll();
  }
});

test("a clock that was handed in is always exact", () => {
  let real = 1;
  const { now, roughly } = exactly(() => real++);
  assert.deepEqual([now(), roughly(), now()], [1, 2, 3]);
  assert.ok(ownClock().roughly() > 0);
});
