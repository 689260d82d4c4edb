// Signing in: with a key, or with the organization's own sign-in (OIDC authorization code with PKCE, RFC 7636).

import { api, field, h, loading, Problem, problemBox, session } from "./kit.js";
import { texts } from "./texts.js";

const wayIn = JSON.parse(document.querySelector('meta[name="way-in"]').content || "{}");
const WAITING = "nocall-oidc";
const here = () => location.origin + location.pathname;

export async function show(root) {
  const words = h("div", { class: "message" });
  const came = new URLSearchParams(location.search);
  if (came.has("state")) {
    const back = sessionStorage.getItem(WAITING);
    sessionStorage.removeItem(WAITING);
    history.replaceState(null, "", location.pathname + (JSON.parse(back ?? "{}").hash ?? ""));
    try {
      return await enter(await redeem(came, JSON.parse(back ?? "null")), root);
    } catch (failed) {
      words.replaceChildren(alert(`${texts.signIn.issuerRefused} ${failed.detail ?? failed.message}`));
    }
  } else if (session.ended) {
    session.ended = false;
    words.replaceChildren(alert(texts.signIn.ended));
  }
  const key = h("input", { type: "password", autocomplete: "off", spellcheck: "false", name: "key" });
  const button = h("button", { class: "primary" }, texts.signIn.button);
  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    words.replaceChildren(loading(texts.signIn.checking));
    try {
      await enter(key.value.trim(), root);
    } catch (failed) {
      words.replaceChildren(failed.status === 401 ? alert(texts.signIn.refused) : problemBox(failed));
      key.focus();
    }
    button.disabled = false;
  };
  root.replaceChildren(
    h("h1", {}, texts.signIn.title),
    words,
    wayIn.client_id ? h("p", {}, h("button", { type: "button", class: "primary", onclick: leave }, texts.signIn.withIssuer)) : "",
    wayIn.unavailable ? h("p", { class: "note" }, texts.signIn.issuerUnavailable) : "",
    h("p", {}, texts.signIn.intro),
    h("form", { onsubmit: submit }, field(texts.signIn.key, key, { required: true }), button),
  );
  key.focus();
  return null;
}

const alert = (words) => h("p", { class: "problem", role: "alert" }, words);

/** Ask who the token stands for; an operator then says which account. */
async function enter(token, root) {
  if (!/^[\x21-\x7e]+$/.test(token)) throw new Problem({ status: 401, detail: texts.signIn.refused });
  const me = await api("GET", "/me", { token });
  Object.assign(session, { token, me, account: me.account_id });
  if (me.account_id) {
    session.keep();
    dispatchEvent(new CustomEvent("signed-in"));
    return null;
  }
  return choose(root);
}

async function choose(root) {
  const accounts = [];
  let token = null;
  do {
    const page = await api("GET", `/accounts?page_size=500${token ? `&page_token=${encodeURIComponent(token)}` : ""}`);
    accounts.push(...page.accounts);
    token = page.next_page_token;
  } while (token);
  const select = h("select", { name: "account" }, accounts.map((one) => h("option", { value: one.account_id }, `${one.name} (${one.account_id})`)));
  const chosen = (event) => {
    event.preventDefault();
    session.account = select.value;
    session.keep();
    dispatchEvent(new CustomEvent("signed-in"));
  };
  root.replaceChildren(
    h("h1", {}, texts.signIn.account),
    h("p", {}, texts.signIn.accountIntro),
    h("form", { onsubmit: chosen }, field(texts.signIn.account, select), h("button", { class: "primary" }, texts.signIn.button)),
  );
  select.focus();
  return null;
}

const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

async function leave() {
  const waiting = { state: random(), verifier: random(), hash: location.hash };
  sessionStorage.setItem(WAITING, JSON.stringify(waiting));
  const challenge = base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(waiting.verifier))));
  const asked = new URLSearchParams({
    response_type: "code", client_id: wayIn.client_id, redirect_uri: here(), scope: "openid profile", state: waiting.state,
    code_challenge: challenge, code_challenge_method: "S256", ...(wayIn.audience && { audience: wayIn.audience }),
  });
  location.assign(`${wayIn.authorization_endpoint}?${asked}`);
}

async function redeem(came, waiting) {
  if (!waiting || came.get("state") !== waiting.state) throw new Problem({ detail: texts.errors.unforeseen });
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
