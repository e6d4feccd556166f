import { readFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { extname, join, normalize, sep } from "node:path";

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".map": "application/json",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
};

/** Sends a file below `folder`; a path that leaves it, or that is not there, is 404. */
export async function sendFile(folder: string, path: string, response: ServerResponse): Promise<void> {
  const file = normalize(join(folder, decoded(path) === "/" ? "index.html" : decoded(path)));
  const type = types[extname(file)];
  const content = type && file.startsWith(normalize(folder) + (folder.endsWith(sep) ? "" : sep)) ? await read(file) : null;
  if (!type || !content) {
    response.writeHead(404, { "content-type": "text/plain" }).end("not found\n");
    return;
  }
  response.writeHead(200, { "content-type": type, "cache-control": "no-cache" }).end(content);
}

async function read(file: string): Promise<Buffer | null> {
  return await readFile(file).catch(() => null);
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return "";
  }
}
