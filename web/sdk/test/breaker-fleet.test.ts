// A thousand instances in virtual time: how fast a bad variant is gone, how rarely a good one is taken away, and no flapping.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Machine, type Move } from "../src/guard/machine.js";
import { settingsOf } from "../src/guard/settings.js";
import { seeded } from "./random.js";

const SETTINGS = settingsOf({ fallback: "off", of: "1" });

interface Run {
  /** Of the calls that came later than 3 s after the beginning, the share that got the fallback. */
  readonly safe: number;
  /** The most openings of a closed breaker within any minute, of any instance. */
  readonly openingsAMinute: number;
  /** The most times that any instance was half-open within any minute. */
  readonly triesAMinute: number;
}

/** Instances with so many calls a second each, for so long, of which so many fail under the variant. */
function fleet(perSecond: number, failing: number, session: boolean, instances = 1000, seconds = 300): Run {
  let [late, safe, openingsAMinute, triesAMinute] = [0, 0, 0, 0];
  for (let instance = 0; instance < instances; instance++) {
    const random = seeded(instance * 7919 + Math.round(failing * 1000) + perSecond);
    let now = 0;
    const moves: (Move & { at: number })[] = [];
    const machine = new Machine({ flag: "f", settings: SETTINGS, session, random, moved: (move) => move && moves.push({ ...move, at: now }) }, 0);
    while (now < seconds * 1000) {
      now += (-Math.log(1 - random()) * 1000) / perSecond;
      const admitted = machine.admits(session ? `visitor-${instance}` : `user-${Math.floor(random() * 5000)}`, now);
      if (now > 3000) {
        late++;
        if (!admitted) safe++;
      }
      if (admitted) machine.ended(machine.generation, random() < failing ? "failed" : "ok", now + 20 * random());
    }
    const most = (which: (move: Move) => boolean): number => {
      const at = moves.filter(which).map((move) => move.at);
      return Math.max(0, ...at.map((start) => at.filter((each) => each >= start && each < start + 60_000).length));
    };
    openingsAMinute = Math.max(openingsAMinute, most(({ from, to }) => from === "closed" && to === "open"));
    triesAMinute = Math.max(triesAMinute, most(({ to }) => to === "half-open"));
  }
  return { safe: safe / late, openingsAMinute, triesAMinute };
}

test("a bad variant from the beginning: at least 95 % of the calls after 3 s are safe, and nobody flaps", () => {
  for (const [perSecond, failing, session] of [[10, 1, false], [10, 0.7, false], [50, 0.6, false], [2, 1, true], [5, 0.5, true]] as const) {
    const run = fleet(perSecond, failing, session);
    const what = `${perSecond} calls a second, ${failing * 100} % failing, ${session ? "pages" : "servers"}: ${JSON.stringify(run)}`;
    console.log(what);
    assert.ok(run.safe >= 0.95, what);
    assert.ok(run.openingsAMinute <= 1, what);
  }
});

test("at the border, where about half of the calls fail, nobody flaps either", () => {
  for (const failing of [0.3, 0.45, 0.5]) {
    const run = fleet(20, failing, false, 100, 900);
    console.log(`${failing * 100} % failing: ${JSON.stringify(run)}`);
    assert.ok(run.openingsAMinute <= 1, JSON.stringify(run));
  }
});

test("a million calls of which 1 % fail never open it", () => {
  const random = seeded(4711);
  let openings = 0;
  const machine = new Machine({ flag: "f", settings: SETTINGS, session: false, random, moved: () => openings++ }, 0);
  let now = 0;
  let failed = 0;
  for (let call = 0; call < 1_000_000; call++) {
    now += 20 * random();
    const fails = random() < 0.01;
    if (fails) failed++;
    machine.ended(machine.generation, fails ? "failed" : "ok", now);
  }
  assert.equal(openings, 0);
  assert.ok(failed > 9500 && failed < 10_500, `${failed}`);
});
