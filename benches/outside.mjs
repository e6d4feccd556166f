// Whom a runbook asks, for benches: a webhook target that checks signatures and calls back, and queries answered by hand.
import { createHmac, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

export const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

function isSigned(headers, body) {
  const key = Buffer.from(SECRET.slice("whsec_".length), "base64");
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  const expected = Buffer.from(`v1,${createHmac("sha256", key).update(signed).digest("base64")}`);
  const given = Buffer.from(headers["webhook-signature"] ?? "");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** `arrived` is told of each webhook: `{ id, body }`, which is answered after `slow` milliseconds. Any query gives 0. */
export async function outside(arrived, slow = () => 0) {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    if (request.url.startsWith("/api/v1/query")) {
      response.setHeader("content-type", "application/json");
      const result = [{ metric: {}, value: [1, "0"] }];
      response.end(JSON.stringify({ status: "success", data: { resultType: "vector", result } }));
      return;
    }
    if (!isSigned(request.headers, body)) {
      response.writeHead(401).end();
      return;
    }
    arrived({ id: request.headers["webhook-id"], body: JSON.parse(body) });
    await new Promise((resolve) => setTimeout(resolve, slow()));
    response.writeHead(202).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { address: `127.0.0.1:${server.address().port}`, close: () => server.close() };
}

/** The targets file of a server, with every webhook and Prometheus at these addresses. */
export function targets(webhooks, prometheus) {
  const hook = { url: `http://${webhooks}/hook`, secret: SECRET, allow_private: true };
  return {
    prometheus: { url: `http://${prometheus}`, allow_private: true },
    webhooks: { deploy: hook, cdn: hook, pager: hook },
  };
}

/** A flag that can be killed, and nothing more. */
export function flag(key, more = {}) {
  return {
    key,
    owner: "bench",
    kind: "ops",
    review: "2099-01-01",
    clients: ["browser", "edge", "server"],
    variants: { on: true, off: false },
    default: "on",
    degraded: { variant: "off", meaning: "off" },
    ...more,
  };
}

export function release(more) {
  const digest = (digit) => `sha256:${digit.repeat(64)}`;
  return {
    key: "shop-2",
    owner: "bench",
    data_change: "none",
    artifact: { kind: "http", reference: "https://artifacts.example/2.tgz", digest: digest("a") },
    previous: { kind: "http", reference: "https://artifacts.example/1.tgz", digest: digest("b") },
    redeploy: "deploy",
    ...more,
  };
}

export async function until(what, condition, seconds = 60) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited ${seconds} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
