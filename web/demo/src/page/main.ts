// The storefront. Every decision it takes from a flag stands in `view.ts` and `checkout.ts`;
// this file connects visitor, client and page.

import { createClient } from "downhaul";
import type { Client } from "downhaul";
import { renderBasket } from "./basket.js";
import { renderCheckout } from "./checkout.js";
import { renderLines } from "./lines.js";
import { renderAdvice, renderBanner, renderGoods } from "./view.js";
import { contextOf, keep, keptVisit, newVisitor, shopSettings, tokenFor, type Visit } from "./visit.js";

const settings = await shopSettings();
let visit = keptVisit(settings);

const client: Client = createClient({
  url: settings.downhaul,
  key: settings.key,
  environment: settings.environment,
  context: contextOf(visit),
  // Asked before each connection, so that a token never runs out under a long visit.
  contextToken: () => tokenFor(visit),
  release: "shop 2.4.1",
  region: visit.region,
  bootstrap: JSON.parse(document.getElementById("downhaul-bootstrap")?.textContent ?? "null") ?? undefined,
});

function render(): void {
  renderBanner(element("banner"), client);
  renderGoods(element("goods"), client, visit, render);
  renderBasket(element("basket"), client, visit, render);
  renderCheckout(element("checkout"), client, visit);
  renderAdvice(element("advice"), client, visit);
  renderLines(element("lines"), client);
}

/** Another visitor, tenant or region: the back end vouches for it, and the client decides anew. */
async function become(next: Visit): Promise<void> {
  visit = next;
  keep(visit);
  showVisit();
  await client.setContext(contextOf(visit), { contextToken: () => tokenFor(visit) });
  render();
}

function showVisit(): void {
  options("tenant", settings.tenants.map((key) => ({ key, name: key })), visit.tenant);
  options("region", settings.regions, visit.region);
  element("visitor").textContent = visit.visitor;
}

function options(id: string, choices: { key: string; name: string }[], chosen: string): void {
  const select = element(id) as HTMLSelectElement;
  select.replaceChildren(...choices.map(({ key, name }) => new Option(name, key, false, key === chosen)));
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page lacks #${id}`);
  return found;
}

element("tenant").addEventListener("change", (event) => {
  void become({ ...visit, tenant: (event.target as HTMLSelectElement).value });
});
element("region").addEventListener("change", (event) => {
  void become({ ...visit, region: (event.target as HTMLSelectElement).value });
});
element("visitor").addEventListener("click", () => void become({ ...visit, visitor: newVisitor() }));

for (const event of ["ready", "changed", "stale"] as const) client.on(event, render);
client.on("problem", () => renderLines(element("lines"), client));
// A connection that comes back with nothing new is no event, and yet worth showing.
setInterval(() => renderLines(element("lines"), client), 1000);

// For people at the browser's console, and for the end-to-end tests.
Object.assign(window, { shop: { client } });

keep(visit);
showVisit();
render();
