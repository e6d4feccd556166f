import { createClient } from '../../../../web/sdk/dist/node.js';
import downhaul from './downhaul.mjs';
// The client is handed its flag set, as every other engine here is: it decides as soon as it is made, and connects afterwards.
export default {
  ...downhaul,
  name: 'downhaul-handed', workloads: ['w4'],
  load: (text) => createClient({ key: 'bench', url: 'http://127.0.0.1', bootstrap: Buffer.from(text, 'base64'), signatures: 'off', store: false }),
};
