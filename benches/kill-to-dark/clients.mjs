// One process with many SDK instances: node clients.mjs COUNT URL KEY ENVIRONMENT FLAG
import { createClient } from "downhaul";

const [count, url, key, environment, flag] = process.argv.slice(2);
const clients = Array.from({ length: Number(count) }, (_, at) =>
  createClient({
    url,
    key,
    environment,
    kind: "server",
    signatures: "when-available",
    release: "bench",
    context: { targetingKey: `bench-${process.pid}-${at}`, tenant: "acme", region: "de" },
  }),
);
await Promise.all(clients.map((client) => client.ready()));
process.send?.({ type: "ready", count: clients.length });

process.on("message", (message) => {
  if (message === "close") {
    for (const client of clients) client.close();
    process.disconnect();
  } else if (message === "report") {
    process.send?.({
      type: "report",
      applied: clients.map((client) => client.status().lastChange?.appliedAfterMs ?? null),
      at: clients.map((client) => client.status().lastChange?.at ?? null),
      dark: clients.filter((client) => client.details(flag, null).flagMetadata?.cause === "kill").length,
    });
  }
});
