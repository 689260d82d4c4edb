// The organization's own sign-in: OIDC authorization code with PKCE (RFC 6749, RFC 7636). Loaded only by who uses it.

import { Problem } from "./api.js";
import { texts } from "./texts.js";

const WAITING = "nocall-oidc";
const here = () => location.origin + location.pathname;
const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

/** Send the person to the issuer; the verifier and where they wanted to go wait in this tab. */
export async function leave(wayIn) {
  const waiting = { state: random(), verifier: random(), hash: location.hash };
  sessionStorage.setItem(WAITING, JSON.stringify(waiting));
  const challenge = base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(waiting.verifier))));
  const asked = new URLSearchParams({
    response_type: "code", client_id: wayIn.client_id, redirect_uri: here(), scope: "openid profile", state: waiting.state,
    code_challenge: challenge, code_challenge_method: "S256", ...(wayIn.audience && { audience: wayIn.audience }),
  });
  location.assign(`${wayIn.authorization_endpoint}?${asked}`);
}

/** Take what the issuer gave out of the address, and get the token for it. Raises Problem with the issuer's words. */
export async function redeem(wayIn) {
  const came = new URLSearchParams(location.search);
  const waiting = JSON.parse(sessionStorage.getItem(WAITING) ?? "null");
  sessionStorage.removeItem(WAITING);
  history.replaceState(null, "", location.pathname + (waiting?.hash ?? ""));
  if (!waiting || came.get("state") !== waiting.state) throw new Problem({ detail: texts.signIn.notBegun });
  if (came.has("error")) throw new Problem({ detail: came.get("error_description") ?? came.get("error") });
  const answer = await fetch(wayIn.token_endpoint, {
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({
      grant_type: "authorization_code", code: came.get("code") ?? "", redirect_uri: here(), client_id: wayIn.client_id, code_verifier: waiting.verifier,
    }),
    credentials: "omit",
  }).catch(() => { throw new Problem({}); });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok || !told[wayIn.token]) throw new Problem({ detail: told.error_description ?? told.error ?? texts.errors.unforeseen });
  return told[wayIn.token];
}
