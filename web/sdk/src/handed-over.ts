import { fromBase64 } from "./bytes.js";
import type { Ciphers } from "./ciphers.js";
import { openEnvelope, type CheckSignature, type Opened } from "./envelope.js";
import { nodeCiphers } from "./node-ciphers.js";
import type { Platform } from "./platform.js";
import type { Options, Problem } from "./types.js";

/** Takes a flag set that the application has at hand, as if it had been kept: at once, before `createClient` returns. */
export function handedOver(bytes: Uint8Array, options: Options): NonNullable<Platform["handed"]> {
  return (take, report, ready) => {
    // Listeners come after the client. (Node loads more for the first `queueMicrotask`.)
    const soon = (tell: () => unknown): void => void Promise.resolve().then(tell);
    const refused = (problem: Problem): void => soon(() => report(problem));
    const unsigned = options.signatures === "off";
    try {
      const opened = open(bytes, options, unsigned ? NONE : nodeCiphers);
      if ("code" in opened) {
        const unpinned = opened.code === "signature-invalid" && !options.publicKeys;
        refused({ ...opened, message: `\`bootstrap\` is not used: ${opened.message}`, ...(unpinned ? { help: "give `publicKeys`: those that the control plane names are not known as yet" } : {}) });
      } else if (take(opened.envelope)) soon(ready);
      else refused({ code: "bootstrap-malformed", message: "`bootstrap` is a flag set for another client", help: "the other problems in `status()` say why" });
    } catch (cause) {
      refused({ code: "bootstrap-malformed", message: "`bootstrap` can't be read", cause });
    }
    // The first decisions go before the connection, and before a digest that nobody signed.
    return new Promise((resolve) => {
      setTimeout(() => {
        const checked = unsigned ? open(bytes, options, nodeCiphers) : undefined;
        if (checked && "code" in checked) report(checked);
        resolve();
      }, 0);
    });
  };
}

/** All that is asked here answers at once. */
const open = (bytes: Uint8Array, options: Options, ciphers: Ciphers): Opened => openEnvelope(bytes, checker(options), ciphers) as Opened;

/** Makes no digests. */
const NONE: Ciphers = { ...nodeCiphers, sha256: () => undefined };

/** By the keys that the application trusts, and no others: nobody is asked yet. */
function checker({ publicKeys = [], signatures }: Options): CheckSignature {
  if (signatures === "off") return () => "unchecked";
  return (id, signature, message) => {
    for (const text of publicKeys) {
      const key = fromBase64(text);
      if (nodeCiphers.sha256(key).slice(0, 16) === id) return nodeCiphers.verifier(key)?.(signature, message) ? "right" : "wrong";
    }
    return "wrong";
  };
}
