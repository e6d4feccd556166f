// node run.mjs [--only a,b] [--workloads w1,w2,...]   prints: peer workload metric value
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, mkdirSync, writeFileSync, copyFileSync } from 'node:fs';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { contexts, manyFlags, oracle } from './workloads.mjs';
const arg = (n) => { const i = process.argv.indexOf(n); return i > 0 ? process.argv[i + 1].split(',') : null; };
const all = readdirSync('adapters').filter((f) => f.endsWith('.mjs')).map((f) => f.slice(0, -4)).sort();
const peers = arg('--only') ?? all, works = arg('--workloads') ?? ['w1', 'w2', 'w3', 'load', 'heap', 'w4'];
mkdirSync('configs', { recursive: true }); mkdirSync('results', { recursive: true });
const print = (s) => { process.stdout.write(s); };
const median = (a) => [...a].sort((x, y) => x - y)[Math.floor(a.length / 2)];
const env = { ...process.env, NODE_ENV: 'production' };
function cold(args, env2, n = 10) {
  const r = { imp: [], load: [], tot: [], wall: [] };
  for (let i = 0; i < n + 1; i++) { const s = process.hrtime.bigint(); const p = spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...env, ...env2 } }); const w = Number(process.hrtime.bigint() - s) / 1e6;
    if (p.status !== 0) throw new Error(p.stderr.slice(0, 600)); if (!i) continue; // first run warms the page cache
    const [a, b, c] = p.stdout.trim().split('\n').pop().split(' ').map(Number); r.imp.push(a); r.load.push(b); r.tot.push(c); r.wall.push(w); }
  return { imp: median(r.imp), load: median(r.load), tot: median(r.tot), wall: median(r.wall) };
}
// On a shared machine: BENCH_WAIT=<seconds> waits (at most that long) before each measurement until both cores are nearly idle.
const stat = () => { const t = readFileSync('/proc/stat', 'utf8').split('\n')[0].trim().split(/\s+/).slice(1).map(Number); return [t[3] + t[4], t.slice(0, 8).reduce((a, b) => a + b, 0)]; };
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
async function quiet() { for (let end = Date.now() + 1000 * Number(process.env.BENCH_WAIT ?? 0); Date.now() < end;) { const [i, t] = stat(); await sleep(400); const [i2, t2] = stat(); if ((i2 - i) / (t2 - t) > 0.9) return true; await sleep(1000); } return false; }
let bare = null;
for (const peer of peers) { const only = (await import(`./adapters/${peer}.mjs`)).default.workloads; for (const w of works) {
  if (only && !only.includes(w)) continue;
  if (w !== 'w5' && process.env.BENCH_WAIT) { const q = await quiet(); print(`${peer} ${w} quiet ${q ? 1 : 0}\n`); }
  try {
    if (w === 'w4') {
      const A = (await import(`./adapters/${peer}.mjs`)).default, flags = manyFlags(200), file = `configs/${peer}.json`;
      writeFileSync(file, await A.config(flags));
      let ctx = null, key = null; // a (flag, context) whose answer is a certain `true`
      for (const c of contexts(50)) { const f = flags.find((g) => { const o = oracle(g, c, 'first-match'), q = oracle(g, c, 'fall-through'); return o.exact && q.exact && o.p === 1; }); if (f) { ctx = c; key = f.key; break; } }
      const e2 = { CTX: JSON.stringify(ctx) };
      bare ??= cold(['bare.mjs'], e2);
      const r = cold(['cold.mjs', pathToFileURL(`adapters/${peer}.mjs`).href, file, key], e2);
      print(`${A.name} w4 import_ms ${r.imp.toFixed(2)}\n${A.name} w4 load_and_first_eval_ms ${r.load.toFixed(2)}\n${A.name} w4 cold_ms ${r.tot.toFixed(2)}\n${A.name} w4 cold_wall_minus_bare_ms ${(r.wall - bare.wall).toFixed(2)}\n`);
      if (!A.nobundle) { // same, adapter + SDK pre-bundled to one minified file
        mkdirSync('configs/bundles', { recursive: true }); const outfile = `configs/bundles/${peer}.mjs`;
        for (const file of A.beside ?? []) copyFileSync(file, `configs/bundles/${basename(file.pathname)}`);
        await build({ entryPoints: [`adapters/${peer}.mjs`], bundle: true, minify: true, format: 'esm', platform: 'node', target: 'node20', outfile, logLevel: 'silent', banner: { js: "import{createRequire as __cr}from'node:module';import{fileURLToPath as __fu}from'node:url';import{dirname as __dn}from'node:path';const require=__cr(import.meta.url),__filename=__fu(import.meta.url),__dirname=__dn(__filename);" } });
        const b = cold(['cold.mjs', pathToFileURL(outfile).href, file, key], e2);
        print(`${A.name} w4 bundled_cold_ms ${b.tot.toFixed(2)}\n`);
      }
      continue;
    }
    for (let attempt = 1; attempt <= 2; attempt++) {
      const p = spawnSync(process.execPath, ['--expose-gc', 'worker.mjs', peer, w], { encoding: 'utf8', env, timeout: 300000, maxBuffer: 1 << 26 });
      if (p.status === 0) { print(p.stdout.split('\n').filter((l) => l.split(' ')[1] === w).map((l) => l + '\n').join('')); break; }
      if (p.signal && attempt === 1) { print(`${peer} ${w} crash_retried ${p.signal}\n`); continue; } // a V8 crash: once more
      print(`${peer} ${w} error ${JSON.stringify((p.stderr || String(p.error)).slice(-400))}\n`); break;
    }
  } catch (e) { print(`${peer} ${w} error ${JSON.stringify(String(e.message).slice(0, 400))}\n`); }
} }
process.exit(0);
