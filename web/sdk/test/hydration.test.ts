// A server renders what it decided, the page goes on with the same: nothing on it changes before a flag does.
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import type { Decisions } from "../src/types.js";
import { chromium, pages, REPORT } from "./chromium.js";
import { controlPlane, flag } from "./control-plane.js";
import { lend, packed, sdk, tools } from "./packed.js";

const FLAGS = [flag("checkout"), flag("colour", { variants: { green: "green", grey: "grey" }, degraded: { variant: "grey", meaning: "grey" }, default: "green" })];
const { project } = packed();
lend(project, tools, ["react", "react-dom", "scheduler"]);
const forServer = await controlPlane(FLAGS);
const forPages = await controlPlane(FLAGS);
forPages.state.header = { ...forPages.state.header, audience: { kind: "browser", attributes: {}, decided_for: null } };

const { createClient } = (await import(pathToFileURL(join(sdk, "dist/node.js")).href)) as typeof import("../src/entry/node.js");
const flags = createClient({ url: forServer.url, key: "key", store: false });
await flags.ready();

/** What a page sees of itself: every text that it has shown, and every complaint. */
const WATCH = `
  ${REPORT}
  const root = document.getElementById("root"), texts = [root.textContent], complaints = [];
  new MutationObserver(() => {
    if (root.textContent === texts.at(-1)) return;
    texts.push(root.textContent);
    if (root.textContent.includes("Three")) tell("changed");
  }).observe(root, { subtree: true, childList: true, characterData: true });
  for (const name of ["warn", "error"]) console[name] = (...what) => complaints.push(what.join(" "));
  onerror = (what) => complaints.push(String(what));
  globalThis.tell = (name) => report(name, { texts, complaints });`;
const page = (body: string, bootstrap: string, script: string): string => `<!doctype html><meta charset="utf-8"><title>shop</title>
  <div id="root">${body}</div>
  <script type="application/json" id="flags">${bootstrap}</script>
  <script>${WATCH}</script>
  <script type="module" src="${script}"></script>`;
const START = `import { createClient } from "downhaul";
  const flags = createClient({ url: location.origin, key: "key", context: { targetingKey: "u" }, bootstrap: JSON.parse(document.getElementById("flags").textContent), store: false, shareAcrossTabs: false });`;

const REACT = {
  // As in docs/guide/javascript.md.
  "use-flag.js": `import { useSyncExternalStore } from "react";
    export function useFlag(flags, key, fallback) {
      const read = () => flags.details(key, fallback).value;
      return useSyncExternalStore((changed) => flags.on("changed", changed), read, read);
    }`,
  "app.jsx": `import React, { useEffect } from "react";
    import { useFlag } from "./use-flag.js";
    export function App({ flags, shown }) {
      const checkout = useFlag(flags, "checkout", false);
      const colour = useFlag(flags, "colour", "red");
      useEffect(() => { shown?.(); }, []);
      return <main style={{ color: colour }}>{checkout ? <h1>One page</h1> : <h2>Three pages</h2>} in {colour}</main>;
    }`,
  "server.jsx": `import React from "react";
    import { renderToString } from "react-dom/server";
    import { App } from "./app.jsx";
    export const render = (flags) => renderToString(<App flags={flags} />);`,
  "client.jsx": `${START}
    import React from "react";
    import { hydrateRoot } from "react-dom/client";
    import { App } from "./app.jsx";
    hydrateRoot(document.getElementById("root"), <App flags={flags} shown={() => tell("shown")} />, { onRecoverableError: (error) => console.error(error.message) });`,
};
const HTML = `${START}
  const draw = () => {
    document.getElementById("way").textContent = flags.boolean("checkout", false) ? "One page" : "Three pages";
    document.getElementById("colour").textContent = flags.string("colour", "red");
  };
  draw();
  flags.on("changed", draw);
  tell("shown");`;

for (const [name, text] of Object.entries({ ...REACT, "plain.js": HTML })) writeFileSync(join(project, name), text);
// React says what is wrong with a hydration only in development.
const common = { bundle: true, format: "esm", jsx: "transform", write: true, loader: { ".wasm": "file" }, define: { "process.env.NODE_ENV": '"development"' } } as const;
await build({ ...common, entryPoints: [join(project, "server.jsx")], outfile: join(project, "server.mjs"), platform: "node", banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' } });
await build({ ...common, entryPoints: [join(project, "client.jsx"), join(project, "plain.js")], outdir: join(project, "out"), splitting: true });
const { render } = (await import(pathToFileURL(join(project, "server.mjs")).href)) as { render(flags: Decisions): string };

const site = await pages(({ pathname }) => {
  const mine = flags.evaluate({ targetingKey: "u" });
  const bootstrap = JSON.stringify(mine.bootstrapData()).replaceAll("<", "\\u003c");
  if (pathname === "/react/") return { body: page(render(mine), bootstrap, "/client.js") };
  if (pathname === "/plain/") return { body: page('<b id="way">One page</b> in <i id="colour">green</i>', bootstrap, "/plain.js") };
  if (pathname === "/flags.wasm") return { body: readFileSync(join(sdk, "dist/flags.wasm")) };
  return pathname.endsWith(".js") ? { body: readFileSync(join(project, "out", pathname)) } : undefined;
}, forPages.url);

after(async () => {
  await flags.close();
  await Promise.all([site.close(), forServer.close(), forPages.close()]);
  rmSync(project, { recursive: true });
});

interface Seen {
  readonly texts: string[];
  readonly complaints: string[];
}

for (const [what, path] of [["React 19", "/react/"], ["plain HTML", "/plain/"]] as const) {
  test(`${what}: hydrated with the server's decisions, nothing changes until a kill does`, async () => {
    const before = forPages.acknowledged.length;
    const end = chromium(site.url + path);
    try {
      assert.deepEqual(await site.reported<Seen>("shown"), { texts: ["One page in green"], complaints: [] });
      // The page has the control plane's own flag set now, and it says the same.
      await forPages.until(() => forPages.acknowledged.slice(before).some(({ problems, position }) => problems.length === 0 && position !== null));
      forPages.kill("checkout");
      assert.deepEqual(await site.reported<Seen>("changed"), { texts: ["One page in green", "Three pages in green"], complaints: [] });
    } finally {
      await end();
      forPages.restore("checkout");
    }
  });
}
