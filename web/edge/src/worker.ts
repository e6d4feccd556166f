// Decides at the edge from a kept flag set, and hands the shop's page its first values, so that it renders without a request.

import { createClient, type Client } from "downhaul";

export interface Env {
  DOWNHAUL_URL: string;
  DOWNHAUL_EDGE_KEY: string;
  /** Base64 of the control plane's Ed25519 key; signatures are required at the edge. */
  DOWNHAUL_PUBLIC_KEY: string;
  SHOP_URL: string;
}

interface Execution {
  waitUntil(work: Promise<unknown>): void;
}

/** How old the flag set may be before a request asks for a newer one, in milliseconds. */
const FRESH_MS = 1000;
/** Tenants and regions are the visitor's words here; a real edge takes them from its session. */
const VISITOR = "leeward-visitor";

let client: Client | undefined;
let refreshedAt = 0;

export default {
  async fetch(request: Request, env: Env, execution: Execution): Promise<Response> {
    const kept = await keptClient(env, execution);
    const url = new URL(request.url);
    if (url.pathname === "/decide") return decide(kept, request);
    if (url.pathname === "/" || url.pathname === "/index.html") return await page(kept, request, env);
    return await fetch(new Request(new URL(url.pathname + url.search, env.SHOP_URL), request));
  },
};

/** The client of this isolate. Only the first request waits for a flag set; later ones refresh it in the background. */
async function keptClient(env: Env, execution: Execution): Promise<Client> {
  client ??= createClient({
    url: env.DOWNHAUL_URL,
    key: env.DOWNHAUL_EDGE_KEY,
    kind: "edge",
    publicKeys: [env.DOWNHAUL_PUBLIC_KEY],
    signatures: "required",
    transport: "manual",
    release: "edge 1.0.0",
  });
  const now = Date.now();
  if (!client.status().position) {
    // Each request that finds an empty isolate fetches for itself: workerd lets none await what another started.
    await client.refresh();
    refreshedAt = now;
  } else if (now - refreshedAt > FRESH_MS) {
    refreshedAt = now;
    execution.waitUntil(client.refresh());
  }
  return client;
}

/** `GET /decide?context={…}`: every flag for one context. */
function decide(client: Client, request: Request): Response {
  const text = new URL(request.url).searchParams.get("context") ?? "{}";
  const context = parsed(text);
  if (!context) {
    return Response.json({ error: "context must be a JSON object", help: "write /decide?context={\"targetingKey\":\"user-1\"}" }, { status: 400 });
  }
  const decided = client.evaluate(context);
  return Response.json({ position: client.status().position ?? null, flags: decided.all() });
}

/** The shop's page with the decisions for this visitor written into it. */
async function page(client: Client, request: Request, env: Env): Promise<Response> {
  const url = new URL(request.url);
  const visitor = url.searchParams.get("visitor") ?? cookie(request, VISITOR) ?? `visitor-${crypto.randomUUID().slice(0, 8)}`;
  const context = {
    targetingKey: visitor,
    tenant: url.searchParams.get("tenant") ?? "acme",
    region: url.searchParams.get("region") ?? "de",
  };
  const bootstrap = JSON.stringify(client.evaluate(context).bootstrapData()).replaceAll("<", "\\u003c");
  const answer = await fetch(new URL("/", env.SHOP_URL));
  const html = (await answer.text()).replace(
    /(<script type="application\/json" id="downhaul-bootstrap">)[^<]*/,
    (_, open: string) => open + bootstrap,
  );
  return new Response(html, {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "set-cookie": `${VISITOR}=${encodeURIComponent(visitor)}; Path=/; SameSite=Lax`,
    },
  });
}

function cookie(request: Request, name: string): string | undefined {
  const found = (request.headers.get("cookie") ?? "").split("; ").find((each) => each.startsWith(`${name}=`));
  return found && decodeURIComponent(found.slice(name.length + 1));
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
