import { createClient } from '../../../../web/sdk/dist/node.js';
import downhaul from './downhaul.mjs';
// The client is handed its flag set, as every other engine here is: it checks the signature, decides as soon as it is made, and connects afterwards.
export default {
  ...downhaul,
  name: 'downhaul-handed', workloads: ['w4'],
  async config(flags) {
    const { createHash, generateKeyPairSync, sign } = process.getBuiltinModule('node:crypto');
    const { publicKey, privateKey } = generateKeyPairSync('ed25519'), raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
    const bytes = Buffer.from(await downhaul.config(flags), 'base64'), length = bytes.readUInt32LE(76);
    createHash('sha256').update(raw).digest().copy(bytes, 4, 0, 8);
    sign(null, Buffer.concat([Buffer.from(`DHEv1 ${length} `), bytes.subarray(80, 80 + length)]), privateKey).copy(bytes, 12);
    return `${raw.toString('base64')} ${bytes.toString('base64')}`;
  },
  load(text) {
    const [key, bytes] = text.split(' ');
    return createClient({ key: 'bench', url: 'http://127.0.0.1', bootstrap: Buffer.from(bytes, 'base64'), publicKeys: [key], store: false });
  },
};
