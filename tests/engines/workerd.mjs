// Starts workerd with one worker on a free port: `{ url, stop }`.
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** `folder` holds `worker.js` and `flags.wasm`; `from` is where the package `workerd` is installed. */
export async function startWorkerd(folder, from) {
  writeFileSync(
    join(folder, "worker.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker), (name = "internet", network = (allow = ["public", "private", "local"]))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  compatibilityDate = "2026-06-01",
  modules = [(name = "worker.js", esModule = embed "worker.js"), (name = "flags.wasm", wasm = embed "flags.wasm")],
);
`,
  );
  const program = createRequire(from).resolve("workerd/bin/workerd");
  const child = spawn(program, ["serve", "--experimental", "--control-fd=3", join(folder, "worker.capnp")], {
    stdio: ["ignore", "inherit", "inherit", "pipe"],
    detached: true,
  });
  const stop = () => {
    try {
      // The launcher and what it launched.
      process.kill(-child.pid);
    } catch {
      // Ended by itself.
    }
  };
  const port = await new Promise((resolve, reject) => {
    let text = "";
    child.stdio[3].on("data", (chunk) => {
      text += chunk;
      for (const line of text.split("\n").slice(0, -1)) {
        const said = JSON.parse(line);
        if (said.event === "listen") resolve(said.port);
      }
    });
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`workerd ended with ${code}`)));
  });
  return { url: `http://127.0.0.1:${port}`, stop };
}
