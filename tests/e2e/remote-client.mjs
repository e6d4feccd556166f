// node-client.mjs in an engine that runs no WebAssembly. node remote-client.mjs URL KEY
// Node's own HTTP client is made of it, and is made at the first request.
await fetch(`${process.argv[2]}/readyz`);
delete globalThis.WebAssembly;
await import("./node-client.mjs");
