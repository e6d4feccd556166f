// The edge workers as they are deployed: in workerd, and the server in Deno and Bun. `npm run build` of web/edge makes them.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { createServer as createHttpServer } from "node:http";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { startClient } from "../src/client.js";
import { globalHost } from "../src/host.js";
import type { Client } from "../src/types.js";
import { controlPlane, engine, flag } from "./control-plane.js";
import { sdk, tools } from "./packed.js";

const edge = join(sdk, "../edge");
const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

/** Starts something that serves on a port; gives what ends it. */
async function started(program: string, args: readonly string[], port: number, env: Record<string, string>): Promise<() => Promise<void>> {
  const child: ChildProcess = spawn(program, args, { cwd: edge, env: { ...process.env, ...env }, stdio: ["ignore", "ignore", "pipe"], detached: true });
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  let over = false;
  void ended.then(() => (over = true));
  const end = async (): Promise<void> => {
    try {
      // The launcher and what it launched.
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // Ended by itself.
    }
    await ended;
  };
  closing.push(end);
  for (;;) {
    if (over) throw new Error(`${program} ended: ${said}`);
    if (await fetch(`http://127.0.0.1:${port}/decide?context={}`).then((answer) => answer.body?.cancel().then(() => true) ?? true, () => false)) return end;
    await new Promise((next) => setTimeout(next, 20));
  }
}

const workerd = join(sdk, "../node_modules/.bin/workerd");
/** How each engine is started. */
const RELAYS: Record<string, (port: number) => { readonly program: string; readonly args: readonly string[] }> = {
  workerd: (port) => ({ program: workerd, args: ["serve", "--experimental", `--socket-addr=http=127.0.0.1:${port}`, "relay.capnp"] }),
  Deno: (port) => ({ program: join(tools, ".bin/deno"), args: ["serve", "--no-remote", "--allow-net", "--allow-read", "--allow-env", "--host=127.0.0.1", `--port=${port}`, "dist/server.js"] }),
  Bun: () => ({ program: join(tools, ".bin/bun"), args: ["dist/server.js"] }),
};
const DECIDES: typeof RELAYS = { ...RELAYS, workerd: (port) => ({ program: workerd, args: ["serve", "--experimental", `--socket-addr=http=127.0.0.1:${port}`, "worker.capnp"] }) };

async function upstream(kind: "server" | "edge") {
  const server = await controlPlane([flag("f"), flag("g")]);
  server.state.header = { ...server.state.header, audience: { kind, attributes: {}, decided_for: null } };
  closing.push(() => server.close());
  return server;
}

const environment = (url: string, publicKey: string, port: number, shop = ""): Record<string, string> => ({ DOWNHAUL_URL: url, DOWNHAUL_EDGE_KEY: "key", DOWNHAUL_PUBLIC_KEY: publicKey, SHOP_URL: shop, PORT: String(port) });

function client(url: string, publicKey: string): Client {
  const made = startClient({ key: "key", url, kind: "server", store: false, publicKeys: [publicKey], signatures: "required" }, { kind: "server", engine: () => engine(), store: () => undefined, host: { ...globalHost(undefined), random: () => 0.01 } });
  closing.push(() => made.close());
  return made;
}
const until = (flags: Client, holds: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => void (holds() && (off(), resolve()));
    const off = flags.on("changed", look);
    look();
  });

for (const [name, how] of Object.entries(RELAYS)) {
  test(`${name}: a relay shares a stream, passes a kill and its acknowledgements on, and may be evicted in the middle`, async () => {
    const server = await upstream("server");
    const port = await freePort();
    const { program, args } = how(port);
    const env = environment(server.url, server.by.publicKey, port);
    const end = await started(program, args, port, env);
    const clients = Array.from({ length: 5 }, () => client(`http://127.0.0.1:${port}`, server.by.publicKey));
    for (const each of clients) {
      await each.ready();
      assert.deepEqual([each.boolean("f", false), each.status().transport], [true, "stream"]);
    }
    assert.equal(server.open.size, 1);
    server.kill("f");
    await Promise.all(clients.map((each) => until(each, () => !each.boolean("f", true))));
    const dark = (): number => new Set(server.acknowledged.filter(({ position }) => position.kill_revision === 1).map(({ instance }) => instance)).size;
    await server.until(() => dark() === 5);

    await end();
    for (const each of clients) assert.deepEqual([each.boolean("f", true), each.boolean("g", false)], [false, true]);
    server.kill("g");
    await started(program, args, port, env);
    await Promise.all(clients.map((each) => until(each, () => !each.boolean("g", true))));
  });
}

for (const [name, how] of Object.entries(DECIDES)) {
  test(`${name}: decides from a kept flag set, writes its decisions into the page, and begins anew after an eviction`, async () => {
    const server = await upstream("edge");
    const shop = createHttpServer((_, response) => response.end('<script type="application/json" id="downhaul-bootstrap">{}</script>'));
    await new Promise<void>((resolve) => shop.listen(0, "127.0.0.1", resolve));
    closing.push(() => new Promise((resolve) => (shop.closeAllConnections(), shop.close(resolve))));
    const port = await freePort();
    const { program, args } = how(port);
    const env = environment(server.url, server.by.publicKey, port, `http://127.0.0.1:${(shop.address() as AddressInfo).port}`);
    const url = `http://127.0.0.1:${port}`;
    const decided = async (): Promise<Record<string, { value: unknown; flagMetadata: { cause?: string } }>> => ((await (await fetch(`${url}/decide?context={"targetingKey":"u"}`)).json()) as { flags: never }).flags;

    const end = await started(program, args, port, env);
    assert.equal((await decided())["f"]?.value, true);
    assert.match(await (await fetch(`${url}/?visitor=u`)).text(), /"f":\{"value":true,"variant":"on"/);

    // Evicted, and the control plane away: an answer all the same, without values.
    await end();
    server.state.polls = false;
    const again = await started(program, args, port, env);
    assert.deepEqual(await decided(), {});
    // Back, with a kill: the next request that asks anew has it.
    server.state.polls = true;
    server.kill("f");
    let last = await decided();
    while (last["f"] === undefined) last = await decided();
    assert.deepEqual([last["f"].value, last["f"].flagMetadata.cause], [false, "kill"]);
    await again();
  });
}
