/** Bundlers for workers, and workerd itself, give a compiled module for an imported `.wasm` file. */
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
