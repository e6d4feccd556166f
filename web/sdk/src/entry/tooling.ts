import init, * as bound from "../generated/tooling.js";
import { tooling, type Tooling } from "../tooling.js";
export type * from "../tooling.js";

export async function loadTooling(wasm: WebAssembly.Module | URL = new URL("./tooling.wasm", import.meta.url)): Promise<Tooling> {
  await init({ module_or_path: wasm });
  return tooling(bound);
}
