// The state machine of a breaker in virtual time: cases, a reference model of when it trips, and what holds whatever comes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Machine, SHARE_MS, SHARES, WELL, type Ended, type MachineOptions, type Move } from "../src/guard/machine.js";
import { settingsOf, type Declared } from "../src/guard/settings.js";
import { seeded } from "./random.js";

type Given = Partial<Declared> & { readonly session?: boolean; readonly random?: () => number };

function machine({ session = false, random = () => 0.5, ...declared }: Given = {}, now = 0) {
  const moves: Move[] = [];
  const options: MachineOptions = { flag: "f", settings: settingsOf({ fallback: "off", of: "1", ...declared }), session, random, moved: (move) => move && moves.push(move) };
  const made = new Machine(options, now);
  const end = (ended: Ended, at: number): void => made.ended(made.generation, ended, at);
  return { made, moves, end, told: () => moves.map(({ from, to, cause }) => `${from} ${to} ${cause}`) };
}

test("five failures in a row open it, four and a good one do not", () => {
  const { made, end, told } = machine();
  for (let at = 0; at < 4; at++) end("failed", at);
  end("ok", 4);
  for (let at = 5; at < 9; at++) end("failed", at);
  assert.equal(made.state, "closed");
  end("failed", 9);
  assert.deepEqual(told(), ["closed open consecutive"]);
  assert.equal(made.toOpenMs, 4);
});

test("half of at least twenty calls within ten seconds open it; what is older does not count", () => {
  for (const [calls, expected] of [[18, "closed"], [20, "open"]] as const) {
    const { made, end } = machine();
    for (let each = 0; each < calls; each++) end(each % 2 === 0 ? "failed" : "ok", each);
    assert.equal(made.state, expected, `${calls} calls`);
  }
  const { made, end } = machine();
  for (let each = 0; each < 10; each++) end(each % 2 === 0 ? "failed" : "ok", 0);
  for (let each = 0; each < 18; each++) end(each % 2 === 0 ? "failed" : "ok", 10_000);
  assert.equal(made.state, "closed", "28 calls, 18 of them within the window");
});

test("four of five slow calls open it", () => {
  const { made, end } = machine({ slow_ms: 100 });
  for (let each = 0; each < 20; each++) end(each % 5 === 0 ? "ok" : "slow", each);
  assert.equal(made.state, "open");
  assert.equal(made.cause, "slow");
});

test("it stays open for 5, 10, 20 … 300 s, each 0.8 to 1.2 times as long by chance", () => {
  for (const [random, factor] of [[0, 0.8], [0.5, 1], [0.999999, 1.2]] as const) {
    const { made, end } = machine({ random: () => random });
    let now = 0;
    for (const seconds of [5, 10, 20, 40, 80, 160, 300, 300]) {
      while (made.state !== "open") end("failed", now);
      const until = now + seconds * 1000 * factor;
      made.advance(until - 1);
      assert.equal(made.state, "open", `${seconds} s, ${random}`);
      made.advance((now = Math.ceil(until)));
      assert.equal(made.state, "half-open", `${seconds} s, ${random}`);
    }
  }
});

test("half-open goes by units: the same one all the time, and more of them at each share", () => {
  const { made, end } = machine({ random: () => 0.5 });
  const units = Array.from({ length: 20_000 }, (_, index) => `user-${index}`);
  let now = 0;
  for (let each = 0; each < 5; each++) end("failed", now);
  now = 5000;
  made.advance(now);
  let before: readonly string[] = [];
  for (const share of SHARES) {
    const trying = units.filter((unit) => made.admits(unit, now));
    assert.ok(Math.abs(trying.length / units.length - share) < 0.01, `${share}: ${trying.length}`);
    assert.ok(before.every((unit) => trying.includes(unit)), "who was let through still is");
    assert.deepEqual(units.filter((unit) => made.admits(unit, now)), trying, "asked again");
    before = trying;
    for (let each = 0; each < WELL; each++) end("ok", now);
    assert.equal(made.share, share, "not before its time");
    now += SHARE_MS;
    made.advance(now);
  }
  assert.equal(made.state, "closed");
  assert.equal(made.attempt, 1, "it is not forgotten as yet");
  made.advance(now + 50_000);
  assert.equal(made.attempt, 0);
});

test("two failures while it tries open it for longer, one does not", () => {
  const { made, end } = machine();
  for (let each = 0; each < 5; each++) end("failed", 0);
  made.advance(5000);
  end("failed", 5001);
  for (let each = 0; each < 9; each++) end("ok", 5002);
  assert.equal(made.state, "half-open");
  end("failed", 5003);
  assert.equal(made.state, "open");
  assert.deepEqual([made.attempt, made.cause], [2, "probe"]);
});

test("while a share waits for its time, half of what opens a closed breaker is enough", () => {
  for (const [each, expected] of [[3, "open"], [8, "half-open"]] as const) {
    const { made, end } = machine();
    for (let call = 0; call < 5; call++) end("failed", 0);
    made.advance(5000);
    for (let call = 0; call < WELL; call++) end("ok", 5000);
    for (let call = 1; call <= 60 && made.state === "half-open"; call++) end(call % each === 0 ? "failed" : "ok", 5000 + call);
    assert.equal(made.state, expected, `one of ${each} fails`);
  }
});

test("where nobody of a share calls, a larger one is tried, and then others", () => {
  const { made, end } = machine();
  for (let each = 0; each < 5; each++) end("failed", 0);
  made.advance(5000);
  const drawn = (): string => Array.from({ length: 300 }, (_, index) => (made.draws(`u${index}`) ? "1" : "0")).join("");
  const shares: number[] = [];
  const sets: string[] = [];
  for (let minute = 0; minute < 4; minute++) {
    shares.push(made.share);
    sets.push(drawn());
    made.advance(5000 + (minute + 1) * 60_000);
  }
  assert.deepEqual(shares, [0.01, 0.1, 0.5, 0.01]);
  assert.notEqual(sets[0], sets[3]);
});

test("what must not be done twice is never tried again by itself", () => {
  const { made, end } = machine({ probe: "never" });
  for (let each = 0; each < 5; each++) end("failed", 0);
  made.advance(1e9);
  assert.equal(made.state, "open");
  made.configure(settingsOf({ fallback: "off", of: "2", probe: "never" }), false, 1e9);
  assert.equal(made.state, "closed", "somebody changed the flag");
});

test("in a page the second failure opens it for good", () => {
  const { made, end } = machine({ session: true });
  end("failed", 0);
  for (let each = 0; each < 100; each++) end("ok", each);
  assert.equal(made.state, "closed");
  end("failed", 1000);
  assert.equal(made.cause, "session");
  made.advance(1e12);
  assert.equal(made.state, "open");
});

test("a kill absorbs everything but a restore with a higher revision", () => {
  const { made, end, told } = machine();
  made.force(7, 0);
  for (let each = 0; each < 100; each++) end("failed", each);
  made.latch("crash-loop", 1);
  made.configure(settingsOf(undefined), false, 2);
  made.disable(true, 3);
  made.disable(false, 3);
  made.configure(settingsOf({ fallback: "off", of: "1" }), false, 3);
  made.release(7, 4);
  made.release(6, 4);
  made.advance(1e9);
  assert.deepEqual(told(), ["closed forced-open kill"]);
  made.release(8, 5);
  assert.deepEqual(told().slice(1), ["forced-open closed restore"]);
  assert.equal(made.attempt, 0);
});

test("one that observes says what it would do, and does nothing", () => {
  const { made, end, told } = machine({ mode: "observe" });
  for (let each = 0; each < 12; each++) end("failed", each);
  assert.deepEqual(told(), ["observing observing consecutive", "observing observing consecutive"]);
  assert.equal(made.admits("u", 100), true);
});

test("what began before a change of state counts for nothing after it", () => {
  const { made, end } = machine();
  const before = made.generation;
  for (let each = 0; each < 5; each++) end("failed", 0);
  made.advance(5000);
  for (let each = 0; each < 50; each++) made.ended(before, each % 2 === 0 ? "ok" : "failed", 5001);
  assert.equal(made.state, "half-open");
  assert.equal(made.share, SHARES[0]);
});

/** When a closed breaker trips, said in the plainest way. */
function trips(calls: readonly { readonly at: number; readonly ended: Ended }[], declared: Partial<Declared>): number | undefined {
  const { windowMs, leastCalls, failureShare, slowShare, consecutive } = settingsOf({ fallback: "off", of: "", ...declared });
  const tenth = (at: number): number => Math.floor(at / (windowMs / 10));
  let row = 0;
  for (const [index, { at, ended }] of calls.entries()) {
    row = ended === "failed" ? row + 1 : 0;
    if (row >= consecutive) return index;
    const inWindow = calls.slice(0, index + 1).filter((call) => tenth(call.at) > tenth(at) - 10);
    const count = (which: Ended): number => inWindow.filter((call) => call.ended === which).length;
    if (inWindow.length >= leastCalls && (count("failed") >= Math.max(failureShare * inWindow.length, 1) || count("slow") >= Math.max(slowShare * inWindow.length, 1))) return index;
  }
  return undefined;
}

test("it trips exactly when the plain model does, for 3 000 histories", () => {
  let tripped = 0;
  for (let seed = 1; seed <= 3000; seed++) {
    const random = seeded(seed);
    const declared: Partial<Declared> = { window_seconds: 1 + Math.floor(random() * 20), least_calls: 2 + Math.floor(random() * 30), failure_share: 0.1 + random() * 0.9, slow_ms: 5, slow_share: 0.1 + random() * 0.9, consecutive: 2 + Math.floor(random() * 8) };
    const [failing, slowing, gap] = [random() * 0.7, random() * 0.5, random() * 2000];
    let at = random() * 1e6;
    const calls = Array.from({ length: 120 }, () => {
      at += random() * gap;
      const chance = random();
      return { at, ended: (chance < failing ? "failed" : random() < slowing ? "slow" : "ok") as Ended };
    });
    const expected = trips(calls, declared);
    const { made, end } = machine(declared, calls[0]?.at);
    let found: number | undefined;
    for (const [index, call] of calls.entries()) {
      end(call.ended, call.at);
      if (made.state === "open") {
        found = index;
        break;
      }
    }
    assert.equal(found, expected, `seed ${seed}: ${JSON.stringify(declared)}`);
    if (found !== undefined) tripped++;
  }
  assert.ok(tripped > 500 && tripped < 2900, `${tripped}`);
});

test("whatever comes: it never helps an open flag along, and never opens a closed one twice within a minute", () => {
  const total = new Set<string>();
  for (let seed = 1; seed <= 1500; seed++) {
    const random = seeded(seed);
    const declared: Partial<Declared> = { open_seconds: 1 + Math.floor(random() * 10), least_calls: 2 + Math.floor(random() * 20), consecutive: 2 + Math.floor(random() * 5), slow_ms: 1 };
    const { made, moves, end } = machine({ ...declared, random });
    let now = 0;
    const openings: number[] = [];
    let killed = -1;
    for (let step = 0; step < 400; step++) {
      now += random() < 0.9 ? random() * 500 : random() * 100_000;
      const before = made.state;
      const count = moves.length;
      const chance = random();
      const old = made.generation - (random() < 0.05 ? 1 : 0);
      if (chance < 0.005) made.force((killed = Math.floor(random() * 20)), now);
      else if (chance < 0.05) made.release(Math.floor(random() * 25), now);
      else if (chance < 0.3) made.advance(now);
      else if (made.admits(`u${Math.floor(random() * 3)}`, now)) {
        // In rows, good and bad ones: what makes a breaker flap.
        const bad = Math.sin(now / 7000 + seed) > 0.2;
        for (let call = 0; call < 12; call++) {
          const generation = call === 0 ? old : made.generation;
          made.ended(generation, bad ? (random() < 0.8 ? "failed" : "slow") : "ok", now);
        }
      } else assert.equal(made.passing, false);
      const where = `seed ${seed}, step ${step}`;
      for (const { from, to, cause } of moves.slice(count)) {
        total.add(`${from} ${to} ${cause}`);
        if (from === "closed" && to === "open") openings.push(now);
        if (from === "forced-open") assert.equal(cause, "restore", where);
        if (to === "closed") assert.ok(cause === "probed" || cause === "restore", where);
        if (cause === "restore") assert.ok(killed >= 0, where);
      }
      if (before === "open" && made.state !== "open") assert.ok(made.state === "half-open" || made.state === "forced-open" || moves.length > count + 1, where);
      assert.equal(made.passing, made.state === "closed", where);
      if (moves.slice(count).some(({ cause }) => cause === "restore")) openings.length = 0;
    }
    for (const [index, at] of openings.entries()) {
      if (index > 0) assert.ok(at - (openings[index - 1] as number) >= 60_000, `seed ${seed}: opened after ${at - (openings[index - 1] as number)} ms`);
    }
    void end;
  }
  // The test has been everywhere.
  for (const move of ["closed open consecutive", "open half-open waited", "half-open open probe", "half-open closed probed", "closed forced-open kill", "open forced-open kill", "half-open forced-open kill", "forced-open closed restore"]) assert.ok(total.has(move), move);
});
