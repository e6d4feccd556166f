import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { startClient } from "../src/client.js";
import type { Platform } from "../src/platform.js";
import { memoryStore } from "../src/store.js";
import type { Client, Events, Options } from "../src/types.js";
import { controlPlane, compiled, engine, envelope, flag, killOf, signer } from "./control-plane.js";
import { fakeHost } from "./fake-host.js";

const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function plane(flags?: object[]) {
  const made = await controlPlane(flags);
  closing.push(() => made.close());
  return made;
}

function client(url: string, options: Partial<Options> = {}, platform: Partial<Platform> = {}): Client {
  const made = startClient({ key: "key", url, kind: "server", store: false, ...options }, { kind: "server", engine: () => engine(), store: () => undefined, ...platform });
  closing.push(() => made.close());
  return made;
}

/** Resolves with the next event of which `holds`. */
function next<E extends keyof Events>(from: Client, event: E, holds: (value: Events[E]) => boolean = () => true): Promise<Events[E]> {
  return new Promise((resolve, reject) => {
    // A wait that ends in a failure instead of never.
    const late = setTimeout(() => reject(new Error(`no ${event} came; ${JSON.stringify(from.status())}`)), 10_000);
    closing.push(() => clearTimeout(late));
    const off = from.on(event, (value) => {
      if (!holds(value)) return;
      off();
      resolve(value);
    });
  });
}

test("a stream: ready, changed, acknowledged", async () => {
  const server = await plane([flag("f"), flag("text", { variants: { a: "x", b: "y" }, degraded: { variant: "b", meaning: "y" }, default: "a" })]);
  const flags = client(server.url, { context: { targetingKey: "u" }, release: "shop 1" });
  assert.equal(flags.boolean("f", false), false);
  assert.equal(flags.details("f", false).errorCode, "PROVIDER_NOT_READY");
  await flags.ready();
  assert.equal(flags.boolean("f", false), true);
  assert.equal(flags.string("text", ""), "x");
  assert.equal(flags.details("text", 1).errorCode, "TYPE_MISMATCH");
  assert.equal(flags.details("nothing", 1).errorCode, "FLAG_NOT_FOUND");
  assert.deepEqual(flags.details("f", false), { flagKey: "f", value: true, variant: "on", reason: "STATIC", flagMetadata: { revision: 1 } });
  assert.equal(flags.status().state, "ready");
  assert.equal(flags.status().transport, "stream");

  const changed = next(flags, "changed");
  server.publish([flag("f", { default: "off" }), flag("text", { variants: { a: "x", b: "y" }, degraded: { variant: "b", meaning: "y" }, default: "a" })]);
  const event = await changed;
  assert.deepEqual(event.keys, ["f"], "only real changes");
  assert.equal(event.flags.get("f")?.before?.value, true);
  assert.equal(event.flags.get("f")?.after?.value, false);
  await server.until(() => server.acknowledged.some(({ position, applied_after_ms }) => position.revision === 2 && applied_after_ms !== undefined));
});

test("a kill and its restore", async () => {
  const server = await plane();
  const flags = client(server.url);
  await flags.ready();
  const dark = next(flags, "changed");
  server.kill("f");
  assert.equal((await dark).kind, "kill");
  const details = flags.details("f", true);
  assert.deepEqual([details.value, details.reason, details.flagMetadata.cause], [false, "DISABLED", "kill"]);
  await server.until(() => server.acknowledged.some(({ position }) => position.kill_revision === 1));
  const light = next(flags, "changed");
  server.restore("f");
  assert.equal((await light).kind, "restore");
  assert.equal(flags.boolean("f", false), true);
});

test("a put that was overtaken by a kill does not undo it", async () => {
  const server = await plane();
  const flags = client(server.url);
  await flags.ready();
  const old = compiled([flag("f", { description: "older" }), flag("new")]);
  const dark = next(flags, "changed");
  server.kill("f");
  await dark;
  const put = next(flags, "changed");
  server.broadcast("put", server.base64(envelope(server.by, old.program, old.kills, { revision: 2, kill_revision: 0 })));
  assert.deepEqual((await put).keys, ["new"]);
  assert.equal(flags.details("f", true).flagMetadata.cause, "kill");
  assert.deepEqual(flags.status().position, { epoch: 1000, revision: 2, kill_revision: 1 });
});

test("a kill and a put in the same bytes: the kill goes first", async () => {
  const server = await plane([flag("f"), flag("g")]);
  const flags = client(server.url);
  await flags.ready();
  const kinds: string[] = [];
  const both = next(flags, "changed", ({ kind }) => (kinds.push(kind), kinds.length === 2));
  server.state.kills = [killOf("f")];
  server.state.header.kill_revision = 1;
  const kill = server.base64(server.killsOnly());
  const next2 = compiled([flag("f"), flag("g", { default: "off" })]);
  const put = server.base64(envelope(server.by, next2.program, next2.kills, { revision: 2 }));
  for (const response of server.open) response.write(`event: put\ndata: ${put}\n\nevent: kill\ndata: ${kill}\n\n`);
  await both;
  assert.deepEqual(kinds, ["kill", "put"]);
  assert.equal(flags.boolean("f", true), false);
  assert.equal(flags.boolean("g", true), false);
});

test("a patch; and one whose base is missing is asked for whole", async () => {
  const server = await plane();
  const flags = client(server.url);
  await flags.ready();
  const { program: base } = server.compiled();
  server.state.flags = [flag("f", { default: "off" })];
  server.state.header.revision = 2;
  const target = server.current();
  const { program, kills } = server.compiled();
  const header = target.subarray(0, target.length - program.length - kills.length);
  let same = 0;
  while (same < base.length && base[same] === program[same]) same++;
  const patch = (digest: string) =>
    JSON.stringify({ base: digest, header: server.base64(header), kills: server.base64(kills), ops: [[0, same], server.base64(program.subarray(same))] });
  const { createHash } = await import("node:crypto");
  const changed = next(flags, "changed");
  server.broadcast("patch", patch(createHash("sha256").update(base).digest("hex")));
  assert.equal((await changed).kind, "patch");
  assert.equal(flags.boolean("f", true), false);

  server.state.flags = [flag("f", { default: "on" })];
  server.state.header.revision = 3;
  const whole = next(flags, "changed");
  server.broadcast("patch", patch("0".repeat(64)));
  assert.equal((await whole).kind, "put");
  assert.equal(flags.boolean("f", false), true);
});

const hostile: [string, string, (server: Awaited<ReturnType<typeof plane>>) => Uint8Array][] = [
  ["cut short", "envelope-malformed", (server) => server.current({ revision: 2 }).subarray(0, 100)],
  ["nothing", "envelope-malformed", () => new Uint8Array()],
  ["an unknown signer", "signature-invalid", (server) => envelope(signer(), server.compiled().program, server.compiled().kills, { revision: 2 })],
  ["a bit of the header flipped", "signature-invalid", (server) => flip(server.current({ revision: 2 }), 90)],
  ["a bit of the program flipped", "digest-mismatch", (server) => flip(server.current({ revision: 2 }), -60)],
  ["another environment", "other-environment", (server) => server.current({ revision: 2, environment: "staging" })],
  ["another audience", "other-audience", (server) => server.current({ revision: 2, audience: { kind: "browser", attributes: {}, decided_for: null } })],
  ["a lower revision", "revision-lower", (server) => server.current({ revision: 0 })],
  ["a lower epoch", "revision-lower", (server) => server.current({ epoch: 999, revision: 9 })],
  ["two programs under one revision", "equivocation", (server) => envelope(server.by, compiled([flag("g")]).program, server.compiled().kills, { revision: 1 })],
  ["a program that is none", "program-refused", (server) => envelope(server.by, new Uint8Array(64), server.compiled().kills, { revision: 2 })],
  ["a kill set that is none", "program-refused", (server) => envelope(server.by, new Uint8Array(), new Uint8Array(64), { type: "downhaul.kills/1", kill_revision: 5 })],
];
function flip(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  const index = at < 0 ? bytes.length + at : at;
  copy[index] = (copy[index] ?? 0) ^ 1;
  return copy;
}
for (const [name, code, make] of hostile) {
  test(`refused, and said so: ${name}`, async () => {
    const server = await plane();
    const flags = client(server.url, { publicKeys: [server.by.publicKey] });
    await flags.ready();
    const problem = next(flags, "problem");
    server.broadcast("put", server.base64(make(server)));
    assert.equal((await problem).code, code);
    assert.equal(flags.boolean("f", false), true, "it keeps what it had");
    assert.ok(flags.status().problems.includes(code as never));
    const changed = next(flags, "changed");
    server.publish([flag("f", { default: "off" })]);
    await changed;
    assert.deepEqual(flags.status().problems, [], "and goes on");
  });
}

test("a format from the future: the kill that comes with it works", async () => {
  const server = await plane();
  const flags = client(server.url);
  await flags.ready();
  const dark = next(flags, "changed");
  const { program } = server.compiled();
  const { kills } = compiled([flag("f")], [killOf("f")], 1);
  server.broadcast("put", server.base64(envelope(server.by, program, kills, { revision: 2, kill_revision: 1, program_format: 2 })));
  await dark;
  assert.equal(flags.details("f", true).flagMetadata.cause, "kill");
  assert.ok(flags.status().problems.includes("program-refused"));
});

test("a wiped data folder: a higher epoch replaces everything, kills included", async () => {
  const server = await plane();
  const flags = client(server.url);
  await flags.ready();
  const dark = next(flags, "changed");
  server.kill("f");
  await dark;
  server.state.kills = [];
  const light = next(flags, "changed");
  server.publish([flag("f")], { epoch: 2000, revision: 1, kill_revision: 0 });
  await light;
  assert.equal(flags.boolean("f", false), true);
});

test("no stream: polls, is held, and comes back to the stream", async () => {
  const server = await plane();
  server.state.streams = false;
  const flags = client(server.url);
  const first = next(flags, "problem", ({ code }) => code === "connection-failed");
  await Promise.all([flags.ready(), first]);
  assert.equal(flags.boolean("f", false), true);
  await server.until(() => server.held.size > 0);
  assert.equal(flags.status().transport, "poll");
  const changed = next(flags, "changed");
  server.kill("f");
  await changed;
  assert.equal(flags.details("f", true).flagMetadata.cause, "kill");
  server.state.streams = true;
  await server.until(() => server.open.size > 0);
  const again = next(flags, "changed");
  server.publish([flag("f"), flag("g")]);
  await again;
  await server.until(() => server.held.size === 0);
  assert.equal(flags.status().transport, "stream");
});

test("a stream that breaks off is taken up again, and brings what was missed", async () => {
  const server = await plane();
  const flags = client(server.url);
  await flags.ready();
  const changed = next(flags, "changed");
  server.state.kills = [killOf("f")];
  server.state.header.kill_revision = 1;
  server.cut();
  await changed;
  assert.equal(flags.details("f", true).flagMetadata.cause, "kill");
});

test("one of many is dark at once, says so in its turn, and comes back in its turn", async () => {
  const server = await plane();
  const host = fakeHost();
  server.state.hello = { ping_seconds: 10, stale_seconds: 45, within_ms: { acknowledge: 2000, return: 1000 } };
  const flags = client(server.url, {}, { host });
  await flags.ready();
  host.advance(1000);
  await server.until(() => server.acknowledged.length === 1);
  const dark = next(flags, "changed");
  server.kill("f");
  await dark;
  host.advance(999);
  assert.equal(server.acknowledged.length, 1, "half of two seconds later, by its random number");
  host.advance(1);
  await server.until(() => server.acknowledged.length === 2);
  const said = server.acknowledged[1];
  assert.deepEqual([said?.position.kill_revision, said?.waited_ms], [1, 1000]);

  // The stream has lived: it comes back within what was said, where one that has not waits for half a second, then a second …
  const streams = (): number => server.requests.filter((request) => request === "GET /client/v1/stream").length;
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const cut = async (): Promise<void> => {
    const seen = next(flags, "problem");
    server.cut();
    await seen;
    await turn();
  };
  host.advance(4000);
  for (const [waits, number] of [[500, 2], [250, 3], [500, 4]] as const) {
    await cut();
    host.advance(waits - 1);
    assert.equal(streams(), number - 1);
    host.advance(1);
    await server.until(() => streams() === number && server.open.size === 1);
    while (flags.status().transport !== "stream") await turn();
  }
});

test("a server that closes says when to come back, and the client does", async () => {
  const server = await plane();
  const flags = client(server.url);
  await flags.ready();
  const changed = next(flags, "changed");
  // Not yet told to anyone: whoever learns of it has come back.
  server.state.flags = [flag("f", { default: "off" })];
  server.state.header.revision = 2;
  server.bye(10);
  await changed;
  assert.equal(flags.boolean("f", true), false);
  assert.deepEqual(flags.status().problems, []);
});

test("a refused key is an error, and no end", async () => {
  const server = await plane();
  const flags = client(server.url, { key: "wrong", readyTimeoutSeconds: 0.05, publicKeys: [server.by.publicKey] });
  assert.equal((await next(flags, "error")).code, "unauthorized");
  assert.equal((await flags.ready()).state, "connecting");
  assert.equal(flags.boolean("f", false), false);
});

test("silence: flags with on_stale degraded degrade, and come back", async () => {
  const server = await plane([flag("f"), flag("careful", { on_stale: "degraded" })]);
  const host = fakeHost();
  const flags = client(server.url, {}, { host });
  await flags.ready();
  const stale = next(flags, "stale");
  // The stream is quiet; nothing reads the real clock.
  host.wallJump(-3600_000);
  server.state.streams = false;
  server.state.polls = false;
  host.advance(46_000);
  assert.equal((await stale).stale, true);
  const details = flags.details("careful", true);
  assert.deepEqual([details.value, details.reason, details.flagMetadata.cause], [false, "STALE", "stale"]);
  assert.equal(flags.boolean("f", false), true);
  assert.equal(flags.status().state, "stale");
  server.state.streams = true;
  const back = next(flags, "stale", ({ stale }) => !stale);
  const tick = setInterval(() => host.advance(500), 5);
  await back;
  clearInterval(tick);
  assert.equal(flags.boolean("careful", false), true);
});

test("past its validity every read says so, with the true reason", async () => {
  const server = await plane();
  const host = fakeHost();
  server.state.header.valid_until = new Date(Date.now() + 20_000).toISOString();
  const flags = client(server.url, { staleSeconds: 1000 }, { host });
  await flags.ready();
  const tick = setInterval(() => host.advance(20), 5);
  await server.until(() => server.acknowledged.length > 0);
  clearInterval(tick);
  const expired = next(flags, "stale", ({ expired }) => expired);
  host.advance(21_000);
  await expired;
  const details = flags.details("f", false);
  assert.deepEqual([details.value, details.reason, details.flagMetadata.trueReason], [true, "STALE", "STATIC"]);
});

test("a second visit has values before any request, and never an older flag set", async () => {
  const server = await plane();
  const store = memoryStore();
  const first = client(server.url, { store });
  await first.ready();
  const dark = next(first, "changed");
  server.kill("f");
  await dark;
  await first.close();

  let asked = 0;
  const offline: typeof fetch = () => {
    asked++;
    return Promise.reject(new Error("offline"));
  };
  const second = client(server.url, { store, fetch: offline });
  const event = await next(second, "ready");
  assert.equal(asked, 0);
  assert.equal(event.transport, "kept");
  assert.equal(second.details("f", true).flagMetadata.cause, "kill", "the kill outlives the page");
  await second.close();

  // A control plane that forgot: its lower position is refused by the ratchet alone.
  const forgetful = { ...store, get: (key: string) => (key.endsWith("/index") ? store.get(key) : Promise.resolve(undefined)) };
  server.state.header.revision = 0;
  const third = client(server.url, { store: forgetful, readyTimeoutSeconds: 0.2 });
  assert.equal((await next(third, "problem", ({ code }) => code === "revision-lower")).code, "revision-lower");
});
test("a second visit that has everything already says at once that it is there", async () => {
  const server = await plane();
  const store = memoryStore();
  const first = client(server.url, { store });
  await first.ready();
  await first.close();
  server.state.greets = false;
  const second = client(server.url, { store });
  await server.until(() => new Set(server.acknowledged.map(({ instance }) => instance)).size === 2);
  assert.equal(second.status().source, "network");
});

test("a store that fails does no harm", async () => {
  const server = await plane();
  const broken = { get: () => Promise.reject(new Error("denied")), set: () => Promise.reject(new Error("full")), delete: () => Promise.reject(new Error("denied")) };
  const flags = client(server.url, { store: broken });
  const problem = next(flags, "problem");
  await flags.ready();
  assert.equal((await problem).code, "store-failed");
  assert.equal(flags.boolean("f", false), true);
});

test("bootstrap: values at once, and no change where nothing changes", async () => {
  const server = await plane([flag("same"), flag("other", { default: "off" })]);
  const rendered = client(server.url);
  await rendered.ready();
  const bootstrap = JSON.parse(JSON.stringify(rendered.bootstrapData()));
  bootstrap.flags.other.value = true;
  bootstrap.flags.other.variant = "on";
  const flags = client(server.url, { bootstrap });
  assert.equal(flags.boolean("same", false), true, "before anything is awaited");
  assert.equal(flags.status().transport, "bootstrap");
  const changed = await next(flags, "changed");
  assert.deepEqual(changed.keys, ["other"]);
});

test("a bootstrap that is none is told, and harms nothing", async () => {
  const server = await plane();
  const flags = client(server.url, { bootstrap: { flags: 5 } as never });
  assert.equal((await next(flags, "problem")).code, "bootstrap-malformed");
  await flags.ready();
  assert.equal(flags.boolean("f", false), true);
});

test("only flags that may be in a page are rendered into it", async () => {
  const server = await plane([flag("public"), flag("secret", { clients: ["server"] })]);
  const flags = client(server.url);
  await flags.ready();
  assert.deepEqual(Object.keys(flags.bootstrapData().flags), ["public"]);
});

test("another tenant's flag set never answers", async () => {
  const server = await plane();
  server.state.header.audience = { kind: "server", attributes: { tenant: "acme" }, decided_for: null };
  const flags = client(server.url, { context: { tenant: "acme" }, readyTimeoutSeconds: 1.5 });
  await flags.ready();
  assert.equal(flags.boolean("f", false), true);
  const moving = flags.setContext({ tenant: "globex" });
  assert.equal(flags.boolean("f", false), false);
  assert.equal(flags.details("f", false).errorCode, "PROVIDER_NOT_READY");
  await moving;
  assert.equal(flags.details("f", false).errorCode, "PROVIDER_NOT_READY");
  server.state.header.audience = { kind: "server", attributes: { tenant: "globex" }, decided_for: null };
  const changed = next(flags, "changed");
  server.publish([flag("f")]);
  await changed;
  assert.equal(flags.boolean("f", false), true);
});

test("setContext decides anew at once, without a request", async () => {
  const rules = [{ when: [{ attribute: "plan", op: "in", values: ["pro"] }], serve: "on" }];
  const server = await plane([flag("f", { rules, default: "off" })]);
  const flags = client(server.url);
  await flags.ready();
  const asked = server.requests.filter((each) => each.includes("stream") || each.includes("flag-set")).length;
  assert.equal(flags.boolean("f", true), false);
  const moved = flags.setContext({ plan: "pro" });
  assert.equal(flags.boolean("f", false), true);
  await moved;
  assert.equal(flags.details("f", false).flagMetadata.ruleIndex, 0);
  assert.equal(server.requests.filter((each) => each.includes("stream") || each.includes("flag-set")).length, asked);
  assert.equal(flags.evaluate({ plan: "free" }).boolean("f", true), false);
  assert.equal(flags.boolean("f", false), true);
});

test("by hand: nothing in the background, one request each time", async () => {
  const server = await plane();
  const flags = client(server.url, { transport: "manual", kind: "server" });
  assert.equal(server.requests.length, 0);
  assert.equal(await flags.refresh(), true);
  assert.equal(flags.boolean("f", false), true);
  assert.equal(server.acknowledged.length, 1);
  server.kill("f");
  assert.equal(await flags.refresh(), true);
  assert.equal(flags.details("f", true).flagMetadata.cause, "kill");
  assert.equal(server.requests.filter((each) => each.includes("stream")).length, 0);
  server.state.polls = false;
  assert.equal(await flags.refresh(), false);
});

test("which flags are asked for is told, and never with the news that a kill was applied", async () => {
  const server = await plane([flag("f"), flag("g"), flag("h")]);
  const flags = client(server.url);
  await flags.ready();
  assert.equal(flags.boolean("f", false), true);
  flags.boolean("unknown", false);
  assert.equal(flags.evaluate({ targetingKey: "u" }).boolean("g", false), true);
  flags.bootstrapData();
  server.kill("f");
  await server.until(() => server.acknowledged.some(({ position }) => position.kill_revision === 1));
  await flags.close();
  await server.until(() => server.acknowledged.at(-1)?.state === "closing");
  assert.deepEqual(server.acknowledged.flatMap(({ evaluated }) => evaluated ?? []).sort(), ["f", "g"]);
  assert.ok(server.acknowledged.every(({ applied_after_ms, evaluated }) => applied_after_ms === undefined || evaluated === undefined));
});

test("a trap: the instance is made anew, and nobody notices", async () => {
  const server = await plane();
  let instances = 0;
  let trap = false;
  const breaking = engine((module) => {
    instances++;
    const { exports } = new WebAssembly.Instance(module);
    const broken = { ...exports, decide: (...numbers: number[]) => {
      if (trap) {
        trap = false;
        throw new WebAssembly.RuntimeError("unreachable");
      }
      return (exports["decide"] as (...numbers: number[]) => number)(...numbers);
    } };
    return { exports: broken } as unknown as WebAssembly.Instance;
  });
  const flags = client(server.url, {}, { engine: () => breaking });
  await flags.ready();
  const dark = next(flags, "changed");
  trap = true;
  const problem = next(flags, "problem");
  server.kill("f");
  assert.equal((await problem).code, "engine-trap");
  await dark;
  assert.equal(instances, 2);
  assert.equal(flags.details("f", true).flagMetadata.cause, "kill", "program and kills were applied again");
});

test("an engine that traps each time: the table answers, and the caller's defaults for another context", async () => {
  const server = await plane();
  let trap = false;
  const flags = client(server.url, {}, {
    engine: () =>
      engine((module) => {
        const { exports } = new WebAssembly.Instance(module);
        const decide = (...numbers: number[]): number => {
          if (trap) throw new WebAssembly.RuntimeError("unreachable");
          return (exports["decide"] as (...numbers: number[]) => number)(...numbers);
        };
        return { exports: { ...exports, decide } } as unknown as WebAssembly.Instance;
      }),
  });
  await flags.ready();
  trap = true;
  const problem = next(flags, "problem");
  server.publish([flag("f", { default: "off" })]);
  await problem;
  assert.equal(flags.boolean("f", false), true);
  await flags.setContext({ targetingKey: "other" });
  assert.equal(flags.boolean("f", false), false);
  assert.equal(flags.evaluate({}).boolean("f", false), false);
});

test("a listener that throws harms nobody", async (context) => {
  context.mock.method(console, "error", () => undefined);
  const server = await plane();
  const flags = client(server.url);
  flags.on("ready", () => {
    throw new Error("mine");
  });
  const heard = next(flags, "ready");
  await heard;
  assert.equal(flags.boolean("f", false), true);
});

test("an engine that can't start is an error; reads give the caller's defaults", async () => {
  const server = await plane();
  const flags = client(server.url, { readyTimeoutSeconds: 0.05 }, { engine: () => Promise.reject(new Error("blocked by policy")) });
  assert.match((await next(flags, "error")).message, /blocked by policy/);
  await flags.ready();
  assert.equal(flags.boolean("f", true), true);
  assert.equal(flags.boolean("f", false), false);
});

test("close says goodbye", async () => {
  const server = await plane();
  const flags = client(server.url);
  await flags.ready();
  await flags.close();
  await server.until(() => server.acknowledged.some(({ state }) => state === "closing"));
  await server.until(() => server.open.size === 0);
  assert.equal(flags.boolean("f", false), true);
  assert.equal(flags.status().state, "closed");
});

test("the keys that sign change, and the client goes on", async () => {
  const server = await plane();
  const flags = client(server.url);
  await flags.ready();
  const [first, second] = [server.by, signer()];
  const asked = () => server.requests.filter((request) => request.endsWith("/client/v1/keys")).length;
  const before = asked();
  const applied = (revision: number) => server.until(() => server.acknowledged.some(({ position }) => position.revision === revision));

  server.sign(first, [first, second]);
  await applied(2);
  await server.until(() => asked() > before);
  server.sign(second, [first, second]);
  await applied(3);
  server.sign(second, [second]);
  await applied(4);
  assert.deepEqual(flags.status().problems, []);

  // Whoever has the old key is believed no more.
  const problem = next(flags, "problem");
  const { program, kills } = compiled([flag("f", { default: "off" })]);
  server.broadcast("put", server.base64(envelope(first, program, kills, { revision: 9 })));
  assert.equal((await problem).code, "signature-invalid");
  assert.equal(flags.boolean("f", false), true);
  server.publish([flag("f", { default: "off" })]);
  await applied(5);
  assert.equal(flags.boolean("f", true), false, "and goes on");
});

test("a pinned key that was revoked is believed no more, and the spare one is", async () => {
  const server = await plane();
  const [first, spare] = [server.by, signer()];
  const flags = client(server.url, { publicKeys: [first.publicKey, spare.publicKey] });
  await flags.ready();
  server.sign(spare, [spare]);
  await server.until(() => server.acknowledged.some(({ position }) => position.revision === 2));
  const problem = next(flags, "problem");
  const { program, kills } = compiled([flag("f", { default: "off" })]);
  server.broadcast("put", server.base64(envelope(first, program, kills, { revision: 9 })));
  assert.equal((await problem).code, "signature-invalid");
  assert.ok(!server.requests.some((request) => request.endsWith("/client/v1/keys")), "pinned: nobody is asked");
});

test("a pinned spare key is believed once it is in force, whatever was said before", async () => {
  const server = await plane();
  const [first, spare] = [server.by, signer()];
  const flags = client(server.url, { publicKeys: [first.publicKey, spare.publicKey] });
  await flags.ready();
  server.sign(first, [first, signer()]);
  await server.until(() => server.acknowledged.some(({ position }) => position.revision === 2));
  server.sign(first, [first, spare]);
  server.sign(spare, [first, spare]);
  await server.until(() => server.acknowledged.some(({ position }) => position.revision === 4));
  assert.deepEqual(flags.status().problems, []);
});

test("a key that is not pinned signs nothing, whatever is said of it", async () => {
  const server = await plane();
  const [first, other] = [server.by, signer()];
  const flags = client(server.url, { publicKeys: [first.publicKey] });
  await flags.ready();
  // Names nobody that the client knows: as if it said nothing.
  server.sign(first, [other]);
  await server.until(() => server.acknowledged.some(({ position }) => position.revision === 2));
  const problem = next(flags, "problem");
  server.sign(other, [other]);
  assert.equal((await problem).code, "signature-invalid");
  server.sign(first, [first, other]);
  await server.until(() => server.acknowledged.some(({ position }) => position.revision === 4));
  assert.deepEqual(flags.status().problems, []);
});

test("what is kept is believed by the keys in force", async () => {
  const server = await plane();
  const store = memoryStore();
  const flags = client(server.url, { store });
  await flags.ready();
  const second = signer();
  server.sign(second, [second]);
  await server.until(() => server.acknowledged.some(({ position }) => position.revision === 2));
  await flags.close();
  const offline: typeof fetch = () => Promise.reject(new Error("offline"));
  const again = client(server.url, { store, fetch: offline });
  assert.equal((await next(again, "ready")).transport, "kept");
  assert.equal(again.boolean("f", false), true);
});
