// Node, Deno and Bun: `command.mjs NAME FOLDER` prints the report of the fixture in the folder.
import { readFileSync } from "node:fs";
import process from "node:process";
import { swiftEngine } from "../../web/sdk/src/swift-engine.js";
import { digest } from "./digest.js";

const [name = "", folder = ""] = process.argv.slice(2);
const file = (file: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(`${folder}/${file}`));
const fixture = { program: file("program.bin"), kills: file("kills.bin"), contexts: new TextDecoder().decode(file("contexts.jsonl")) };
console.log(JSON.stringify(await digest(name, swiftEngine(new WebAssembly.Module(file("flags.wasm"))), fixture, () => performance.now())));
