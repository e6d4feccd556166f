import type { Client } from "downhaul";
import { goods, money } from "./catalogue.js";
import type { Visit } from "./visit.js";

/** How many of what. Lives as long as the page. */
export const basket = new Map<string, number>([
  ["downhaul", 1],
  ["halyard", 2],
]);

export function add(id: string): void {
  basket.set(id, (basket.get(id) ?? 0) + 1);
}

export function total(): number {
  return goods.reduce((sum, good) => sum + good.cents * (basket.get(good.id) ?? 0), 0);
}

export function renderBasket(into: HTMLElement, client: Client, visit: Visit, changed: () => void): void {
  const modern = client.boolean("cart-service-v3", false);
  const lines = goods.filter((good) => basket.has(good.id));
  into.innerHTML = `
    <h2>Basket</h2>
    <ul class="basket">${lines
      .map(
        (good) => `<li><span>${basket.get(good.id)} × ${good.name}</span><span>${money(good.cents * (basket.get(good.id) ?? 0), visit.region)}</span>
          ${modern ? `<button class="quiet" data-less="${good.id}" aria-label="One ${good.name} less">−</button>` : ""}</li>`,
      )
      .join("")}</ul>
    <p class="total"><span>Total</span><strong>${money(total(), visit.region)}</strong></p>`;
  for (const button of into.querySelectorAll<HTMLButtonElement>("[data-less]")) {
    button.addEventListener("click", () => {
      const id = button.dataset["less"] ?? "";
      const left = (basket.get(id) ?? 1) - 1;
      if (left > 0) basket.set(id, left);
      else basket.delete(id);
      changed();
    });
  }
}
