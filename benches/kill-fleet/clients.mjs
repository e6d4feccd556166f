// One process with many clients: node clients.mjs, told what it needs on standard input as a line of JSON; answers by lines.
import { createInterface } from "node:readline";
import { createClient } from "downhaul";

const lines = createInterface({ input: process.stdin });
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

let clients = [];
let flag = "";

/** When the client's reads first gave the degraded variant, why, and how long it had been silent then. */
function watch(client) {
  const seen = { client, dark: undefined, cause: undefined, silent: undefined, killed: undefined };
  client.on("changed", () => {
    const cause = client.details(flag, null).flagMetadata.cause;
    const now = Date.now();
    if (cause !== undefined && seen.dark === undefined) Object.assign(seen, { dark: now, cause, silent: client.status().silentSeconds });
    if (cause === "kill") seen.killed ??= now;
  });
  return seen;
}

for await (const line of lines) {
  const asked = JSON.parse(line);
  if (asked.begin) {
    const { count, url, key, region } = asked.begin;
    flag = asked.begin.flag;
    // Not all in one moment: that would be another bench.
    for (let from = 0; from < count; from += 25) {
      const some = Array.from({ length: Math.min(25, count - from) }, (_, at) =>
        watch(createClient({ url, key, kind: "server", environment: "production", release: "bench", region, context: { targetingKey: `${region}-${process.pid}-${from + at}` } })),
      );
      await Promise.all(some.map(({ client }) => client.ready()));
      clients.push(...some);
    }
    say({ ready: clients.length });
  } else if (asked.report) {
    say({ report: clients.map(({ dark, cause, silent, killed }) => ({ dark, cause, silent, killed })) });
  } else if (asked.close) {
    process.exit(0);
  }
}
