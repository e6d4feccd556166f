// The same cases as in state/hold.rs of the console.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Action, after, due, type Hold, READY } from "../src/hold.js";

const run = (...actions: Action[]): Hold => actions.reduce(after, READY);
const press = (now: number): Action => ({ do: "press", now });
const tick = (now: number): Action => ({ do: "tick", now });
const [cancel, click, reset]: [Action, Action, Action] = [{ do: "cancel" }, { do: "click" }, { do: "reset" }];

test("a hold of 1200 ms fires", () => {
  assert.deepEqual(run(press(50), tick(1249)), { is: "holding", since: 50 });
  assert.deepEqual(run(press(50), tick(1250)), { is: "fired" });
});

test("a tick at its end fires whenever it began", () => {
  for (let tenth = 0; tenth < 200_000; tenth++) assert.deepEqual(run(press(tenth * 0.1), tick(due(tenth * 0.1))), { is: "fired" }, String(tenth * 0.1));
});

test("letting go cancels and starts from nothing", () => {
  assert.deepEqual(run(press(0), tick(1199), cancel), READY);
  assert.deepEqual(run(press(0), tick(1199), cancel, press(1200), tick(1300)), { is: "holding", since: 1200 });
  assert.deepEqual(run(press(0), cancel, tick(9000)), READY, "a late tick does not fire");
});

test("key repeat does not restart the hold", () => {
  assert.deepEqual(run(press(0), press(900), tick(1200)), { is: "fired" });
});

test("two presses fire, one does not", () => {
  assert.deepEqual(run(click), { is: "armed" });
  assert.deepEqual(run(click, click), { is: "fired" });
  assert.deepEqual(run(click, cancel, click), { is: "armed" });
});

test("what has fired stays fired until the server refuses", () => {
  for (const action of [press(0), tick(5000), cancel, click]) assert.deepEqual(run(click, click, action), { is: "fired" });
  assert.deepEqual(run(click, click, reset), READY);
});
