import { createClient } from '../../../../web/sdk/dist/node.js';
import downhaul from './downhaul.mjs';
// The same without a signature, which no other engine here checks either.
export default {
  ...downhaul,
  name: 'downhaul-handed-unsigned', workloads: ['w4'],
  load: (text) => createClient({ key: 'bench', url: 'http://127.0.0.1', bootstrap: Buffer.from(text, 'base64'), signatures: 'off', store: false }),
};
