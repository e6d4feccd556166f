import { flag } from '../../../../web/sdk/dist/node.js';
import downhaul from './downhaul.mjs';
// The same client, asked by handles, which an application makes once for each of its flags: `const checkout = flag('checkout-v2', false)`.
const made = new WeakMap();
const handlesOf = (keys) => made.get(keys) ?? made.set(keys, keys.map((key) => flag(key, false))).get(keys);
const known = new Map();
const handle = (key) => known.get(key) ?? known.set(key, flag(key, false)).get(key);
export default {
  ...downhaul,
  name: 'downhaul-handles', workloads: ['w1', 'w2'],
  evalBool: (client, key, x) => handle(key).value(client.evaluate(x)),
  evalAll(client, x, keys) { const d = client.evaluate(x), handles = handlesOf(keys); let n = 0; for (let i = 0; i < handles.length; i++) if (handles[i].value(d)) n++; return n; },
};
