// OpenFeature's own clients of the remote evaluation protocol, and nothing of Downhaul: says in a line what they are
// given, whenever that changes. node ofrep-client.mjs URL KEY
import { createRequire } from "node:module";

const require = createRequire(new URL("../../web/sdk/package.json", import.meta.url));
const { OpenFeature: Server } = require("@openfeature/server-sdk");
const { OpenFeature: Web } = require("@openfeature/web-sdk");
const { OFREPProvider } = require("@openfeature/ofrep-provider");
const { OFREPWebProvider } = require("@openfeature/ofrep-web-provider");

const [baseUrl, key] = process.argv.slice(2);
const headers = [["Authorization", `Bearer ${key}`]];
const context = { targetingKey: "visitor-in-cohort", tenant: "acme", region: "de", "app.version": "2.4.1" };
await Web.setContext(context);
await Server.setProviderAndWait(new OFREPProvider({ baseUrl, headers }));
await Web.setProviderAndWait(new OFREPWebProvider({ baseUrl, headers, pollInterval: 50 }));

let said = "";
const say = async () => {
  const one = await Server.getClient().getBooleanDetails("checkout-v2", false, context);
  const page = Web.getClient().getBooleanDetails("checkout-v2", false);
  const missing = await Server.getClient().getBooleanDetails("no-such-flag", true, context);
  const of = ({ value, variant, reason, errorCode }) => ({ value, variant, reason, errorCode });
  const line = JSON.stringify({ one: of(one), page: of(page), missing: of(missing) });
  if (line !== said) console.log((said = line));
  setTimeout(say, 20);
};
await say();
