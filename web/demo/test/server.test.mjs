// The shop's back end, as it is built: what it signs, and what it refuses.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { jwtVerify } from "jose";

const secret = "a secret of the tests, long enough";
let shop;
let address;

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

before(async () => {
  const port = await freePort();
  address = `http://127.0.0.1:${port}`;
  shop = spawn(process.execPath, [fileURLToPath(new URL("../dist/server.mjs", import.meta.url))], {
    env: { ...process.env, SHOP_PORT: String(port), DOWNHAUL_TOKEN_SECRET: secret, DOWNHAUL_BROWSER_KEY: "dhk_test" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(shop.stdout, "data");
});

after(async () => {
  shop.kill();
  await once(shop, "exit");
});

test("a visit is proved by a token for this environment that runs out", async () => {
  const answer = await fetch(`${address}/api/visit?visitor=visitor-12345678&tenant=acme&region=de`);
  const { token } = await answer.json();
  const { payload } = await jwtVerify(token, new TextEncoder().encode(secret), { audience: "production" });
  assert.equal(payload.sub, "visitor-12345678");
  assert.deepEqual(payload.attributes, { tenant: "acme", region: "de" });
  assert.ok(payload.exp > payload.iat);
});

test("a tenant, region or visitor that the shop does not know gets no token", async () => {
  for (const query of [
    "visitor=visitor-12345678&tenant=umbra&region=de",
    "visitor=visitor-12345678&tenant=acme&region=atlantis",
    "visitor=%3Cscript%3E&tenant=acme&region=de",
    "",
  ]) {
    const answer = await fetch(`${address}/api/visit?${query}`);
    assert.equal(answer.status, 400, query);
    assert.equal((await answer.json()).token, undefined, query);
  }
});

test("the page learns its public key, never the secret", async () => {
  const text = await (await fetch(`${address}/api/settings`)).text();
  assert.equal(JSON.parse(text).key, "dhk_test");
  assert.ok(!text.includes(secret));
});

test("nothing outside the public folder is sent", async () => {
  assert.equal((await fetch(`${address}/`)).status, 200);
  for (const path of ["/..%2fserver.mjs", "/%2e%2e/server.mjs", "/../../package.json", "/missing.js", "/%zz"]) {
    assert.equal((await fetch(`${address}${path}`)).status, 404, path);
  }
});

test("nothing but reading is answered", async () => {
  assert.equal((await fetch(`${address}/api/visit`, { method: "POST" })).status, 405);
});

test("without its key or its secret it says which is missing, and how to make it", async () => {
  for (const missing of ["DOWNHAUL_BROWSER_KEY", "DOWNHAUL_TOKEN_SECRET"]) {
    const env = { ...process.env, DOWNHAUL_BROWSER_KEY: "dhk_x", DOWNHAUL_TOKEN_SECRET: secret, SHOP_PORT: "0" };
    delete env[missing];
    const started = spawn(process.execPath, [fileURLToPath(new URL("../dist/server.mjs", import.meta.url))], { env, stdio: ["ignore", "ignore", "pipe"] });
    let told = "";
    started.stderr.on("data", (chunk) => (told += chunk));
    const [code] = await once(started, "exit");
    assert.equal(code, 2);
    assert.match(told, new RegExp(missing));
    assert.match(told, /downhaul keys create/);
  }
});
