import { flag } from '../../../../web/sdk/dist/node.js';
import downhaul from './downhaul.mjs';
// The same client, asked by handles, which an application makes once for each of its flags: `const checkout = flag('checkout-v2', false)`.
let of, handles = [];
const handlesOf = (keys) => (of === keys ? handles : (of = keys, handles = keys.map((key) => flag(key, false))));
const known = new Map();
const handle = (key) => known.get(key) ?? known.set(key, flag(key, false)).get(key);
export default {
  ...downhaul,
  name: 'downhaul-handles', workloads: ['w1', 'w2'],
  evalBool: (client, key, x) => handle(key).value(client.evaluate(x)),
  evalAll(client, x, keys) { const d = client.evaluate(x), asked = handlesOf(keys); let n = 0; for (let i = 0; i < asked.length; i++) if (asked[i].value(d)) n++; return n; },
};
