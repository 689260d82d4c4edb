// The router and the session: shows the view that the address names, to the person who signed in.

import { api, connection, ofAccount, Problem } from "./api.js";
import { forgetDrafts } from "./drafts.js";
import { keyNames, time } from "./format.js";
import { focusSearch, frame, home, showConnection, showWaiting, VIEWS } from "./frame.js";
import { button, focusOn, h, loading, onRecovery, problemBox, style, toast } from "./kit.js";
import { place } from "./places.js";
import { adoptSession, session, watchIdleness } from "./session.js";
import { texts } from "./texts.js";

const WITHOUT_STYLE = new Set(["numbers"]); // these need only the first stylesheet
const DAYS = 86_400_000;
const SOON = 14 * DAYS;
const settings = JSON.parse(document.querySelector('meta[name="settings"]').content);
const main = document.getElementById("main");
const notices = document.getElementById("notices");
let leave = new AbortController();
let current = { name: null, view: null };
let ended = "";

function here() {
  const { name, fields } = place();
  return { name: name || home(), fields };
}

async function go() {
  const signedIn = session.me && session.account;
  const { name, fields } = signedIn ? here() : { name: session.me ? "account" : "sign-in", fields: {} };
  if (current.name === name && current.view?.update?.(fields)) return;
  leave.abort();
  leave = new AbortController();
  const { signal } = leave;
  frame(name, { signOut, switchAccount, help });
  for (const other of document.querySelectorAll(".toast:not(.open)")) other.remove();
  const root = h("div", { class: `view ${name}` }, loading());
  main.replaceChildren(root);
  scrollTo(0, 0);
  current = { name, view: null };
  try {
    const show = await (signedIn ? view(name) : entry(name));
    if (signal.aborted) return;
    current.view = (await show(root, fields, signal)) ?? null;
  } catch (failed) {
    if (signal.aborted) return;
    root.replaceChildren(h("h1", {}, texts.errors.heading), await refusal(failed));
  }
  if (signal.aborted) return;
  const heading = root.querySelector("h1");
  document.title = heading ? texts.title(heading.textContent) : texts.name;
  if (document.activeElement === document.body || document.activeElement?.closest("nav")) focusOn(heading);
  if (signedIn) setTimeout(lookAround, 1000);
}

async function view(name) {
  const wanted = Object.hasOwn(VIEWS, name) ? VIEWS[name] : null;
  if (!wanted) throw new Problem({ status: 404, code: "not_found", detail: texts.errors.notFound });
  if (!session.may(wanted.needs)) throw new Problem({ status: 403, code: "forbidden", detail: texts.errors.notAllowed(texts.roles[session.me.role], texts.who[wanted.needs]) });
  const [{ show }] = await Promise.all([import(wanted.file), WITHOUT_STYLE.has(name) || style()]);
  return show;
}

async function entry(name) {
  const { chooseAccount, signIn } = await import("./sign_in.js");
  if (name === "account") return (root, fields, signal) => chooseAccount(root, { signal, done: go, signOut });
  return (root) => signIn(root, { settings, why: ended, done: () => { ended = ""; go(); } });
}

/** Why there is no view, and the way out: a reload, another view, or waiting for the connection. */
async function refusal(failed) {
  if (failed instanceof TypeError && !(await connection.tryNow())) {
    const box = problemBox(new Problem({ detail: texts.errors.offlineView }));
    onRecovery(box, () => location.reload()); // a browser never retries a module that failed to load
    return box;
  }
  if (failed instanceof TypeError) {
    return problemBox(new Problem({ status: 404, detail: texts.errors.part }), { more: button(texts.errors.reload, () => location.reload()) });
  }
  const way = session.account && h("a", { href: "#/" }, texts.errors.home(texts.nav[home()]));
  return problemBox(failed, { retry: go, more: way });
}

function signOut() {
  forgetDrafts();
  session.end({ everywhere: true, why: "out" });
  location.hash = "";
  leaveSession();
}

function switchAccount() {
  session.account = null;
  session.save();
  location.hash = "";
  leaveSession();
}

function leaveSession() {
  for (const open of document.querySelectorAll("dialog[open]")) open.close();
  document.getElementById("toasts").replaceChildren();
  notices.replaceChildren();
  looked = 0;
  showWaiting(0);
  go();
}

async function help() {
  try {
    const [{ openHelp }] = await Promise.all([import("./help.js"), style()]);
    openHelp();
  } catch (failed) {
    console.error(failed);
    toast(texts.errors.part);
  }
}

// Periodic background reads: pending removals, and keys that expire soon.

const LOOK_AROUND_EVERY = 5 * 60_000;
let looked = 0;

async function lookAround({ again = false } = {}) {
  if (!session.account || (!again && Date.now() - looked < LOOK_AROUND_EVERY)) return;
  looked = Date.now();
  const quietly = (path) => api("GET", ofAccount(path)).catch(() => null);
  const [waiting, keys] = await Promise.all([
    session.may("remove") ? quietly("/pending-removals") : null,
    session.may("keys") ? quietly("/keys") : null,
  ]);
  if (!session.account) return;
  showWaiting(waiting?.numbers.length ?? 0);
  for (const key of keys?.keys ?? []) keyNames.set(key.key_id, key.name);
  warn(keys?.keys ?? []);
}

function warn(keys) {
  const soon = (at) => at && Date.parse(at) > Date.now() && Date.parse(at) - Date.now() < SOON;
  const expiring = keys.filter((key) => !key.revoked_at && soon(key.expires_at));
  const lines = expiring.map((key) => notice(texts.account.keyEnds(key.name || key.key_id, time(key.expires_at, "dated").textContent)));
  if (!session.may("keys") && soon(session.me.expires_at)) lines.push(notice(texts.account.yourKeyEnds(time(session.me.expires_at, "dated").textContent)));
  if (session.me.suspended) lines.push(notice(texts.account.suspendedNote));
  notices.replaceChildren(...lines);
}

const notice = (words) => h("p", { class: "banner", role: "status" }, words);

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the fragment of the address names the view
  main.focus();
});
addEventListener("hashchange", () => {
  const { name, fields } = place();
  const search = document.getElementById("search");
  if (search && search !== document.activeElement) search.value = name === "numbers" ? fields.q ?? "" : "";
  go();
});
addEventListener("named", () => frame(current.name, { signOut, switchAccount, help }));
addEventListener("removals-changed", () => lookAround({ again: true }));
addEventListener("signed-out", ({ detail: why }) => {
  if (!session.token) return;
  if (why === "out") forgetDrafts();
  session.end();
  ended = why === "out" ? "" : why;
  leaveSession();
});
addEventListener("connection", () => showConnection(connection.online));
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select") || document.querySelector("dialog[open]")) return;
  if (event.key === "/") focusSearch();
  else if (event.key === "?") help();
  else return;
  event.preventDefault();
});

let closeWarning = null;
watchIdleness(settings.idle_minutes, (stay) => {
  closeWarning = toast(texts.signIn.soon, { label: texts.signIn.stay, run: stay });
}, () => {
  closeWarning?.();
  session.end({ everywhere: true, why: "idle" });
  ended = "idle";
  leaveSession();
});

showConnection(connection.online);
await adoptSession();
go();
