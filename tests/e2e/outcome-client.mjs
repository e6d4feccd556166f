// A back end that does its work behind a flag all the time and counts how that went. node outcome-client.mjs URL KEY
// A line on standard input changes the work: `{"on": 0.5, "off": 0}` are the shares that fail by variant, `{"idle": true}` does nothing.
import { createInterface } from "node:readline";
import { createClient } from "../../web/sdk/dist/node.js";
import { outcomes } from "../../web/sdk/dist/outcomes.js";

const [url, key] = process.argv.slice(2);
const client = createClient({ key, url, kind: "server", context: { targetingKey: "u", tenant: "acme", region: "de" } });
const { watch } = outcomes(client);
let work = { on: 0, off: 0, idle: false };
createInterface({ input: process.stdin }).on("line", (line) => (work = { ...work, ...JSON.parse(line) }));

let done = 0;
setInterval(() => {
  const variant = client.details("checkout-v2", null).variant;
  if (work.idle || variant === undefined) return;
  try {
    watch("checkout-v2", () => {
      // Every second one fails where half of them are to.
      if (Math.floor((done + 1) * work[variant]) > Math.floor(done * work[variant])) throw new Error("declined");
    });
  } catch {
    // Counted, and the back end goes on.
  }
  done += 1;
}, 20);
client.on("changed", () => console.log(JSON.stringify({ variant: client.details("checkout-v2", null).variant ?? null })));
