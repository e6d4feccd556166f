import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { test } from "node:test";
import { webCiphers, type Ciphers } from "../src/ciphers.js";
import { nodeCiphers } from "../src/node-ciphers.js";

const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const raw = new Uint8Array(publicKey.export({ type: "spki", format: "der" }).subarray(-32));
const message = new TextEncoder().encode("DHEv1 2 {}");
const signature = new Uint8Array(sign(null, message, privateKey));
const flipped = signature.map((byte, at) => (at === 7 ? byte ^ 1 : byte));

for (const [name, ciphers] of Object.entries<Ciphers>({ webCiphers, nodeCiphers })) {
  test(`${name}: a digest`, async () => {
    for (const bytes of [new Uint8Array(), message, new Uint8Array(100_000)]) {
      assert.equal(await ciphers.sha256(bytes), createHash("sha256").update(bytes).digest("hex"));
    }
  });

  test(`${name}: a signature is right for its message and key only`, async () => {
    const verify = await ciphers.verifier(raw);
    assert.ok(verify);
    assert.equal(await verify(signature, message), true);
    assert.equal(await verify(signature, message), true, "asked again");
    assert.equal(await verify(flipped, message), false, "another signature");
    assert.equal(await verify(signature, message.subarray(1)), false, "another message");
    assert.equal(await verify(new Uint8Array(64), message), false, "no signature");
    assert.equal(await verify(new Uint8Array(3), message), false, "a short signature");
    const other = generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "der" }).subarray(-32);
    assert.equal(await (await ciphers.verifier(new Uint8Array(other)))?.(signature, message), false, "another key");
  });

  test(`${name}: what is no key verifies nothing`, async () => {
    for (const size of [0, 31, 33, 5000]) assert.equal(await ciphers.verifier(new Uint8Array(size)), undefined, `${size} bytes`);
  });
}
