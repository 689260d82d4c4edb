// The frame: who is signed in, which view the address names, and what stands around it. Addresses are fragments, so that
// no number that is looked at is ever sent as part of one.

import { api, h, icon, Problem, problemBox, session, settled, loading } from "./kit.js";
import { texts } from "./texts.js";

const VIEWS = {
  activity: { file: "./activity.js", needs: "read_audit" },
  numbers: { file: "./numbers.js", needs: "list" },
  number: { file: "./number.js", needs: "read_number" },
  add: { file: "./add.js", needs: "add" },
  check: { file: "./check.js", needs: "check" },
  week: { file: "./week.js", needs: "read_stats" },
};
const IN_NAV = ["activity", "numbers", "check", "week"];

const main = document.getElementById("main");
const bar = document.getElementById("top");
let leave = new AbortController();
let shown = { name: null, view: null };

/** Read the address: `#/numbers/+1415…`, `#/numbers?status=removed`, `#/check`. */
function place() {
  const [path, search = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, rest] = path.split("/");
  const fields = Object.fromEntries(new URLSearchParams(search));
  if (name === "numbers" && rest) return { name: "number", fields: { number: decodeURIComponent(rest) } };
  return { name: name || home(), fields };
}

const home = () => IN_NAV.find((name) => session.may(VIEWS[name].needs)) ?? "add";

async function go() {
  const { name, fields } = session.me && session.account ? place() : { name: "signin", fields: {} };
  if (shown.name === name && shown.view?.update?.(fields)) return;
  leave.abort();
  leave = new AbortController();
  const { signal } = leave;
  frame(name);
  for (const said of document.querySelectorAll(".toast:not(.open)")) said.remove();
  const root = h("div", { class: `view-${name}` }, loading());
  main.replaceChildren(root);
  shown = { name, view: null };
  try {
    const module = await import(name === "signin" ? "./signin.js" : viewFile(name));
    if (signal.aborted) return;
    shown.view = (await module.show(root, fields, signal)) ?? null;
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

function viewFile(name) {
  const view = VIEWS[name];
  if (!view) throw new Problem({ code: "not_found", detail: texts.errors.notFound });
  if (!session.may(view.needs)) throw new Problem({ code: "forbidden", detail: texts.errors.notAllowed });
  return view.file;
}

/** A part that could not be fetched, a view that is not there or not allowed: each says which. */
function faceOf(failed) {
  return failed instanceof TypeError ? new Problem({ code: "part", detail: texts.errors.part }) : failed;
}

function frame(name) {
  const brand = h("a", { class: "brand", href: "#/" }, texts.name);
  if (!session.me || !session.account) return bar.replaceChildren(brand);
  const kept = document.getElementById("search");
  const fresh = kept && kept.dataset.role === session.me.role ? kept.closest("form") : searchForm();
  const links = IN_NAV.filter((one) => session.may(VIEWS[one].needs)).map((one) =>
    h("a", { href: `#/${one}`, "aria-current": one === name ? "page" : null }, texts.nav[one]));
  if (kept && bar.dataset.built === stamp()) {
    bar.querySelector("nav").replaceChildren(...links);
    return;
  }
  bar.dataset.built = stamp();
  const words = session.me.account_id
    ? texts.signIn.as(session.me.person ?? session.name, session.me.role, session.account)
    : texts.signIn.operator(session.me.person ?? session.name, session.account);
  bar.replaceChildren(
    brand,
    session.may("read_number") ? fresh : "",
    session.may("add") ? h("a", { class: "button primary", href: "#/add" }, icon("plus"), texts.add.button) : "",
    h("nav", { "aria-label": texts.nav.label }, links),
    h("div", { class: "who" }, h("span", {}, words),
      h("button", { type: "button", class: "plain", onclick: signOut }, texts.signIn.out)),
  );
}

const stamp = () => JSON.stringify([session.me, session.account, session.name]);

/** The search: any part of a number for who may list; a whole number for who may read one. */
function searchForm() {
  const lists = session.may("list");
  const input = h("input", {
    id: "search", type: "search", autocomplete: "off", spellcheck: "false", placeholder: texts.search.placeholder, maxlength: 60,
    "aria-label": lists ? texts.search.label : texts.search.open, "data-role": session.me.role,
  });
  const find = () => {
    const here = place();
    const fields = new URLSearchParams(here.name === "numbers" ? here.fields : {});
    if (input.value.trim()) fields.set("q", input.value.trim());
    else fields.delete("q");
    const address = `#/numbers${fields.size ? `?${fields}` : ""}`;
    if (here.name === "numbers") {
      history.replaceState(null, "", address);
      go();
    } else {
      location.hash = address;
    }
  };
  if (lists) input.addEventListener("input", settled(find));
  const submit = async (event) => {
    event.preventDefault();
    if (lists) return find();
    const { readings } = await api("POST", `/accounts/${session.account}/readings`, { body: { numbers: [input.value] } });
    if (readings[0].number) location.hash = `#/numbers/${readings[0].number}`;
    else throw new Problem({ code: "invalid_number", detail: readings[0].error });
  };
  return h("form", { role: "search", onsubmit: (event) => submit(event).catch((failed) => main.replaceChildren(problemBox(failed))) }, input);
}

function signOut() {
  session.end();
  location.hash = "";
  delete bar.dataset.built;
  go();
}

addEventListener("hashchange", () => {
  const { name, fields } = place();
  const search = document.getElementById("search");
  if (search && search !== document.activeElement) search.value = name === "numbers" ? fields.q ?? "" : "";
  if (location.hash !== "#main") go();
});
addEventListener("signed-in", go);
addEventListener("named", () => { delete bar.dataset.built; frame(shown.name); });
addEventListener("signed-out", () => {
  const was = session.token;
  session.end();
  session.ended = Boolean(was);
  delete bar.dataset.built;
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
