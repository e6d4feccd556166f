import type { Client } from "downhaul";
import { add } from "./basket.js";
import { advised, goods, money } from "./catalogue.js";
import { picture } from "./pictures.js";
import type { Visit } from "./visit.js";

type Banner = {
  text?: string;
  until?: string;
};

export function renderBanner(into: HTMLElement, client: Client): void {
  const banner = client.object<Banner>("summer-banner", {});
  into.hidden = !banner.text;
  into.textContent = banner.text ? `${banner.text}${banner.until ? ` Until ${banner.until}.` : ""}` : "";
}

export function renderGoods(into: HTMLElement, client: Client, visit: Visit, changed: () => void): void {
  const search = client.boolean("new-search", false);
  const format = client.string("image-format", "png");
  const query = into.querySelector("input")?.value ?? "";
  const focused = into.contains(document.activeElement) && document.activeElement instanceof HTMLInputElement;
  const found = goods.filter((good) => `${good.name} ${good.note}`.toLowerCase().includes(query.trim().toLowerCase()));
  into.innerHTML = `
    <div class="row"><h1>Lines and fittings</h1>
    ${search ? `<input type="search" placeholder="Search the loft" aria-label="Search" data-test="search">` : ""}</div>
    <ul class="goods" data-format="${escape(format)}">${found
      .map(
        (good) => `<li>${picture(good)}<h3>${good.name}</h3><p>${good.note}</p>
        <div class="row"><strong>${money(good.cents, visit.region)}</strong><button data-add="${good.id}">Add</button></div></li>`,
      )
      .join("")}</ul>
    ${found.length === 0 ? `<p class="empty">Nothing in the loft is called that.</p>` : ""}`;
  const input = into.querySelector("input");
  if (input) {
    input.value = query;
    if (focused) input.focus();
    input.addEventListener("input", changed);
  }
  for (const button of into.querySelectorAll<HTMLButtonElement>("[data-add]")) {
    button.addEventListener("click", () => {
      add(button.dataset["add"] ?? "");
      changed();
    });
  }
}

export function renderAdvice(into: HTMLElement, client: Client, visit: Visit): void {
  into.hidden = !client.boolean("recommendations", false);
  into.innerHTML = `<h2>Goes well with it</h2><ul class="goods small">${advised
    .map((good) => `<li>${picture(good)}<h3>${good.name}</h3><p>${good.note}</p><strong>${money(good.cents, visit.region)}</strong></li>`)
    .join("")}</ul>`;
}

export function escape(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
