// Signing in, with an API key or with the organization, and the operator's choice of an account.

import { api, ofAccount, Problem, query } from "./api.js";
import { button, field, h, loading, problemBox } from "./kit.js";
import { session } from "./session.js";
import { texts } from "./texts.js";

const MANY = 12;

/** Show the sign-in. `settings`: how people sign in; `why`: how the last session ended; `done()` is called afterwards. */
export async function signIn(root, { settings, why, done }) {
  const words = texts.signIn;
  const message = h("div", { class: "message" });
  const alert = (said) => message.replaceChildren(h("p", { class: "problem", role: "alert" }, said));
  if (new URLSearchParams(location.search).has("state")) {
    try {
      const { redeem } = await import("./oidc.js");
      return await enter(await redeem(settings), done);
    } catch (failed) {
      alert(`${words.issuerRefused} ${failed.detail ?? texts.errors.unforeseen}`);
    }
  } else if (why) {
    alert(words[why] ?? words.ended);
  }
  const key = h("input", { type: "password", autocomplete: "off", spellcheck: "false", name: "key" });
  const submit = h("button", { class: settings.client_id ? "" : "primary" }, words.button);
  const trySignIn = async (event) => {
    event.preventDefault();
    if (submit.disabled) return;
    submit.disabled = true;
    message.replaceChildren(loading(words.checking));
    try {
      await enter(key.value.trim(), done);
    } catch (failed) {
      if (failed.status === 401) alert(words.refused);
      else message.replaceChildren(problemBox(failed));
      key.focus();
    }
    submit.disabled = false;
  };
  const byIssuer = async () => (await import("./oidc.js")).leave(settings);
  root.replaceChildren(h("div", { class: "card narrow" },
    h("h1", {}, words.title), message,
    settings.client_id && [button(words.withIssuer, byIssuer, { class: "primary wide" }), h("p", { class: "or muted" }, words.or)],
    settings.unavailable && h("p", { class: "info" }, words.issuerUnavailable),
    h("form", { onsubmit: trySignIn }, field(words.key, key, { required: true, hint: words.keyHint }), submit)));
  key.focus();
  return null;
}

/** Start a session with a token. Raises Problem if the service does not accept it. */
async function enter(token, done) {
  if (!/^[\x21-\x7e]+$/.test(token)) throw new Problem({ status: 401, detail: texts.signIn.refused });
  const me = await api("GET", "/me", { token });
  Object.assign(session, { token, me, account: me.account_id, accountName: me.account_name ?? "" });
  if (me.account_id && me.default_region === undefined && session.may("read_account")) await readAccount();
  session.save();
  done();
  return null;
}

/** Read the account's name and country from the account itself, if `/me` does not include them. */
async function readAccount() {
  const account = await api("GET", ofAccount("")).catch(() => ({}));
  session.accountName = account.name ?? "";
  session.me.default_region = account.default_region;
}

/** Let an operator choose an account. It is part of the session, so a reload keeps it. */
export async function chooseAccount(root, { signal, done, signOut }) {
  const words = texts.signIn;
  const foot = h("p", { class: "buttons" }, button(texts.account.signOut, signOut, { class: "link" }));
  const card = h("div", { class: "card narrow" }, h("h1", {}, words.accountTitle), loading(), foot);
  root.replaceChildren(card);
  const accounts = [];
  let token = null;
  try {
    do {
      const page = await api("GET", `/accounts?${query({ page_size: 500, page_token: token })}`, { signal });
      accounts.push(...page.accounts);
      token = page.next_page_token;
    } while (token);
  } catch (failed) {
    if (!signal.aborted) card.replaceChildren(h("h1", {}, words.accountTitle), problemBox(failed, { retry: () => chooseAccount(root, { signal, done, signOut }) }), foot);
    return null;
  }
  const select = h("select", { name: "account", size: accounts.length > MANY ? 8 : null });
  const open = h("button", { class: "primary" }, words.open);
  const none = h("p", { class: "muted", role: "status" });
  const fill = (typed = "") => {
    const fits = accounts.filter(({ name, account_id: id }) => `${name} ${id}`.toLowerCase().includes(typed.toLowerCase()));
    select.replaceChildren(...fits.map((one) => {
      const named = one.name && one.name !== one.account_id ? `${one.name} (${one.account_id})` : one.account_id;
      return h("option", { value: one.account_id }, one.suspended ? words.suspended(named) : named);
    }));
    if (fits.some((one) => one.account_id === session.last)) select.value = session.last;
    if (!select.value && fits.length) select.selectedIndex = 0;
    open.disabled = !fits.length;
    none.textContent = fits.length ? "" : words.noAccounts;
  };
  fill();
  const find = h("input", { type: "search", autocomplete: "off" });
  find.addEventListener("input", () => fill(find.value.trim()));
  const chosen = (event) => {
    event.preventDefault();
    const account = accounts.find((one) => one.account_id === select.value);
    if (!account) return;
    Object.assign(session, { account: account.account_id, accountName: account.name, last: account.account_id });
    session.me = { ...session.me, default_region: account.default_region, suspended: account.suspended };
    session.save();
    done();
  };
  card.replaceChildren(h("h1", {}, words.accountTitle), h("form", { onsubmit: chosen },
    accounts.length > MANY ? field(words.accountFilter, find) : "", field(words.account, select), none, open), foot);
  (accounts.length > MANY ? find : select).focus();
  return null;
}
