// What a guarded call costs over the bare one, beside cockatiel and opossum, in one run: `cargo xtask bench breaker`.
import { createHash } from "node:crypto";
import { circuitBreaker, ConsecutiveBreaker, handleAll, SamplingBreaker } from "cockatiel";
import CircuitBreaker from "opossum";
import { createClient } from "../../web/sdk/dist/node.js";
import { guards } from "../../web/sdk/dist/guard.js";
import { loadTooling } from "../../web/sdk/dist/tooling-node.js";

const CALLS = 200_000;
const ROUNDS = 15;

/** A client as any other, whose control plane answers from memory. */
async function client() {
  const tooling = await loadTooling();
  const flag = { key: "recommendations", owner: "bench", kind: "release", expires: "2099-01-01", clients: ["server"], variants: { on: true, off: false }, degraded: { variant: "off", meaning: "Best sellers" }, default: "on" };
  const { program, kills } = tooling.compile({ schema: 1, environment: "bench", revision: 1, flags: [flag] }, { killRevision: 0 });
  const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
  const header = Buffer.from(
    JSON.stringify({
      type: "downhaul.flag-set/1",
      epoch: 1,
      environment: "bench",
      audience: { kind: "server", attributes: {}, decided_for: null },
      revision: 1,
      kill_revision: 0,
      issued_at: new Date().toISOString(),
      valid_until: new Date(Date.now() + 86_400_000).toISOString(),
      program_format: 1,
      program_length: program.length,
      program_sha256: sha256(program),
      kills_length: kills.length,
      kills_sha256: sha256(kills),
      breakers: { recommendations: { fallback: "off", of: "1" } },
    }),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  const envelope = Buffer.concat([Buffer.from("DHE1"), Buffer.alloc(72), length, header, program, kills]);
  const fetch = async (url) => (String(url).includes("/flag-set") ? new Response(envelope, { headers: { etag: '"1"' } }) : new Response(null, { status: 204 }));
  const made = createClient({ url: "http://bench", key: "bench", kind: "server", transport: "manual", signatures: "off", store: false, fetch });
  await made.refresh();
  if (!made.boolean("recommendations", false)) throw new Error(`the flag is off: ${JSON.stringify(made.status())}`);
  return made;
}

const bare = (n) => n + 1;
const bareAsync = async (n) => n + 1;
const { guard, breakers } = guards(await client());
const options = { fallback: bare };
const guarded = guard("recommendations", bare, options);
const guardedAsync = guard("recommendations", bareAsync, { fallback: bareAsync });
// Both as they are documented, with a window and a share as ours; neither has a timeout, as ours has none here.
const sampling = circuitBreaker(handleAll, { halfOpenAfter: 5000, breaker: new SamplingBreaker({ threshold: 0.5, duration: 10_000, minimumRps: 2 }) });
const consecutive = circuitBreaker(handleAll, { halfOpenAfter: 5000, breaker: new ConsecutiveBreaker(5) });
const opossum = new CircuitBreaker(bareAsync, { timeout: false, errorThresholdPercentage: 50, resetTimeout: 5000, rollingCountTimeout: 10_000, rollingCountBuckets: 10, volumeThreshold: 20 });

const synchronous = (call) => () => {
  let sum = 0;
  for (let n = 0; n < CALLS; n++) sum += call(n);
  return sum;
};
const awaited = (call) => async () => {
  let sum = 0;
  for (let n = 0; n < CALLS; n++) sum += await call(n);
  return sum;
};

const measured = {
  "bare, synchronous": synchronous(bare),
  "downhaul, synchronous": synchronous(guarded),
  "bare, awaited": awaited(bareAsync),
  "downhaul, awaited": awaited(guardedAsync),
  "cockatiel, by the share that fails": awaited((n) => sampling.execute(() => bareAsync(n))),
  "cockatiel, by failures in a row": awaited((n) => consecutive.execute(() => bareAsync(n))),
  opossum: awaited((n) => opossum.fire(n)),
};

const least = Object.fromEntries(Object.keys(measured).map((name) => [name, Infinity]));
const expected = (CALLS * (CALLS + 1)) / 2;
// One after the other in each round, so that none has a quieter machine than the others.
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, work] of Object.entries(measured)) {
    const began = process.hrtime.bigint();
    const sum = await work();
    const ns = Number(process.hrtime.bigint() - began) / CALLS;
    if (sum !== expected) throw new Error(`${name} gave ${sum}, not ${expected}`);
    least[name] = Math.min(least[name], ns);
  }
}
if (breakers().some(({ state }) => state !== "closed")) throw new Error(`not closed: ${JSON.stringify(breakers())}`);

const over = (name) => least[name] - least[name.includes("synchronous") ? "bare, synchronous" : "bare, awaited"];
for (const [name, ns] of Object.entries(least)) console.log(`${name.padEnd(36)} ${ns.toFixed(1).padStart(8)} ns a call${name.startsWith("bare") ? "" : `, ${over(name).toFixed(1)} ns over the bare one`}`);
for (const name of Object.keys(least).filter((each) => /^(cockatiel|opossum)/.test(each))) console.log(`${name} costs ${(over(name) / over("downhaul, awaited")).toFixed(1)} times as much as downhaul`);
opossum.shutdown();
