// Browsers: the page fetches the fixture from where it came, and sends the report back.
import { wasmEngine } from "../../web/sdk/src/wasm-engine.js";
import { digest } from "./digest.js";

const bytes = async (name: string): Promise<Uint8Array<ArrayBuffer>> => new Uint8Array(await (await fetch(name)).arrayBuffer());

async function run(): Promise<unknown> {
  const name = new URLSearchParams(location.search).get("engine") ?? "";
  const [module, program, kills, contexts] = await Promise.all(["flags.wasm", "program.bin", "kills.bin", "contexts.jsonl"].map(bytes));
  if (!module || !program || !kills || !contexts) throw new Error("the fixture is not whole");
  // Engines compile again while they run: what was just compiled for the first time is not what a page runs for long.
  return digest(name, wasmEngine(await WebAssembly.compile(module)), { program, kills, contexts: new TextDecoder().decode(contexts) }, () => performance.now());
}

const said = await run().catch((error: unknown) => ({ error: String(error) }));
await fetch("report", { method: "POST", body: JSON.stringify(said) });
