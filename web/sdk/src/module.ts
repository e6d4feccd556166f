import type { WasmSource } from "./types.js";

/** A compiled module of whatever was given. Not async where it is one already: a worker may have no request to wait in. */
export function compiled(source: WasmSource): WebAssembly.Module | Promise<WebAssembly.Module> {
  return source instanceof WebAssembly.Module ? source : compile(source);
}

async function compile(source: WasmSource): Promise<WebAssembly.Module> {
  const given = await source;
  if (given instanceof WebAssembly.Module) return given;
  const where = typeof given === "string" || given instanceof URL;
  const found = where ? await fetch(given) : given;
  if (!(found instanceof Response)) return WebAssembly.compile(found);
  if (!found.ok) throw new Error(`the evaluation module is not at ${found.url}: ${found.status}`);
  // Streaming asks for the media type `application/wasm`, which not every static host sends.
  return WebAssembly.compile(await found.arrayBuffer());
}
