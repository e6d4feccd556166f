// A back end that uses the npm package: says in a line what it has, whenever that changes. node node-client.mjs URL KEY [PUBLIC_KEY…]
import { createClient } from "../../web/sdk/dist/node.js";

const [url, key, ...publicKeys] = process.argv.slice(2);
const client = createClient({ key, url, kind: "server", context: { targetingKey: "u" }, ...(publicKeys.length > 0 ? { publicKeys } : {}) });
let said = "";
const say = () => {
  const { position, problems, source } = client.status();
  const killed = client.details("checkout-v2", false).reason === "DISABLED";
  const line = JSON.stringify({ position: position ?? null, problems, source, killed });
  if (line !== said) console.log((said = line));
};
setInterval(say, 20);
