// A real OpenID provider on a free port of this machine, for tests. Nobody types a password: whoever was last named by
// `POST /account` signs in at once.
//
//   node provider.mjs REDIRECT_URI   prints its issuer when it is ready, and ends with standard input

import { createServer } from "node:http";
import { once } from "node:events";
import { Provider } from "oidc-provider";

const [redirect] = process.argv.slice(2);
const accounts = new Map();
let current = null;

const server = createServer();
server.listen(0, "127.0.0.1");
await once(server, "listening");
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [{ client_id: "downhaul", client_secret: "a secret of the tests", redirect_uris: [redirect] }],
  claims: { openid: ["sub"], profile: ["name"], groups: ["groups"] },
  scopes: ["openid", "profile", "groups"],
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => accounts.has(id) && { accountId: id, claims: () => accounts.get(id) },
  // Consent is given.
  async loadExistingGrant(context) {
    const { client, session, params } = context.oidc;
    const grant = new context.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope(params.scope);
    await grant.save();
    return grant;
  },
  cookies: { keys: ["of the tests"] },
});
const answer = provider.callback();

server.on("request", async (request, response) => {
  if (request.url === "/account" && request.method === "POST") {
    const account = JSON.parse(Buffer.concat(await request.toArray()));
    accounts.set(account.sub, account);
    current = account.sub;
    response.end();
  } else if (request.url.startsWith("/interaction/")) {
    await provider.interactionFinished(request, response, { login: { accountId: current } });
  } else {
    answer(request, response);
  }
});

console.log(issuer);
process.stdin.on("end", () => process.exit()).resume();
