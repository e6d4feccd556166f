// The providers, driven by OpenFeature's own SDKs as an application does.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { OpenFeature as Server, ProviderEvents as ServerEvents, ProviderStatus as ServerStatus, type Client as ServerClient } from "@openfeature/server-sdk";
import { OpenFeature as Web, ProviderEvents as WebEvents, ProviderStatus as WebStatus, type Client as WebClient } from "@openfeature/web-sdk";
import { startClient } from "../src/client.js";
import { outcomes } from "../src/outcomes.js";
import { DownhaulServerProvider } from "../src/openfeature-server.js";
import { DownhaulWebProvider, type WebProviderOptions } from "../src/openfeature-web.js";
import type { Client, Options } from "../src/types.js";
import { controlPlane, engine, flag } from "./control-plane.js";

const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  // The SDKs close their providers, and these the clients.
  await Server.clearProviders();
  await Web.clearProviders();
  Server.clearHandlers();
  Web.clearHandlers();
  await Web.clearContext();
  for (const close of closing.splice(0).reverse()) await close();
});

const FLAGS = [
  flag("new-checkout", { rules: [{ when: [{ attribute: "plan", op: "in", values: ["pro"] }], serve: "on" }], default: "off" }),
  flag("title", { variants: { a: "Buy", b: "Order" }, degraded: { variant: "b", meaning: "-" }, default: "a" }),
  flag("limit", { variants: { few: 3, many: 30 }, degraded: { variant: "few", meaning: "-" }, default: "many" }),
  flag("theme", { variants: { dark: { ink: "#fff" }, light: { ink: "#000" } }, degraded: { variant: "light", meaning: "-" }, default: "dark" }),
];

async function plane(flags: object[] = FLAGS) {
  const made = await controlPlane(flags);
  closing.push(() => made.close());
  return made;
}

const client = (url: string, options: Partial<Options> = {}): Client =>
  startClient({ key: "key", url, kind: "server", store: false, ...options }, { kind: "server", engine: () => engine(), store: () => undefined });

/** Resolves with the next event of a kind. */
const next = (from: ServerClient, event: ServerEvents) =>
  new Promise<{ message?: string | undefined; flagsChanged?: string[] | undefined }>((resolve) => from.addHandler(event, (details) => resolve((details ?? {}) as object)));
const nextOf = (from: WebClient, event: WebEvents) =>
  new Promise<{ message?: string | undefined; flagsChanged?: string[] | undefined }>((resolve) => from.addHandler(event, (details) => resolve((details ?? {}) as object)));

async function onServer(url: string, options: Partial<Options> = {}) {
  await Server.setProviderAndWait(new DownhaulServerProvider(client(url, options)));
  return Server.getClient();
}

async function inPage(url: string, options: Partial<Options> = {}, more: WebProviderOptions = {}) {
  const ours = client(url, options);
  await Web.setProviderAndWait(new DownhaulWebProvider(ours, more));
  return { ours, flags: Web.getClient() };
}

test("server: every type, for the context of each call", async () => {
  const flags = await onServer((await plane()).url);
  assert.equal(Server.providerMetadata.name, "downhaul");
  assert.equal(await flags.getBooleanValue("new-checkout", false, { targetingKey: "u", plan: "pro" }), true);
  assert.equal(await flags.getBooleanValue("new-checkout", true, { targetingKey: "u", plan: "free" }), false);
  assert.equal(await flags.getStringValue("title", "-"), "Buy");
  assert.equal(await flags.getNumberValue("limit", 0), 30);
  assert.deepEqual(await flags.getObjectValue("theme", {}), { ink: "#fff" });
  assert.deepEqual(await flags.getObjectValue("theme", null), { ink: "#fff" });
  const { value, variant, reason, flagMetadata, errorCode } = await flags.getBooleanDetails("new-checkout", false, { plan: "pro" });
  assert.deepEqual({ value, variant, reason, flagMetadata, errorCode }, { value: true, variant: "on", reason: "TARGETING_MATCH", flagMetadata: { ruleIndex: 0, revision: 1 }, errorCode: undefined });
});

test("server: what can't be answered is the caller's default with OpenFeature's code", async () => {
  const flags = await onServer((await plane()).url);
  for (const [found, code, value] of [
    [await flags.getBooleanDetails("nothing", true), "FLAG_NOT_FOUND", true],
    [await flags.getBooleanDetails("title", true), "TYPE_MISMATCH", true],
    [await flags.getNumberDetails("title", 7), "TYPE_MISMATCH", 7],
    [await flags.getObjectDetails("title", null), "TYPE_MISMATCH", null],
    [await flags.getStringDetails("theme", "x"), "TYPE_MISMATCH", "x"],
  ] as const) {
    assert.deepEqual([found.errorCode, found.value, found.reason], [code, value, "ERROR"]);
    assert.ok(found.errorMessage);
  }
});

test("server: a kill is a change of configuration, and says so", async () => {
  const server = await plane();
  const flags = await onServer(server.url);
  const changed = next(flags, ServerEvents.ConfigurationChanged);
  server.kill("title");
  assert.deepEqual((await changed).flagsChanged, ["title"]);
  const { value, reason, flagMetadata } = await flags.getStringDetails("title", "-");
  assert.deepEqual([value, reason, flagMetadata["cause"]], ["Order", "DISABLED", "kill"]);
});

test("server: no control plane is an error that ends by itself", async () => {
  const server = await plane();
  server.state.streams = server.state.polls = false;
  const ours = client(server.url, { readyTimeoutSeconds: 0.05 });
  await assert.rejects(Server.setProviderAndWait(new DownhaulServerProvider(ours)), /no flag set has come yet/);
  const flags = Server.getClient();
  assert.equal(flags.providerStatus, ServerStatus.ERROR);
  assert.equal(await flags.getBooleanValue("new-checkout", true, { plan: "pro" }), true);
  const ready = next(flags, ServerEvents.Ready);
  server.state.streams = server.state.polls = true;
  await ready;
  assert.equal(flags.providerStatus, ServerStatus.READY);
  assert.equal(await flags.getNumberValue("limit", 0), 30);
});

test("server: a refused key is an error in words", async () => {
  const ours = client((await plane()).url, { key: "another", readyTimeoutSeconds: 0.2 });
  await new Promise((resolve) => ours.on("error", resolve));
  await assert.rejects(Server.setProviderAndWait(new DownhaulServerProvider(ours)), /unauthorized/);
});

test("closing a provider closes its client", async () => {
  const server = await plane();
  await onServer(server.url);
  await server.until(() => server.acknowledged.length > 0);
  await Server.clearProviders();
  assert.equal(server.acknowledged.at(-1)?.state, "closing");
});

test("tracking goes to whoever asked for it, and what throws there harms nobody", async () => {
  const seen: unknown[] = [];
  const track = (name: string, { targetingKey }: { targetingKey?: string | undefined }, details: object): void => {
    seen.push([name, targetingKey, details]);
    throw new Error("full");
  };
  const shown = console.error;
  console.error = () => undefined;
  try {
    await Server.setProviderAndWait(new DownhaulServerProvider(client((await plane()).url), { track }));
    Server.getClient().track("order", { targetingKey: "u" }, { value: 12.5 });
    Server.getClient().track("silent");
  } finally {
    console.error = shown;
  }
  assert.deepEqual(seen, [["order", "u", { value: 12.5 }], ["silent", undefined, {}]]);
});

test("a tracking event that names flags is an outcome, under the variant of its own context, on servers", async () => {
  const server = await plane();
  const flags = client(server.url);
  await Server.setProviderAndWait(new DownhaulServerProvider(flags, { outcomes: outcomes(flags) }));
  const tracking = Server.getClient();
  tracking.track("order", { targetingKey: "u", plan: "pro" }, { value: 12.5, flag: "new-checkout" });
  tracking.track("order", { targetingKey: "v", plan: "free" }, { flag: ["new-checkout", "title", "no-such-flag"], ok: false });
  tracking.track("order", { targetingKey: "v" }, { flag: "title", variant: "begun-under" });
  tracking.track("page-view", { targetingKey: "u" }, { value: 1 });
  tracking.track("order", { targetingKey: "u" }, { flag: 7 });
  await Server.clearProviders();
  const told = server.acknowledged.flatMap(({ outcomes = [] }) => outcomes.flatMap(({ counts }) => counts));
  assert.deepEqual(told.map(({ flag, variant, ok, failed }) => [flag, variant, ok, failed]), [
    ["new-checkout", "on", 1, 0],
    ["new-checkout", "off", 0, 1],
    ["title", "a", 0, 1],
    ["title", "begun-under", 1, 0],
  ]);
});

test("page: a tracking event that names a flag is an outcome", async () => {
  const server = await plane();
  await Web.setContext({ targetingKey: "u", plan: "pro" });
  const flags = client(server.url);
  await Web.setProviderAndWait(new DownhaulWebProvider(flags, { outcomes: outcomes(flags) }));
  Web.getClient().track("order", { flag: "new-checkout" });
  Web.getClient().track("order", { flag: "new-checkout", ok: false });
  await Web.clearProviders();
  assert.deepEqual(server.acknowledged.flatMap(({ outcomes = [] }) => outcomes.flatMap(({ counts }) => counts)), [{ flag: "new-checkout", variant: "on", ok: 1, failed: 1 }]);
});

test("page: the SDK's context is the client's, and changes with it", async () => {
  const server = await plane();
  await Web.setContext({ targetingKey: "u", plan: "pro" });
  const { flags } = await inPage(server.url);
  assert.equal(flags.getBooleanValue("new-checkout", false), true);
  await Web.setContext({ targetingKey: "u", plan: "free" });
  assert.equal(flags.getBooleanValue("new-checkout", true), false);
  assert.equal(flags.providerStatus, WebStatus.READY);
});

test("page: an empty context leaves the client's own", async () => {
  const { flags } = await inPage((await plane()).url, { context: { plan: "pro" } });
  assert.equal(flags.getBooleanValue("new-checkout", false), true);
});

test("page: types, codes and changes", async () => {
  const server = await plane();
  const { flags } = await inPage(server.url);
  assert.deepEqual([flags.getStringValue("title", "-"), flags.getNumberValue("limit", 0), flags.getObjectValue("theme", {})], ["Buy", 30, { ink: "#fff" }]);
  assert.equal(flags.getBooleanDetails("nothing", true).errorCode, "FLAG_NOT_FOUND");
  assert.equal(flags.getNumberDetails("title", 7).errorCode, "TYPE_MISMATCH");
  const changed = nextOf(flags, WebEvents.ConfigurationChanged);
  server.kill("title");
  assert.deepEqual((await changed).flagsChanged, ["title"]);
  assert.equal(flags.getStringDetails("title", "-").flagMetadata["cause"], "kill");
});

test("page: no change of configuration is told for another context", async () => {
  const server = await plane();
  await Web.setContext({ plan: "free" });
  const { flags } = await inPage(server.url);
  const told: unknown[] = [];
  flags.addHandler(WebEvents.ConfigurationChanged, (details) => void told.push(details?.flagsChanged));
  await Web.setContext({ plan: "pro" });
  const killed = nextOf(flags, WebEvents.ConfigurationChanged);
  server.kill("limit");
  await killed;
  assert.deepEqual(told, [["limit"]]);
});

test("page: a token goes with each context", async () => {
  const asked: unknown[] = [];
  await Web.setContext({ targetingKey: "u" });
  await inPage((await plane()).url, { transport: "poll" }, {
    contextToken: (context) => {
      asked.push(context.targetingKey);
      return undefined;
    },
  });
  await Web.setContext({ targetingKey: "v" });
  assert.ok(asked.includes("v"), "asked before a connection");
});

test("page: silence is stale, and ends", async () => {
  const server = await plane();
  const { ours, flags } = await inPage(server.url, { staleSeconds: 0.2 });
  const stale = nextOf(flags, WebEvents.Stale);
  server.state.streams = server.state.polls = false;
  server.cut();
  await stale;
  assert.equal(flags.providerStatus, WebStatus.STALE);
  assert.equal(flags.getStringValue("title", "-"), "Buy");
  server.state.streams = server.state.polls = true;
  const ready = new Promise<void>((resolve) => flags.addHandler(WebEvents.Ready, () => flags.providerStatus === WebStatus.READY && resolve()));
  await ours.refresh();
  await ready;
});
