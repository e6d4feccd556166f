// Paying, as far as a shop without a bank can: what comes of it is told as an outcome of the flag `checkout-v2`.

import type { Client } from "downhaul";
import { outcomes } from "downhaul/outcomes";

/** What a visitor sees and does beside a button that pays. */
export const bank = `<label class="bank"><input type="checkbox" name="refuse" data-test="refuse"> let the bank refuse</label>
  <p class="note" data-test="paid" role="status"></p>`;

let refuses = false;

/** Has the button of a checkout pay. */
export function payBy(into: HTMLElement, client: Client): void {
  const box = into.querySelector<HTMLInputElement>("[name=refuse]");
  if (box) box.checked = refuses;
  box?.addEventListener("change", () => (refuses = box.checked));
  into.querySelector("[data-test=pay]")?.addEventListener("click", () => {
    const said = into.querySelector("[data-test=paid]");
    try {
      // Under the checkout that is on the page, which a kill may change while somebody pays.
      outcomes(client).watch("checkout-v2", charge);
      if (said) said.textContent = "Paid. Thank you.";
    } catch (refused) {
      if (said) said.textContent = (refused as Error).message;
    }
  });
}

function charge(): void {
  if (refuses) throw new Error("The bank refused. Nothing was paid.");
}
