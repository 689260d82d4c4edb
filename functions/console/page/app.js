// The frame: signing in, which view the address names, and what stands around it. Addresses are fragments, so that no
// number that is looked at is ever sent as part of one.

import { api, Problem, query } from "./api.js";
import { dress, field, h, icon, loading, problemBox, settled, toast } from "./kit.js";
import { session } from "./session.js";
import { texts } from "./texts.js";

const VIEWS = {
  activity: { file: "./activity.js", needs: "read_audit" },
  numbers: { file: "./numbers.js", needs: "list" },
  number: { file: "./number.js", needs: "read_number" },
  add: { file: "./add.js", needs: "add" },
  check: { file: "./check.js", needs: "check" },
  jobs: { file: "./jobs.js", needs: "read_jobs" },
  week: { file: "./week.js", needs: "read_stats" },
};
const IN_NAV = ["activity", "numbers", "check", "jobs", "week"];
const wayIn = JSON.parse(document.querySelector('meta[name="way-in"]').content || "{}");

const main = document.getElementById("main");
const bar = document.getElementById("top");
let leave = new AbortController();
let shown = { name: null, view: null };

// Which view.

/** Read the address: `#/numbers/+1415…`, `#/numbers?status=removed`, `#/check`. */
function place() {
  const [path, search = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, rest] = path.split("/");
  const fields = Object.fromEntries(new URLSearchParams(search));
  if (name === "numbers" && rest) return { name: "number", fields: { number: decoded(rest) } };
  return { name: name || home(), fields };
}

function decoded(written) {
  try {
    return decodeURIComponent(written);
  } catch {
    return written;
  }
}

const home = () => IN_NAV.find((name) => session.may(VIEWS[name].needs)) ?? "add";

async function go() {
  const signedIn = session.me && session.account;
  const { name, fields } = signedIn ? place() : { name: "signin", fields: {} };
  if (shown.name === name && shown.view?.update?.(fields)) return;
  leave.abort();
  leave = new AbortController();
  const { signal } = leave;
  frame(name);
  for (const said of document.querySelectorAll(".toast:not(.open)")) said.remove();
  const root = h("div", { class: `view-${name}` }, loading());
  main.replaceChildren(root);
  scrollTo(0, 0);
  shown = { name, view: null };
  try {
    const show = signedIn ? await view(name) : session.me ? choose : signIn;
    if (signal.aborted) return;
    shown.view = (await show(root, fields, signal)) ?? null;
  } catch (failed) {
    if (signal.aborted) return;
    root.replaceChildren(h("h1", {}, texts.errors.heading), problemBox(faceOf(failed), go));
  }
  if (signal.aborted) return;
  const heading = root.querySelector("h1");
  document.title = heading ? texts.title(heading.textContent) : texts.name;
  if (document.activeElement === document.body || document.activeElement?.closest("nav")) {
    heading?.setAttribute("tabindex", "-1");
    heading?.focus({ preventScroll: true });
  }
}

async function view(name) {
  const wanted = Object.hasOwn(VIEWS, name) ? VIEWS[name] : null;
  if (!wanted) throw new Problem({ code: "not_found", detail: texts.errors.notFound });
  if (!session.may(wanted.needs)) throw new Problem({ code: "forbidden", detail: texts.errors.notAllowed });
  const [{ show }] = await Promise.all([import(wanted.file), name !== "activity" && dress()]);
  return show;
}

/** A part that could not be fetched, a view that is not there or not allowed: each says which. */
function faceOf(failed) {
  return failed instanceof TypeError ? new Problem({ code: "part", detail: texts.errors.part }) : failed;
}

// Signing in: with a key, or by the organization.

async function signIn(root) {
  const words = h("div", { class: "message" });
  const alert = (said) => words.replaceChildren(h("p", { class: "problem", role: "alert" }, said));
  if (new URLSearchParams(location.search).has("state")) {
    try {
      const { redeem } = await import("./oidc.js");
      return await enter(await redeem(wayIn), root);
    } catch (failed) {
      alert(`${texts.signIn.issuerRefused} ${failed.detail ?? texts.errors.unforeseen}`);
    }
  } else if (session.ended) {
    session.ended = false;
    alert(texts.signIn.ended);
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
      if (failed.status === 401) alert(texts.signIn.refused);
      else words.replaceChildren(problemBox(failed));
      key.focus();
    }
    button.disabled = false;
  };
  const byIssuer = async () => (await import("./oidc.js")).leave(wayIn);
  root.replaceChildren(
    h("h1", {}, texts.signIn.title),
    words,
    wayIn.client_id ? h("p", {}, h("button", { type: "button", class: "primary", onclick: byIssuer }, texts.signIn.withIssuer)) : "",
    wayIn.unavailable ? h("p", { class: "note" }, texts.signIn.issuerUnavailable) : "",
    h("p", {}, texts.signIn.intro),
    h("form", { onsubmit: submit }, field(texts.signIn.key, key, { required: true }), button),
  );
  key.focus();
  return null;
}

/** Ask who the token stands for; an operator then says which account. */
async function enter(token, root) {
  if (!/^[\x21-\x7e]+$/.test(token)) throw new Problem({ status: 401, detail: texts.signIn.refused });
  const me = await api("GET", "/me", { token });
  Object.assign(session, { token, me, account: me.account_id });
  if (!me.account_id) return choose(root);
  session.keep();
  go();
  return null;
}

async function choose(root) {
  const accounts = [];
  let token = null;
  do {
    const page = await api("GET", `/accounts?${query({ page_size: 500, page_token: token })}`);
    accounts.push(...page.accounts);
    token = page.next_page_token;
  } while (token);
  const select = h("select", { name: "account" }, accounts.map((one) => h("option", { value: one.account_id }, `${one.name} (${one.account_id})`)));
  const chosen = (event) => {
    event.preventDefault();
    session.account = select.value;
    session.keep();
    go();
  };
  root.replaceChildren(
    h("h1", {}, texts.signIn.account),
    h("p", {}, texts.signIn.accountIntro),
    h("form", { onsubmit: chosen }, field(texts.signIn.account, select), h("button", { class: "primary" }, texts.signIn.open)),
  );
  select.focus();
  return null;
}

function signOut() {
  session.end();
  location.hash = "";
  go();
}

function otherAccount() {
  session.account = null;
  location.hash = "";
  go();
}

// What stands around a view.

function frame(name) {
  const brand = h("a", { class: "brand", href: "#/" }, icon("stop"), texts.name);
  if (!session.me || !session.account) {
    delete bar.dataset.built;
    return bar.replaceChildren(brand);
  }
  const links = IN_NAV.filter((one) => session.may(VIEWS[one].needs)).map((one) =>
    h("a", { href: `#/${one}`, "aria-current": one === name ? "page" : null }, texts.nav[one]));
  const built = JSON.stringify([session.me, session.account, session.name]);
  if (bar.dataset.built === built) return bar.querySelector("nav").replaceChildren(...links);
  bar.dataset.built = built;
  const who = session.me.person ?? session.name;
  const words = session.me.account_id ? texts.signIn.as(who, session.me.role, session.account) : texts.signIn.operator(who, session.account);
  return bar.replaceChildren(
    brand,
    session.may("read_number") ? document.querySelector("#top form") ?? searchForm() : "",
    session.may("add") ? h("a", { class: "button primary", href: "#/add" }, icon("plus"), h("span", {}, texts.add.button)) : "",
    h("nav", { "aria-label": texts.nav.label }, links),
    h("div", { class: "who" }, h("span", {}, words),
      session.me.account_id ? "" : h("button", { type: "button", class: "plain", onclick: otherAccount }, texts.signIn.other),
      h("button", { type: "button", class: "plain", onclick: signOut }, texts.signIn.out)),
  );
}

/** The search: any part of a number for who may list; a whole number for who may read one. */
function searchForm() {
  const lists = session.may("list");
  const input = h("input", {
    id: "search", type: "search", autocomplete: "off", spellcheck: "false", maxlength: 60,
    placeholder: lists ? texts.search.placeholder : texts.search.whole, "aria-label": lists ? texts.search.label : texts.search.open,
  });
  const { name, fields: { q } } = place();
  if (name === "numbers" && q) input.value = q;
  const find = () => {
    const here = place();
    const fields = { ...(here.name === "numbers" ? here.fields : {}), q: input.value.trim() };
    const address = `#/numbers${query(fields) ? `?${query(fields)}` : ""}`;
    if (here.name === "numbers") {
      history.replaceState(null, "", address);
      go();
    } else {
      location.hash = address;
    }
  };
  if (lists) input.addEventListener("input", settled(find));
  const submit = async () => {
    if (lists) return find();
    const { readings } = await api("POST", `/accounts/${session.account}/readings`, { body: { numbers: [input.value] } });
    if (!readings[0].number) throw new Problem({ code: "invalid_number", detail: readings[0].error });
    location.hash = `#/numbers/${readings[0].number}`;
    return null;
  };
  return h("form", { role: "search", onsubmit: (event) => {
    event.preventDefault();
    submit().catch((failed) => toast(failed.detail ?? texts.errors.unforeseen));
  } }, input);
}

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address is the view's
  main.focus();
});
addEventListener("hashchange", () => {
  const { name, fields } = place();
  const search = document.getElementById("search");
  if (search && search !== document.activeElement) search.value = name === "numbers" ? fields.q ?? "" : "";
  go();
});
addEventListener("named", () => frame(shown.name));
addEventListener("signed-out", () => {
  const was = session.token;
  session.end();
  session.ended = Boolean(was);
  go();
});

const offline = document.getElementById("offline");
const connection = () => {
  offline.hidden = navigator.onLine;
  offline.textContent = navigator.onLine ? "" : texts.errors.offline;
};
addEventListener("online", connection);
addEventListener("offline", connection);
connection();
go();
