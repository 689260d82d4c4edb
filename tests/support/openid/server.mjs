// An OpenID Connect provider on loopback: oidc-provider, certified by the OpenID Foundation, with its development
// pages. Reads its settings as one line of JSON from standard input and prints "ready" once it listens.
//
// Signing in as `role:account:name` puts the role and the account into the access token, which is a JWT for the API.

import Provider from "oidc-provider";

let input = "";
for await (const part of process.stdin) {
  input += part;
  if (input.includes("\n")) break;
}
const { jwks, clientId, audience, port } = JSON.parse(input);
const issuer = `http://127.0.0.1:${port}`;
const api = `${issuer}/api`;

const claimsOf = (login) => {
  const [role, account] = login.split(":");
  return { role, account_id: account };
};

const provider = new Provider(issuer, {
  jwks,
  clients: [{
    client_id: clientId, token_endpoint_auth_method: "none", application_type: "native", redirect_uris: ["http://127.0.0.1/console"],
  }],
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  extraTokenClaims: (ctx, token) => claimsOf(token.accountId),
  clientBasedCORS: () => true,
  pkce: { required: () => true },
  features: {
    resourceIndicators: {
      enabled: true,
      defaultResource: () => api,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: "", audience, accessTokenFormat: "jwt", accessTokenTTL: 300, jwt: { sign: { alg: "RS256" } } }),
    },
  },
  cookies: { keys: ["of the tests"] },
});
// Every stack has a different console URL, which is known only once the stack is up.
const { Client } = provider;
Client.prototype.redirectUriAllowed = (uri) => uri.startsWith("http://127.0.0.1") || uri.startsWith("http://localhost");
provider.listen(port, "127.0.0.1", () => console.log("ready"));
