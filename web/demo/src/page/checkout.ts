// The flagged checkout. On: one page. Degraded: the old three pages, where gift cards cannot be used.

import type { Client } from "downhaul";
import { total } from "./basket.js";
import { money } from "./catalogue.js";
import { bank, payBy } from "./payment.js";
import { escape } from "./view.js";
import type { Visit } from "./visit.js";

const pages = ["Address", "Payment", "Confirm"] as const;
let page = 0;

export function renderCheckout(into: HTMLElement, client: Client, visit: Visit): void {
  const onePage = client.boolean("checkout-v2", false);
  into.dataset["mode"] = onePage ? "one-page" : "three-page";
  const keep = new Map([...into.querySelectorAll("input")].map((input) => [input.name, input.value]));
  into.innerHTML = onePage ? oneSheet(client, visit) : threeSheets(client, visit);
  for (const input of into.querySelectorAll<HTMLInputElement>("input:not([type=checkbox])")) input.value = keep.get(input.name) ?? input.value;
  payBy(into, client);
  into.querySelector("[data-next]")?.addEventListener("click", () => {
    page = (page + 1) % pages.length;
    renderCheckout(into, client, visit);
  });
}

function oneSheet(client: Client, visit: Visit): string {
  const gift = client.boolean("gift-cards", false);
  return `<h2>Checkout <small>one page</small></h2>
    ${field("name", "Name and address")}${payment(client)}
    ${gift ? field("gift", "Gift card") : ""}
    ${bank}
    ${payButton(visit)}`;
}

function threeSheets(client: Client, visit: Visit): string {
  const steps = pages.map((name, at) => `<li ${at === page ? 'aria-current="step"' : ""}>${name}</li>`).join("");
  const sheets = [field("name", "Name and address"), payment(client), `${bank}${payButton(visit)}`];
  return `<h2>Checkout <small>step ${page + 1} of 3</small></h2><ol class="steps">${steps}</ol>
    ${sheets[page] ?? ""}
    <p class="note">Gift cards cannot be used just now.</p>
    <button data-next>${page === 2 ? "Start over" : "Continue"}</button>`;
}

function payButton(visit: Visit): string {
  return `<button class="primary" data-test="pay">Pay ${money(total(), visit.region)}</button>`;
}

function payment(client: Client): string {
  const provider = client.string("payments-provider", "card");
  return `<label>Pay with <strong data-test="provider">${escape(provider)}</strong>
    <input name="card" inputmode="numeric" autocomplete="off" placeholder="Number"></label>`;
}

function field(name: string, label: string): string {
  return `<label>${label}<input name="${name}" autocomplete="off"></label>`;
}
