// Tells of the use of flags without end: batches of 250 entries, packed, as 200 instances.
// fork: URL KEY ENTRIES-A-SECOND FLAGS
import { Agent, request } from "node:http";
import { gzipSync } from "node:zlib";

const [url, key, wanted, flags] = process.argv.slice(2);
const keys = flags.split(",");
const ENTRIES = 250;
const INSTANCES = 200;
const perSecond = Number(wanted) / ENTRIES;
const agent = new Agent({ keepAlive: true, maxSockets: 16 });
const latency = { count: 40, sum_ms: 600, buckets: [[95, 30], [103, 8], [120, 2]] };
const exposures = keys.flatMap((flag) => ["on", "off"].map((variant) => ({ flag, variant, reason: "SPLIT", count: 40, units: 3 })));
const outcomes = keys.flatMap((flag) => ["on", "off"].map((variant) => ({ name: "pay", flag, variant, count: 40, failed: 1, latency })));
const guards = keys.map((flag) => ({ flag, variant: "on", ok: 38, failed: 2 }));

let [sent, taken, refused] = [0, 0, 0];
let batch = 0;
function tell() {
  const instance = `i-${batch % INSTANCES}`;
  const number = 1 + Math.floor(batch++ / INSTANCES);
  const body = gzipSync(JSON.stringify({ telemetry: 1, instance, batch: number, sdk: "bench/1", region: "eu", buckets: [{ from_ms: 60000, to_ms: 0, exposures, outcomes, guards }], breakers: [] }), { level: 1 });
  sent += ENTRIES;
  const asked = request(`${url}/client/v1/telemetry`, { method: "POST", agent, headers: { authorization: `Bearer ${key}`, "content-type": "application/json", "content-encoding": "gzip", "content-length": body.length } }, (answer) => {
    answer.resume();
    if (answer.statusCode === 200) taken += ENTRIES;
    else refused++;
  });
  asked.on("error", () => refused++);
  asked.end(body);
}

let began = performance.now();
let made = 0;
setInterval(() => {
  const due = Math.floor(((performance.now() - began) / 1000) * perSecond);
  // What cannot be sent in time is not made up for in one go.
  for (let burst = 0; made < due && burst < 20; burst++, made++) tell();
}, 5);
setTimeout(() => {
  [sent, taken, refused, made, began] = [0, 0, 0, 0, performance.now()];
  process.send("flooding");
}, 3000);
process.on("message", () => process.send({ seconds: (performance.now() - began) / 1000, sent, taken, refused }));
