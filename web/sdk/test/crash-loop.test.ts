// The marker of starts that crash, in a real Chromium: a tab that crashes under a flag twice comes up without it, and so do others.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { readFileSync } from "node:fs";
import { build } from "esbuild";
import { driven, pages, REPORT, typeOf } from "./chromium.js";
import { controlPlane, flag } from "./control-plane.js";

const sdk = new URL("../../", import.meta.url).pathname;
const server = await controlPlane([flag("f")]);
const healthyAfter = (seconds: number): void => {
  server.state.header = { ...server.state.header, audience: { kind: "browser", attributes: {}, decided_for: null }, breakers: { f: { fallback: "off", of: "d1", healthy_seconds: seconds } } };
};

// Feature code runs at the first values; what the flag gave before it ran is told with it.
const { outputFiles } = await build({
  stdin: {
    contents: `
      import { createClient } from "./dist/browser.js";
      import { guards } from "./dist/guard.js";
      ${REPORT}
      const client = createClient({ url: location.origin, key: "key", wasm: "/flags.wasm", shareAcrossTabs: false, context: { targetingKey: "u" } });
      const { guard } = guards(client);
      const draw = guard("f", () => "new", { fallback: () => "old" });
      const values = [];
      client.on("changed", () => values.push(client.boolean("f", false)));
      await client.ready();
      const drawn = draw();
      await report("drawn", { drawn, values, cause: client.details("f", false).flagMetadata.cause ?? null });
      setTimeout(() => report("lived", localStorage.length), 1500);
    `,
    resolveDir: sdk,
  },
  bundle: true,
  format: "esm",
  target: "es2022",
  write: false,
  external: ["./seldom.js"],
});
const script = outputFiles[0]?.contents ?? new Uint8Array();
const site = await pages(({ pathname }) => {
  if (pathname === "/page.js") return { body: script };
  if (pathname === "/flags.wasm") return { body: readFileSync(`${sdk}dist/flags.wasm`), type: typeOf(pathname) };
  return pathname === "/" ? { body: '<!doctype html><title>page</title><script type="module" src="/page.js"></script>' } : undefined;
}, server.url);
after(() => Promise.all([site.close(), server.close()]));

interface Drawn {
  readonly drawn: string;
  readonly values: boolean[];
  readonly cause: string | null;
}

test("two crashes, and the third start is dark before any code of the flag runs, in that tab and in others", async () => {
  healthyAfter(600);
  const browser = driven();
  try {
    await browser.command("Target.setDiscoverTargets", { discover: true });
    const { targetInfos } = (await browser.command("Target.getTargets")) as { targetInfos: { type: string; targetId: string }[] };
    const tab = targetInfos.find(({ type }) => type === "page");
    const { sessionId } = (await browser.command("Target.attachToTarget", { targetId: tab?.targetId, flatten: true })) as { sessionId: string };
    const go = (): Promise<unknown> => browser.command("Page.navigate", { url: `${site.url}/` }, sessionId);
    await go();
    for (let crash = 1; crash <= 2; crash++) {
      assert.deepEqual(await site.reported<Drawn>("drawn"), { drawn: "new", values: [true], cause: null }, `start ${crash}`);
      const crashed = browser.event("Target.targetCrashed");
      // It never answers.
      void browser.command("Page.crash", {}, sessionId).catch(() => undefined);
      await crashed;
      await go();
    }
    const dark: Drawn = { drawn: "old", values: [false], cause: "crash-loop" };
    assert.deepEqual(await site.reported<Drawn>("drawn"), dark);
    await browser.command("Target.createTarget", { url: `${site.url}/` });
    assert.deepEqual(await site.reported<Drawn>("drawn"), dark, "another tab");
  } finally {
    await browser.end();
  }
});

test("a page that lives, and one that is left at once, have not crashed", async () => {
  healthyAfter(1);
  const browser = driven();
  try {
    const { targetId } = (await browser.command("Target.createTarget", { url: `${site.url}/` })) as { targetId: string };
    const { sessionId } = (await browser.command("Target.attachToTarget", { targetId, flatten: true })) as { sessionId: string };
    for (let start = 0; start < 4; start++) {
      assert.equal((await site.reported<Drawn>("drawn")).drawn, "new");
      await browser.command("Page.navigate", { url: `${site.url}/` }, sessionId);
    }
    assert.equal((await site.reported<Drawn>("drawn")).drawn, "new");
    assert.equal(await site.reported<number>("lived"), 0, "nothing is kept of it");
  } finally {
    await browser.end();
  }
});
