// The shop's back end: serves the page, and signs what a customer's back end knows of its visitor
// (tenant and region) into a context token, so that the page cannot claim another tenant's flags.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import { settings } from "./settings.js";
import { sendFile } from "./static.js";
import { contextToken } from "./token.js";

const publicFolder = fileURLToPath(new URL("./public/", import.meta.url));

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://shop.invalid");
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.writeHead(405, { allow: "GET, HEAD" }).end();
  } else if (url.pathname === "/api/settings") {
    sendJson(response, {
      downhaul: settings.downhaul,
      key: settings.browserKey,
      environment: settings.environment,
      tenants: settings.tenants,
      regions: settings.regions,
    });
  } else if (url.pathname === "/api/visit") {
    await sendVisit(url, response);
  } else {
    await sendFile(publicFolder, url.pathname, response);
  }
}

/** A visit: who the visitor is to the shop, and the token that proves it to Downhaul. */
async function sendVisit(url: URL, response: ServerResponse): Promise<void> {
  const visitor = url.searchParams.get("visitor") ?? "";
  const tenant = url.searchParams.get("tenant") ?? "";
  const region = url.searchParams.get("region") ?? "";
  const known = settings.tenants.includes(tenant) && settings.regions.some((each) => each.key === region);
  if (!/^[a-z0-9-]{8,64}$/.test(visitor) || !known) {
    sendJson(response, { error: "visitor, tenant and region must be among those of /api/settings" }, 400);
    return;
  }
  sendJson(response, { token: await contextToken({ visitor, tenant, region }) });
}

function sendJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(body));
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    console.error(error);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  });
});

server.on("error", (error: NodeJS.ErrnoException) => {
  const hint = error.code === "EADDRINUSE" ? `port ${settings.port} is taken; set SHOP_PORT to another one` : error.message;
  console.error(`the shop cannot listen: ${hint}`);
  process.exit(1);
});
server.listen(settings.port, settings.host, () => console.log(`shop: http://${settings.host}:${settings.port}/`));

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}
