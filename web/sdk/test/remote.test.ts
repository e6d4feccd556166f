// Where no evaluation module can run, the control plane decides, and the client says so.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { startClient } from "../src/client.js";
import { globalHost } from "../src/host.js";
import { remotely } from "../src/remote.js";
import type { Client, Options, Problem } from "../src/types.js";
import { wasmEngine } from "../src/wasm-engine.js";
import { controlPlane, flag, module } from "./control-plane.js";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const FLAGS = [flag("f"), flag("pro", { rules: [{ when: [{ attribute: "plan", op: "in", values: ["pro"] }], serve: "on" }], default: "off" })];

async function plane() {
  const made = await controlPlane(FLAGS);
  made.state.header = { ...made.state.header, audience: { kind: "browser", attributes: {}, decided_for: null } };
  closing.push(() => made.close());
  return made;
}

/** `instead` is what the page finds where the module should be. */
function client(url: string, instead: () => Promise<WebAssembly.Module> | never, options: Partial<Options> = {}) {
  const problems: Problem[] = [];
  const seen: string[] = [];
  const made = startClient(
    { key: "key", url, store: false, shareAcrossTabs: false, ...options },
    {
      kind: "browser",
      engine: () => {
        const found = instead();
        return found.then((each) => wasmEngine(each));
      },
      store: () => undefined,
      remote: async () => remotely,
      // Tries again at once.
      host: { ...globalHost(undefined), random: () => 0.001 },
    },
  );
  made.on("problem", (problem) => problems.push(problem));
  made.on("changed", ({ keys, kind }) => seen.push(`${kind} ${keys.join(" ")}`));
  closing.push(() => made.close());
  return { flags: made, problems, seen };
}

const until = (flags: Client, holds: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => void (holds() && (off(), resolve()));
    const off = flags.on("changed", look);
    look();
  });

const EMPTY_MODULE = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
/** A module of a later release: every export, and another program format. */
const later = async (): Promise<WebAssembly.Module> => {
  const bytes = new Uint8Array(await (await import("node:fs/promises")).readFile(new URL("../flags.wasm", import.meta.url)));
  return WebAssembly.compile(bytes);
};

for (const [what, instead, message] of [
  ["blocked by the page's policy", () => Promise.reject(new WebAssembly.CompileError("violates the Content Security Policy")), /Content Security Policy/],
  ["missing", () => Promise.reject(new Error("the evaluation module is not at http://x/flags.wasm: 404")), /404/],
  ["no module at all", () => WebAssembly.compile(new TextEncoder().encode("<!doctype html>")), /magic|module/i],
  ["another module", () => WebAssembly.compile(EMPTY_MODULE), /lacks .*load_program.*not of one release/],
  ["no WebAssembly in the engine", () => { throw new ReferenceError("WebAssembly is not defined"); }, /WebAssembly is not defined/],
] as const) {
  test(`${what}: decided by the control plane, a kill at once, and said`, async () => {
    const server = await plane();
    const { flags, problems, seen } = client(server.url, instead as () => Promise<WebAssembly.Module>, { context: { targetingKey: "u", plan: "pro" } });
    assert.equal(flags.boolean("f", false), false);
    const { state, source } = await flags.ready();
    assert.deepEqual([state, source, flags.boolean("f", false), flags.boolean("pro", false)], ["ready", "remote", true, true]);
    assert.equal(problems[0]?.code, "engine-trap");
    assert.match(problems[0]?.message ?? "", message);
    assert.ok(flags.status().problems.includes("engine-trap"));
    server.kill("f");
    await until(flags, () => !flags.boolean("f", true));
    assert.equal(flags.details("f", true).flagMetadata.cause, "kill");
    assert.equal(seen.at(-1), "kill f");
  });
}

test("module and JavaScript of two releases: refused in words", async () => {
  const instance = new WebAssembly.Instance(await later());
  const exports = { ...instance.exports, format: () => 2 };
  assert.throws(() => wasmEngine(module, undefined, () => ({ exports }) as unknown as WebAssembly.Instance), /program format 2, its JavaScript 1.*not of one release/);
});

test("values of the page stay until the control plane has decided otherwise", async () => {
  const server = await plane();
  server.state.remote = "refuses";
  const { flags, seen, problems } = client(server.url, () => Promise.reject(new Error("no")), { bootstrap: { flags: { f: { value: true, variant: "on", reason: "STATIC" }, pro: { value: false, variant: "off", reason: "DEFAULT" } } } });
  await server.until(() => server.requests.filter((each) => each.includes("/ofrep")).length >= 2);
  assert.deepEqual([flags.boolean("f", false), seen], [true, []]);
  assert.ok(problems.some(({ code }) => code === "connection-failed"));
  server.state.remote = "answers";
  server.kill("f");
  await until(flags, () => !flags.boolean("f", true));
  // The answer to a request that was under way may be the one that has it.
  assert.match(seen.join(), /^(kill|put) f$/);
  assert.deepEqual(flags.status().problems, ["engine-trap"]);
});

test("another user: defaults until it is decided for them", async () => {
  const server = await plane();
  const { flags } = client(server.url, () => Promise.reject(new Error("no")), { context: { targetingKey: "u", plan: "pro" } });
  await flags.ready();
  const changed = flags.setContext({ targetingKey: "v", plan: "free" });
  assert.equal(flags.details("pro", false).errorCode, "PROVIDER_NOT_READY");
  await changed;
  assert.deepEqual([flags.boolean("pro", true), flags.boolean("f", false)], [false, true]);
});

test("a worker asks when it is told to", async () => {
  const server = await plane();
  const { flags } = client(server.url, () => Promise.reject(new Error("no")), { transport: "manual" });
  assert.equal(await flags.refresh(), true);
  assert.equal(flags.boolean("f", false), true);
});
