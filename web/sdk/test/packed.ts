// The tarball as a customer gets it: packed, and installed into a project of its own.
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, symlinkSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const sdk = new URL("../../", import.meta.url).pathname;
/** Bundlers, engines and frameworks; `cargo xtask setup --tests` installs them. */
export const tools = join(sdk, "packaging/node_modules");

export interface Packed {
  readonly project: string;
  readonly files: readonly string[];
}

export function packed(): Packed {
  const project = mkdtempSync(join(tmpdir(), "downhaul-package-"));
  const npm = (args: string[], cwd: string): string => execFileSync("npm", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], timeout: 60_000 });
  const [{ filename, files }] = JSON.parse(npm(["pack", "--json", "--ignore-scripts", "--pack-destination", project], sdk)) as [{ filename: string; files: { path: string }[] }];
  writeFileSync(join(project, "package.json"), '{ "private": true }');
  npm(["install", "--offline", "--no-audit", "--no-fund", `./${filename}`], project);
  return { project, files: files.map(({ path }) => path) };
}

/** Lets the project resolve these packages too, as if it had installed them. */
export function lend(project: string, from: string, names: readonly string[]): void {
  for (const name of names) {
    const place = join(project, "node_modules", name);
    mkdirSync(join(place, ".."), { recursive: true });
    symlinkSync(join(from, name), place);
  }
}

/** Runs a program without holding up this process, in which the control plane of the tests lives; gives its last line. */
export const lastLine = (program: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<string> =>
  new Promise((resolve, reject) =>
    execFile(program, args, { cwd, env, timeout: 60_000 }, (error, out, err) => (error ? reject(new Error(`${error.message}\n${out}${err}`)) : resolve(out.trim().split("\n").at(-1) ?? ""))),
  );

/** Every `.wasm` below a folder. */
export const modulesIn = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".wasm"));
