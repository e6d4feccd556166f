// A server that has a flag set at hand decides before anything is asked for; `bootstrap` in Node, by the package's own entry.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, afterEach, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Header } from "../src/envelope.js";
import type { Client, Options, Problem } from "../src/types.js";
import { compiled, controlPlane, envelope, flag, killOf, signer } from "./control-plane.js";
import { sdk } from "./packed.js";

const { createClient } = (await import(pathToFileURL(join(sdk, "dist/node.js")).href)) as typeof import("../src/entry/node.js");
const FLAGS = [flag("checkout", { rules: [{ when: [{ tenant: ["acme"] }], serve: "off" }] }), flag("recommendations", { on_stale: "degraded" })];
const server = await controlPlane(FLAGS);
after(() => server.close());
const closing: Client[] = [];
afterEach(async () => {
  for (const client of closing.splice(0)) await client.close();
});

function client(bootstrap: Uint8Array, options: Partial<Options> = {}): Client {
  const made = createClient({ url: server.url, key: "key", publicKeys: [server.by.publicKey], store: false, bootstrap, ...options });
  closing.push(made);
  return made;
}

const bytes = (change: Partial<Header> = {}, kills: object[] = [], by = server.by): Uint8Array => {
  const made = compiled(FLAGS, kills);
  return envelope(by, made.program, made.kills, { epoch: 1000, ...change });
};
const NOBODY: typeof fetch = () => assert.fail("nobody is to be asked yet");

test("it decides at once, says that it is ready, and goes on with what the control plane has", async () => {
  let asked = 0;
  const flags = client(bytes(), { fetch: (input, init) => (asked++, fetch(input, init)) });
  assert.equal(flags.boolean("checkout", false), true);
  assert.equal(flags.evaluate({ tenant: "acme" }).boolean("checkout", true), false);
  assert.deepEqual(flags.details("checkout", false).flagMetadata, { revision: 1 });
  const { source, transport, state, problems } = flags.status();
  assert.deepEqual({ source, transport, state, problems }, { source: "kept", transport: "kept", state: "offline", problems: [] });
  let ready = 0;
  flags.on("ready", () => ready++);
  assert.equal((await flags.ready()).source, "kept");
  assert.equal(asked, 0, "the first decisions go before the connection");
  const dark = new Promise<void>((resolve) => flags.on("changed", ({ kind }) => kind === "kill" && resolve()));
  await server.until(() => server.open.size > 0);
  server.kill("checkout");
  await dark;
  assert.equal(flags.boolean("checkout", true), false);
  assert.equal(ready, 1);
  server.restore("checkout");
});

test("kills of the flag set at hand are as good as any", () => {
  const flags = client(bytes({ kill_revision: 3 }, [killOf("checkout")]), { fetch: NOBODY, transport: "manual" });
  const { value, flagMetadata } = flags.details("checkout", true);
  assert.deepEqual([value, flagMetadata.cause], [false, "kill"]);
});

test("without signatures it needs no key", () => {
  const flags = client(bytes({}, [], signer()), { publicKeys: undefined, signatures: "off", fetch: NOBODY, transport: "manual" });
  assert.equal(flags.boolean("checkout", false), true);
});

test("one from long ago: flags that do not outlive silence are degraded, and one past its validity says so", () => {
  const flags = client(bytes({ issued_at: "2026-01-01T00:00:00Z", valid_until: "2026-01-02T00:00:00Z" }), { fetch: NOBODY, transport: "manual" });
  assert.equal(flags.details("recommendations", true).flagMetadata.cause, "stale");
  assert.deepEqual([flags.boolean("checkout", false), flags.details("checkout", false).reason, flags.status().state], [true, "STALE", "stale"]);
});

const flipped = (of: Uint8Array, at: number): Uint8Array => of.with(at < 0 ? of.length + at : at, (of.at(at) as number) ^ 1);

for (const [name, bootstrap, options, expected] of [
  ["another's key", bytes({}, [], signer()), {}, ["signature-invalid"]],
  ["no key that is trusted", bytes(), { publicKeys: undefined }, ["signature-invalid"]],
  ["a key that is none", bytes(), { publicKeys: ["AAAA", "???"] }, ["bootstrap-malformed"]],
  ["a header that was changed", flipped(bytes(), 100), {}, ["signature-invalid"]],
  ["a kill set that was changed", flipped(bytes(), -1), {}, ["digest-mismatch"]],
  ["a program that was changed, unsigned", flipped(bytes(), Buffer.from(bytes()).indexOf("recommendations")), { signatures: "off" }, ["program-refused", "bootstrap-malformed"]],
  ["something else", new TextEncoder().encode("<!doctype html>"), {}, ["envelope-malformed"]],
  ["nothing", new Uint8Array(), {}, ["envelope-malformed"]],
  ["another environment's", bytes(), { environment: "production" }, ["other-environment", "bootstrap-malformed"]],
  ["that of pages", bytes({ audience: { kind: "browser", attributes: {}, decided_for: null } }), {}, ["other-audience", "bootstrap-malformed"]],
  ["of a format from the future", bytes({ program_format: 9 }), {}, ["program-refused", "bootstrap-malformed"]],
] as const) {
  test(`refused: ${name}`, async () => {
    const flags = client(bootstrap, { fetch: NOBODY, transport: "manual", ...options });
    const told: Problem[] = [];
    flags.on("problem", (problem) => told.push(problem));
    assert.equal(flags.boolean("checkout", false), false, "the caller's default");
    await Promise.resolve();
    assert.deepEqual(flags.status().problems, expected);
    if (name === "no key that is trusted") assert.match(told[0]?.help ?? "", /publicKeys/);
    assert.equal(told.length, 1, "whoever listens is told");
  });
}

test("a digest that nobody signed is checked after the first decisions", async () => {
  const flags = client(bytes({ kills_sha256: "0".repeat(64) }), { signatures: "off", fetch: NOBODY, transport: "manual" });
  assert.deepEqual([flags.boolean("checkout", false), flags.status().problems], [true, []]);
  const problem = await new Promise<Problem>((resolve) => flags.on("problem", resolve));
  assert.equal(problem.code, "digest-mismatch");
});

test("the smaller module goes first, and the larger one changes no answer", () => {
  const flags = client(bytes(), { fetch: NOBODY, transport: "manual" });
  for (let i = 0; i < 200; i++) {
    const tenant = i % 2 ? "acme" : "globex";
    const { value, reason, flagMetadata } = flags.evaluate({ tenant }).details("checkout", null);
    assert.deepEqual([value, reason, flagMetadata.ruleIndex], i % 2 ? [false, "TARGETING_MATCH", 0] : [true, "DEFAULT", undefined], String(i));
  }
});
