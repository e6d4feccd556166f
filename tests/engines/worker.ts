// The vectors in workerd: a worker that is sent program, kills and cases, and answers what `runVectors` found.
import module from "./flags.wasm";
import { fromBase64 } from "../../web/sdk/src/bytes.js";
import { wasmEngine } from "../../web/sdk/src/wasm-engine.js";
import { outcome } from "../../web/sdk/src/engine.js";
import { swift } from "../../web/sdk/src/swift.js";
import { runVectors } from "./vectors.mjs";

export default {
  async fetch(request: Request): Promise<Response> {
    const { program, kills, cases } = (await request.json()) as { program: string; kills: string; cases: unknown[] };
    return Response.json(runVectors(wasmEngine(module, swift), outcome, fromBase64(program), fromBase64(kills), cases));
  },
};
