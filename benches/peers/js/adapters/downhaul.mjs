import { createClient } from '../../../../web/sdk/dist/node.js';
// The client of the npm package, as a Node server uses it: `client.evaluate(context)` for each request, then reads of what it gives.
// What it loads is what the control plane sends: a compiled program in an envelope, here as base64 because the harness keeps configurations
// as text. It is unsigned (`signatures: 'off'`): checking takes 0.1 ms of the load, and nothing of a decision.
// Only `config` needs this, which no measurement has in it.
const compile = async (document) => {
  const { readFileSync } = await import('node:fs');
  const { loadTooling } = await import(new URL('../../../../web/sdk/dist/tooling-node.js', import.meta.url).href);
  return (await loadTooling(new WebAssembly.Module(readFileSync(new URL('../../../../web/sdk/dist/tooling.wasm', import.meta.url))))).compile(document);
};
const condition = (c) => (c.attr === 'tenant' || c.attr === 'region' ? { [c.attr]: c.values } : { attribute: c.attr, op: 'in', values: c.values });
const rule = (f) => (r, i) => ({ when: r.conds.map(condition),
  ...(r.pct === 100 ? { serve: 'on' } : { split: { by: 'userId', salt: `${f.key}:${i}`, slices: [['on', r.pct * 1000], ['off', (100 - r.pct) * 1000]] } }) });
const flag = (f) => ({ key: f.key, owner: 'bench', kind: 'release', expires: '2099-01-01', clients: ['server'], variants: { on: true, off: false },
  degraded: { variant: 'off', meaning: 'off' }, default: f.default ? 'on' : 'off', rules: f.rules.map(rule(f)) });
const document = (flags) => ({ schema: 1, environment: 'bench', revision: 1, regions: { 'eu-west': {}, 'us-east': {}, 'ap-south': {}, 'eu-north': {} }, flags: flags.map(flag) });
const hex = (bytes) => process.getBuiltinModule('node:crypto').createHash('sha256').update(bytes).digest('hex');
function envelope({ program, kills }) {
  const header = { type: 'downhaul.flag-set/1', epoch: 1, environment: 'bench', audience: { kind: 'server', attributes: {}, decided_for: null }, revision: 1, kill_revision: 0,
    issued_at: new Date().toISOString(), valid_until: new Date(Date.now() + 864e5).toISOString(), program_format: 1, program_length: program.length,
    program_sha256: hex(program), kills_length: kills.length, kills_sha256: hex(kills) };
  const json = Buffer.from(JSON.stringify(header)), length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([Buffer.from('DHE1'), Buffer.alloc(8 + 64), length, json, program, kills]);
}
export default {
  name: 'downhaul', pkg: 'downhaul', kind: 'wasm', semantics: 'first-match',
  beside: ['flags.wasm', 'flags-server.wasm'].map((name) => new URL(`../../../../web/sdk/dist/${name}`, import.meta.url)), // what a bundle has next to it
  config: async (flags) => envelope(await compile(document(flags))).toString('base64'),
  async load(text) {
    const bytes = Buffer.from(text, 'base64');
    // No `Response`: the first one makes Node load its whole HTTP client, which no other engine here is charged with.
    const answer = { ok: true, status: 200, headers: new Map(), arrayBuffer: async () => bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) };
    const fetch = async (_, init) => (init?.method === 'POST' ? { ok: true, status: 204, headers: new Map() } : answer);
    const client = createClient({ key: 'bench', url: 'http://127.0.0.1', transport: 'manual', signatures: 'off', store: false, fetch });
    await client.refresh();
    return client;
  },
  context: (c) => c,
  evalBool: (client, key, x) => client.evaluate(x).boolean(key, false),
  // A page, or a request that asks for several flags: decided once, then read.
  evalStatic: (client, key) => client.boolean(key, false),
  evalAll(client, x, keys) { const d = client.evaluate(x); let n = 0; for (let i = 0; i < keys.length; i++) if (d.boolean(keys[i], false)) n++; return n; },
  close: (client) => client.close(),
};
