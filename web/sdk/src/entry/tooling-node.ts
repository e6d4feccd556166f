import { readFile } from "node:fs/promises";
import init, * as bound from "../generated/tooling.js";
import { tooling, type Tooling } from "../tooling.js";
export type * from "../tooling.js";

export async function loadTooling(wasm?: WebAssembly.Module): Promise<Tooling> {
  await init({ module_or_path: wasm ?? (await readFile(new URL("./tooling.wasm", import.meta.url))) });
  return tooling(bound);
}
