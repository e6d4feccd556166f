// Builds the region tree and the contexts of the example environment from real data:
//   node build.mjs contexts FILE   one JSON line for each browser version with users in a country or region
//   node build.mjs regions         the region tree, as `flag-set.json` holds it
// The same packages give the same bytes: nothing here reads a clock or a random source.

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { agents, region as unpack } from "caniuse-lite";
import { continents, countries } from "countries-list";

const require = createRequire(import.meta.url);
const shares = join(dirname(require.resolve("caniuse-lite/package.json")), "data/regions");

// Made up, with their share of the visitors in a thousand; the order must not change.
const TENANTS = [
  ["acme", 300],
  ["globex", 200],
  ["initech", 150],
  ["umbra", 120],
  ["hooli", 100],
  ["stark-retail", 60],
  ["wayne-outfitters", 40],
  ["corner-shop", 30],
];

// The releases of the shop's page that are still in use, likewise.
const RELEASES = [
  ["2.2.9", 50],
  ["2.3.0", 120],
  ["2.3.4", 180],
  ["2.4.0-rc.1", 20],
  ["2.4.0", 230],
  ["2.4.1", 370],
  ["3.0.0-beta.2", 30],
];

const continentName = Object.fromEntries(
  Object.entries(continents).map(([code, name]) => [code, name.toLowerCase().replaceAll(" ", "-")]),
);

/** `DE` is `de`; `alt-eu`, which stands for a whole continent, is `europe`; `alt-ww` is `world`. */
function regionName(name) {
  if (name === "alt-ww") return "world";
  if (name.startsWith("alt-")) return continentName[name.slice(4).toUpperCase()];
  return name.toLowerCase();
}

/**
 * The first of a range (`15.6-15.8`) counts; `all` and `TP` are no versions, and are left out.
 * Of browsers that always update themselves only the newest version is counted, under `0`.
 */
function version(browser, text) {
  if (text === "0") return version(browser, agents[browser].versions.findLast(Boolean));
  return /^\d+(\.\d+)*/.exec(text)?.[0].split(".").slice(0, 3).join(".");
}

/** A number from 0 to 999 that depends on the text alone. */
function permille(text) {
  return createHash("sha256").update(text).digest().readUInt32BE(0) % 1000;
}

function pick(weighted, text) {
  let left = permille(text);
  for (const [value, width] of weighted) {
    if (left < width) return value;
    left -= width;
  }
  return weighted[0][0];
}

function contexts() {
  const lines = [];
  for (const file of readdirSync(shares).sort()) {
    if (!file.endsWith(".js")) continue;
    const name = file.slice(0, -3);
    const browsers = unpack(require(join(shares, file)));
    for (const browser of Object.keys(browsers).sort()) {
      const versions = browsers[browser];
      for (const text of Object.keys(versions).sort()) {
        const share = versions[text];
        if (!share) continue;
        const row = `${name}/${browser}/${text}`;
        lines.push(
          JSON.stringify({
            targetingKey: `visitor-${createHash("sha256").update(row).digest("hex").slice(0, 12)}`,
            tenant: pick(TENANTS, `tenant/${row}`),
            region: regionName(name),
            browser: { name: browser, version: version(browser, text) },
            app: { version: pick(RELEASES, `release/${row}`) },
            share,
          }),
        );
      }
    }
  }
  return lines;
}

function regions() {
  const world = Object.fromEntries(Object.values(continentName).sort().map((name) => [name, {}]));
  for (const [code, country] of Object.entries(countries).sort(([a], [b]) => (a < b ? -1 : 1))) {
    world[continentName[country.continent]][code.toLowerCase()] = {};
  }
  return { world };
}

const [what, file] = process.argv.slice(2);
if (what === "contexts" && file) {
  const text = `${contexts().join("\n")}\n`;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  console.log(`${text.split("\n").length - 1} ${createHash("sha256").update(text).digest("hex")}`);
} else if (what === "regions") {
  console.log(JSON.stringify(regions()));
} else {
  console.error("usage: node build.mjs contexts FILE | regions");
  process.exit(2);
}
