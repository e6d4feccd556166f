// workerd: a worker that fetches the fixture from where it is told, and answers the report.
import module from "./flags.wasm";
import { swiftEngine } from "../../web/sdk/src/swift-engine.js";
import { digest } from "./digest.js";

export default {
  async fetch(request: Request): Promise<Response> {
    const from = await request.text();
    const bytes = async (name: string): Promise<Uint8Array<ArrayBuffer>> => new Uint8Array(await (await fetch(`${from}/${name}`)).arrayBuffer());
    const fixture = { program: await bytes("program.bin"), kills: await bytes("kills.bin"), contexts: new TextDecoder().decode(await bytes("contexts.jsonl")) };
    // The clock stands still until something is waited for.
    const now = async (): Promise<number> => {
      await fetch(`${from}/tick`);
      return Date.now();
    };
    try {
      return Response.json(await digest("workerd", swiftEngine(module), fixture, now));
    } catch (error) {
      return Response.json({ error: String(error) });
    }
  },
};
