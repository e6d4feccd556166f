// The visitor's orders, in React: the flags come through OpenFeature, and no component knows of Downhaul.

import { OpenFeature, OpenFeatureProvider, useBooleanFlagDetails, useBooleanFlagValue, useOpenFeatureClientStatus } from "@openfeature/react-sdk";
import { createClient } from "downhaul";
import { DownhaulWebProvider } from "downhaul/openfeature-web";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { advised, goods, money } from "./catalogue.js";
import { contextOf, keptVisit, shopSettings, tokenFor, type Visit } from "./visit.js";

const settings = await shopSettings();
const visit = keptVisit(settings);

const client = createClient({ url: settings.downhaul, key: settings.key, environment: settings.environment, contextToken: () => tokenFor(visit), release: "shop 2.4.1", region: visit.region });
void OpenFeature.setProvider(new DownhaulWebProvider(client, { contextToken: () => tokenFor(visit) }), contextOf(visit));

function Orders({ visit }: { visit: Visit }) {
  const { value: onePage, reason, variant } = useBooleanFlagDetails("checkout-v2", false);
  const status = useOpenFeatureClientStatus();
  return (
    <section className="panel" aria-label="Your orders" data-test="checkout" data-mode={onePage ? "one-page" : "three-page"}>
      <h1>
        Your orders <small>{onePage ? "paid again on one page" : "paid again in three steps"}</small>
      </h1>
      <ul className="goods">
        {goods.slice(0, 3).map((good) => (
          <li key={good.id}>
            <h3>{good.name}</h3>
            <p>{good.note}</p>
            <div className="row">
              <strong>{money(good.cents, visit.region)}</strong>
              <a href="./">Order again</a>
            </div>
          </li>
        ))}
      </ul>
      <p className="note" role="status" data-test="state" data-status={status}>
        {status === "READY" ? `checkout-v2 is ${variant ?? "the page's own default"} (${reason})` : status === "STALE" ? "flags as they were when they were last heard of" : "asking for flags"}
      </p>
    </section>
  );
}

function Advice({ visit }: { visit: Visit }) {
  if (!useBooleanFlagValue("recommendations", false)) return null;
  return (
    <section aria-label="Recommendations">
      <h2>Goes well with it</h2>
      <ul className="goods small">
        {advised.map((good) => (
          <li key={good.id}>
            <h3>{good.name}</h3>
            <p>{good.note}</p>
            <strong>{money(good.cents, visit.region)}</strong>
          </li>
        ))}
      </ul>
    </section>
  );
}

createRoot(document.getElementById("account") as HTMLElement).render(
  <StrictMode>
    <OpenFeatureProvider>
      <Orders visit={visit} />
      <Advice visit={visit} />
    </OpenFeatureProvider>
  </StrictMode>,
);
