// node --expose-gc worker.mjs <adapter> <workload>   -> prints "peer workload metric value" lines
import { contexts, manyFlags, W1_FLAG, W3_FLAG, check } from './workloads.mjs';
const [, , peer, workload] = process.argv;
const memories = []; // every wasm memory the peer instantiates (for the heap workload)
if (workload === 'heap') for (const fn of ['instantiate', 'instantiateStreaming']) { const o = WebAssembly[fn]; WebAssembly[fn] = async (...a) => { const r = await o(...a); const e = (r.instance ?? r).exports; if (e?.memory) memories.push(e.memory); return r; }; }
if (workload === 'heap') WebAssembly.Instance = new Proxy(WebAssembly.Instance, { construct(T, a) { const r = new T(...a); if (r.exports?.memory) memories.push(r.exports.memory); return r; } });
const A = (await import(`./adapters/${peer}.mjs`)).default;
const out = (metric, value) => process.stdout.write(`${A.name} ${workload} ${metric} ${value}\n`);
// The processor's time, as others may use the machine too; what engines compile and collect beside is theirs, and counts.
const now = () => { const { user, system } = process.cpuUsage(); return (user + system) * 1e3; };
const BATCHES = 5, WARM_NS = 400e6, BATCH_NS = 150e6;
const mk = async (flags) => { const text = await A.config(flags); return A.load(text); };

// Time `pass` (evaluates `per` things); returns {min, median} ns per thing.
async function timeit(pass, per) {
  let w0 = now(), passes = 0; do { await pass(); passes++; } while (now() - w0 < WARM_NS);
  const t0 = now(); await pass(); const one = Math.max(1, now() - t0);
  const reps = Math.max(1, Math.round(BATCH_NS / one)), r = [];
  for (let b = 0; b < BATCHES; b++) { const s = now(); for (let k = 0; k < reps; k++) await pass(); r.push((now() - s) / (reps * per)); }
  r.sort((a, b) => a - b); return { min: r[0], median: r[2] };
}
let sink = 0;
if (workload === 'w1' || workload === 'w3') {
  const flag = workload === 'w1' ? W1_FLAG : W3_FLAG, key = flag.key;
  const plain = contexts(10000), c = await mk([flag]), ctxs = plain.map((x, i) => A.context(x, i));
  if (workload === 'w3') await A.evalStaticPrepare?.(c, ctxs);
  const rep = await check([flag], plain, (k, i) => (workload === 'w3' ? A.evalStatic ?? A.evalBool : A.evalBool)(c, k, ctxs[i]), A.semantics);
  out('share_on', rep.share.toFixed(4)); if (rep.rollN) out('rollout_share', rep.rollShare.toFixed(4));
  const lim = A.slow && workload === 'w1' ? 1000 : ctxs.length; // very slow peers: 1 000 contexts per pass
  const f = workload === 'w3' ? A.evalStatic ?? A.evalBool : A.evalBool;
  const pass = A.async && f !== A.evalStatic
    ? async () => { let n = 0; for (let i = 0; i < lim; i++) if (await f(c, key, ctxs[i])) n++; sink += n; }
    : () => { let n = 0; for (let i = 0; i < lim; i++) if (f(c, key, ctxs[i])) n++; sink += n; };
  const t = await timeit(pass, lim);
  out('ns_per_eval_min', t.min.toFixed(1)); out('ns_per_eval_median', t.median.toFixed(1));
  await A.close?.(c);
} else if (workload === 'w2') {
  const flags = manyFlags(200), keys = flags.map((f) => f.key), plain = contexts(500, 7), c = await mk(flags), ctxs = plain.map((x, i) => A.context(x, i));
  const maps = A.evalMap ? [] : null, some = A.slow ? plain.slice(0, 100) : plain; // engines that can only evaluate everything are checked through one map per context
  if (maps) for (let i = 0; i < some.length; i++) maps.push(await A.evalMap(c, ctxs[i]));
  const rep = await check(flags, some, maps ? (k, i) => maps[i][k] : (k, i) => A.evalBool(c, k, ctxs[i]), A.semantics);
  out('share_on', rep.share.toFixed(4)); out('rollout_share', rep.rollShare.toFixed(4));
  const lim = A.slow ? 20 : ctxs.length;
  let want = 0, got = 0;  // the bulk call must agree with single evaluation
  for (let i = 0; i < (A.slow ? 2 : 20); i++) { for (const k of keys) if (await A.evalBool(c, k, ctxs[i])) want++; got += await A.evalAll(c, ctxs[i], keys); }
  if (want !== got || !want) throw new Error(`evalAll disagrees with evalBool: ${got} vs ${want}`);
  const pass = A.async || A.asyncAll
    ? async () => { for (let i = 0; i < lim; i++) sink += await A.evalAll(c, ctxs[i], keys); }
    : () => { for (let i = 0; i < lim; i++) sink += A.evalAll(c, ctxs[i], keys); };
  const t = await timeit(pass, lim);
  out('us_per_context_min', (t.min / 1e3).toFixed(2)); out('us_per_context_median', (t.median / 1e3).toFixed(2));
  await A.close?.(c);
} else if (workload === 'load') {
  const flags = manyFlags(2000); const text = await A.config(flags); out('config_bytes', text.length);
  const r = []; let c;
  for (let i = 0; i < 7; i++) { const s = now(); c = await A.load(text); r.push((now() - s) / 1e6); if (await A.evalBool(c, flags[0].key, A.context(contexts(1)[0], 0)) === undefined) throw 0; await A.close?.(c); }
  out('first_ms', r[0].toFixed(2)); out('min_ms', Math.min(...r.slice(1)).toFixed(2));
} else if (workload === 'heap') {
  const warm = await mk([W1_FLAG]); await A.evalBool(warm, W1_FLAG.key, A.context(contexts(1)[0], 0)); await A.close?.(warm);
  const keys = manyFlags(2000).map((f) => f.key), ctx = A.context(contexts(1)[0], 0);
  const snap = async () => { for (let i = 0; i < 4; i++) { globalThis.gc(); await new Promise((r) => setTimeout(r, 20)); } const m = process.memoryUsage(); return { heap: m.heapUsed, ext: m.external, rss: m.rss, wasm: memories.reduce((n, m) => n + m.buffer.byteLength, 0) }; };
  const a = await snap();
  let text = await A.config(manyFlags(2000));                     // born after the baseline, dropped before the second snapshot:
  const c = await A.load(text); sink += await A.evalAll(c, ctx, keys); text = null; // an engine that keeps the text is charged for it
  const b = await snap();
  out('heap_kib', ((b.heap - a.heap) / 1024).toFixed(0)); out('external_kib', ((b.ext - a.ext) / 1024).toFixed(0)); out('rss_kib', ((b.rss - a.rss) / 1024).toFixed(0));
  if (memories.length) { out('wasm_memory_kib', (b.wasm / 1024).toFixed(0)); out('wasm_memory_delta_kib', ((b.wasm - a.wasm) / 1024).toFixed(0)); }
  out('on_count', sink);
  await A.close?.(c);
} else throw new Error('unknown workload ' + workload);
if (sink === -1) console.log(sink);
process.exit(0);
