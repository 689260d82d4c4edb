// Sign-in with an organization: OpenID Connect, authorization code with PKCE (RFC 6749, RFC 7636).

import { Problem } from "./api.js";
import { texts } from "./texts.js";

const WAITING = "nocall-oidc";
const here = () => location.origin + location.pathname;
const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

/** Send the person to the issuer. This tab stores the verifier and the address to come back to. */
export async function leave(issuer) {
  const waiting = { state: random(), verifier: random(), hash: location.hash };
  sessionStorage.setItem(WAITING, JSON.stringify(waiting));
  const challenge = base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(waiting.verifier))));
  const request = new URLSearchParams({
    response_type: "code", client_id: issuer.client_id, redirect_uri: here(), scope: "openid profile", state: waiting.state,
    code_challenge: challenge, code_challenge_method: "S256", ...(issuer.audience && { audience: issuer.audience }),
  });
  location.assign(`${issuer.authorization_endpoint}?${request}`);
}

/** Take the issuer's response from the address, and exchange its code for a token. Raises Problem with the issuer's message. */
export async function redeem(issuer) {
  const returned = new URLSearchParams(location.search);
  const waiting = JSON.parse(sessionStorage.getItem(WAITING) ?? "null");
  sessionStorage.removeItem(WAITING);
  history.replaceState(null, "", location.pathname + (waiting?.hash ?? ""));
  if (!waiting || returned.get("state") !== waiting.state) throw new Problem({ detail: texts.signIn.notStarted });
  if (returned.has("error")) throw new Problem({ detail: returned.get("error_description") ?? returned.get("error") });
  const response = await fetch(issuer.token_endpoint, {
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({
      grant_type: "authorization_code", code: returned.get("code") ?? "", redirect_uri: here(), client_id: issuer.client_id, code_verifier: waiting.verifier,
    }),
    credentials: "omit",
  }).catch(() => { throw new Problem({}); });
  const content = await response.json().catch(() => ({}));
  if (!response.ok || !content[issuer.token]) throw new Problem({ detail: content.error_description ?? content.error ?? texts.errors.unforeseen });
  return content[issuer.token];
}
