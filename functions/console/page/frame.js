// The frame of every view: the sidebar, which is a menu on narrow screens, and the bar with the search.

import { api } from "./api.js";
import { h, button, icon, menu, settled, toast } from "./kit.js";
import { address, place } from "./places.js";
import { session } from "./session.js";
import { texts } from "./texts.js";

export const VIEWS = {
  numbers: { file: "./numbers.js", needs: "list", icon: "list" },
  activity: { file: "./activity.js", needs: "read_audit", icon: "clock" },
  check: { file: "./check.js", needs: "check", icon: "check" },
  jobs: { file: "./jobs.js", needs: "read_jobs", icon: "files" },
  approvals: { file: "./approvals.js", needs: "remove", icon: "people" },
  reports: { file: "./reports.js", needs: "read_stats", icon: "chart" },
  audit: { file: "./audit.js", needs: "read_audit", icon: "shield" },
  settings: { file: "./settings.js", needs: "keys", icon: "gear" },
  number: { file: "./number.js", needs: "read_number" },
  add: { file: "./add.js", needs: "add" },
  api: { file: "./api_reference.js", needs: "read_self" },
};
const IN_NAV = Object.keys(VIEWS).filter((name) => VIEWS[name].icon);
export const home = () => IN_NAV.find((name) => session.may(VIEWS[name].needs)) ?? "add";

const top = document.getElementById("top");
const side = document.getElementById("side");
const narrow = matchMedia("(max-width: 1023px)");
let built = null;
let waiting = 0;

/** Draw the frame for a view. `actions`: signOut, switchAccount, help. */
export function frame(name, actions) {
  const open = Boolean(session.me && session.account);
  document.body.classList.toggle("signed-out", !open);
  const state = open ? JSON.stringify([session.me, session.account, session.accountName, session.name]) : "";
  if (built !== state) {
    built = state;
    build(open, actions);
  }
  if (!open) return;
  for (const link of side.querySelectorAll("nav a")) {
    if (link.dataset.view === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (side.matches(":popover-open")) side.hidePopover();
}

const brand = () => h("a", { class: "brand", href: "#/" }, icon("stop"), texts.name);

function build(open, actions) {
  if (!open) {
    side.replaceChildren();
    top.replaceChildren(brand());
    return;
  }
  const typed = top.querySelector("#search")?.value;
  const links = IN_NAV.filter((name) => session.may(VIEWS[name].needs)).map((name) =>
    h("a", { href: `#/${name}`, "data-view": name }, icon(VIEWS[name].icon), texts.nav[name], name === "approvals" && h("span", { class: "counter", hidden: true })));
  side.replaceChildren(brand(), h("p", { class: "account", title: session.account }, session.accountName || session.account, session.me.suspended && h("span", { class: "badge" }, texts.account.suspended)),
    h("nav", { "aria-label": texts.nav.label }, links), ...accountMenu(actions));
  const toggle = button(icon("menu"), null, { class: "icon only-narrow", "aria-label": texts.nav.menu, popovertarget: "side" });
  top.replaceChildren(toggle, h("div", { class: "only-narrow" }, brand()),
    ...(session.may("read_number") ? search(typed) : [h("span")]),
    session.may("add") ? h("a", { class: "button primary", href: "#/add" }, icon("plus"), h("span", {}, texts.nav.add)) : "");
  showWaiting(waiting);
}

function accountMenu({ signOut, switchAccount, help }) {
  const who = session.me.person ?? (session.name || session.me.key_name || texts.key(""));
  const opener = button([h("span", {}, h("b", {}, who), h("small", {}, texts.roles[session.me.role] ?? session.me.role)), icon("down")], null, { class: "who", title: texts.account.menu });
  const panel = menu(opener, [
    !session.me.account_id && button(texts.account.switch, switchAccount),
    button(texts.account.help, help), h("a", { href: "#/api" }, texts.account.docs),
    button(texts.account.signOut, signOut),
  ], { "aria-label": texts.account.menu });
  const out = button(icon("out"), signOut, { class: "icon", "aria-label": texts.account.signOut, title: texts.account.signOut });
  panel.addEventListener("beforetoggle", ({ newState }) => { out.hidden = newState === "open"; }); // the menu has its own
  return [h("div", { class: "foot" }, opener, out), panel];
}

/** Show how many removals wait for approval. */
export function showWaiting(n) {
  waiting = n;
  const counter = side.querySelector(".counter");
  if (!counter) return;
  counter.hidden = !n;
  counter.textContent = n;
  counter.setAttribute("aria-label", texts.nav.waiting(n));
}

// The sidebar opens over the page on narrow screens.

function fold() {
  if (narrow.matches) side.setAttribute("popover", "auto");
  else side.removeAttribute("popover");
}
narrow.addEventListener("change", fold);
fold();

/** The search: any part of a number, or a campaign, for roles that see the list; otherwise a whole number. */
function search(typed) {
  const lists = session.may("list");
  const words = texts.search;
  const input = h("input", {
    id: "search", type: "search", autocomplete: "off", spellcheck: "false", maxlength: 60,
    placeholder: lists ? words.placeholder : words.whole, "aria-label": lists ? words.label : words.whole,
  });
  const { name, fields: { q } } = place();
  input.value = typed ?? (name === "numbers" ? q ?? "" : "");
  const find = () => {
    const now = place();
    const onList = now.name === "numbers";
    const target = address("numbers", { ...(onList ? now.fields : {}), q: input.value.trim() });
    if (onList) {
      history.replaceState({ ...history.state, list: null }, "", target);
      dispatchEvent(new Event("hashchange"));
    } else {
      location.hash = target;
    }
  };
  if (lists) input.addEventListener("input", settled(find));
  const openNumber = async () => {
    const { readings: [reading] } = await api("POST", `/accounts/${session.account}/readings`, { body: { numbers: [input.value] } });
    if (reading.number) location.hash = `#/numbers/${reading.number}`;
    else toast(words.incomplete(input.value.trim()));
  };
  const submit = (event) => {
    event.preventDefault();
    if (lists) find();
    else if (input.value.trim()) openNumber().catch((failed) => toast(failed.detail ?? texts.errors.unforeseen));
  };
  const form = h("form", { role: "search", onsubmit: submit }, icon("search"), input,
    button(icon("close"), () => top.classList.remove("searching"), { class: "icon only-phone", "aria-label": words.close }));
  const reveal = button(icon("search"), () => { top.classList.add("searching"); input.focus(); }, { class: "icon reveal only-phone", "aria-label": words.open });
  return [form, reveal];
}

/** Focus the search, wherever it is. */
export function focusSearch() {
  const input = document.getElementById("search");
  if (!input) return;
  top.classList.add("searching");
  input.focus();
  input.select();
}

const offline = document.getElementById("offline");

/** Show that the connection is lost, until it is back. */
export function showConnection(online) {
  offline.hidden = online;
  offline.textContent = online ? "" : texts.errors.offline;
}

