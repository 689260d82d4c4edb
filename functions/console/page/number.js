// One number: its entry, and its history with the state of its record. It can be printed.

import { api, numberPath, Problem, query } from "./api.js";
import { askedOf, described, evidenceOf, requestOf } from "./facts.js";
import { eventName, person, reasonName, shown, time } from "./format.js";
import { button, focusOn, h, icon, loading, problemBox } from "./kit.js";
import { pendingPart } from "./pending.js";
import { address, lastList } from "./places.js";
import { openRemoval } from "./removal.js";
import { putBack } from "./restore.js";
import { session } from "./session.js";
import { texts } from "./texts.js";
import { words } from "./views_texts.js";

const t = words.number;
const READING = /^\+?\d{4,15}$/;

export async function show(root, { number: written }, signal) {
  const back = session.may("list") && h("p", { class: "no-print back" }, h("a", { href: lastList.address }, `← ${t.back}`));
  if (!READING.test(written)) {
    root.replaceChildren(...[back, h("h1", {}, t.unreadable(written)), h("p", {}, t.unreadableHint),
      session.may("list") && h("p", {}, h("a", { class: "button", href: address("numbers", { q: written }) }, t.search(written)))].filter(Boolean));
    return null;
  }
  const number = `+${written.replace(/^\+/, "")}`;
  const title = h("h1", {}, shown(number));
  const head = h("div", { class: "head" }, title);
  const body = h("div", {}, loading());
  const past = h("section", { class: "history", hidden: true }); // until the facts above it are loaded
  root.replaceChildren(...[back, head, body, past].filter(Boolean));
  const again = async (now) => {
    await draw();
    if (now) focusOn(title);
  };
  const history = session.may("read_audit") ? historyPart(past, number, signal) : null;
  if (!history) past.replaceChildren(h("p", { class: "muted" }, t.noHistory(texts.who.read_audit)));
  const read = history?.read();

  async function draw() {
    try {
      const entry = await api("GET", numberPath(number), { signal });
      if (!entry?.number) throw new Problem({ status: 502, code: "gateway", detail: texts.errors.odd });
      title.textContent = shown(entry.number);
      head.replaceChildren(title, state(entry), actions(entry, again));
      body.replaceChildren(...[entry.pending_removal && pendingPart(entry, again), entry.warnings?.length > 0 && h("p", { class: "info" }, entry.warnings.join(" ")), facts(entry)].filter(Boolean));
      past.hidden = false;
      if (read) read.then(() => history.catchUp(entry.version));
    } catch (failed) {
      if (signal.aborted) return;
      past.hidden = false;
      if (failed.code === "not_listed") body.replaceChildren(h("div", { class: "empty" }, h("p", {}, t.never), session.may("add") && h("p", { class: "buttons" }, h("a", { class: "button", href: address("add", { number }) }, texts.list.addOne))));
      else body.replaceChildren(problemBox(failed, { retry: () => { history?.readIfFailed(); return draw(); } }));
    }
  }

  addEventListener("beforeprint", () => {
    for (const closed of past.querySelectorAll("details")) closed.open = true;
  }, { signal });
  await draw();
  return null;
}

const state = (entry) => h("span", { class: `badge ${entry.status}` }, entry.pending_removal ? texts.list.waiting : texts.statuses[entry.status] ?? entry.status);

function actions(entry, again) {
  return h("p", { class: "buttons no-print" },
    button(t.print, () => print(), {}, "print"),
    entry.status === "removed" && session.may("restore") && button(texts.restore.button, () => putBack(entry, again), {}, "undo"),
    entry.status === "listed" && !entry.pending_removal && session.may("remove") && button(t.remove, () => openRemoval(entry.number, again), {}, "trash"));
}

function facts(entry) {
  const { note, ...request } = requestOf(entry);
  const own = {
    ...request, sources: entry.sources?.length > 1 ? entry.sources : null, listed_at: entry.listed_at, listed_by: entry.listed_by,
    last_requested_at: entry.last_requested_at === entry.requested_at ? null : entry.last_requested_at, requests: entry.requests > 1 ? entry.requests : null,
    honor_by: entry.honor_by, late: entry.late, registry_age_days: entry.registry_age_days, listed_elsewhere_at: entry.listed_elsewhere_at, reading_of: entry.reading_of,
    channels: entry.channels?.length === 1 ? entry.channels : null,
    missing_evidence: entry.missing_evidence, note,
  };
  const { reason, removed_at: at, removed_by: by } = entry.removal ?? {};
  const removal = entry.removal && { reason, removed_at: at, removed_by: by, ...askedOf(entry.removal), ...evidenceOf(entry.removal) };
  return h("div", { class: "stack" },
    h("section", { class: "card" }, h("h2", { class: "hidden" }, t.entry), described(own)),
    entry.last_request && h("section", { class: "card" }, h("h2", {}, t.latest), described(requestOf(entry.last_request))),
    removal && h("section", { class: "card" }, h("h2", {}, t.removal), described(removal)));
}

function historyPart(past, number, signal) {
  const list = h("ol", { class: "timeline" });
  const chainLine = h("p", { class: "chain" });
  const below = h("div", {}, loading());
  const seen = new Set();
  let [from, token] = [null, null]; // of the page that was read last, and of the next one
  let version = 0;
  let unread = false; // the last attempt to read a page failed
  past.replaceChildren(h("h2", {}, t.history), chainLine, list, below);

  async function page() {
    const { chain, events, next_page_token: next } = await api("GET", `${numberPath(number)}/history?${query({ page_size: 100, page_token: from })}`, { signal });
    unread = false;
    const intact = chain.intact && chain.complete !== false;
    chainLine.className = `chain ${intact ? "muted" : "error"}`;
    chainLine.replaceChildren(!chain.length && intact ? t.none : intact ? t.intact(chain.length) : chain.intact ? t.incomplete(chain.missing?.length ?? 0) : t.broken(chain.broken_at));
    list.append(...events.filter(({ event_id: id }) => !seen.has(id)).map(step));
    for (const event of events) {
      seen.add(event.event_id);
      version = event.after?.version ?? version;
    }
    token = next;
    below.replaceChildren(token ? button(t.more, read) : chain.head_digest ? h("details", { class: "digest" }, h("summary", {}, t.details), t.digest, " ", h("code", {}, chain.head_digest)) : "");
  }

  async function read() {
    below.replaceChildren(loading());
    from = token;
    try {
      await page();
    } catch (failed) {
      unread = failed.code !== "not_listed";
      if (!signal.aborted) below.replaceChildren(unread ? problemBox(failed, { retry: read }) : "");
    }
  }

  /** The audit follows a change within seconds: poll until it has this version. A failure that is shown stays. */
  async function catchUp(wanted) {
    for (const wait of [500, 1000, 2000, 4000]) {
      if (unread || token || version >= wanted || signal.aborted) return;
      await new Promise((resolve) => { setTimeout(resolve, wait); });
      await page().catch(() => {}); // what was read stays; the next attempt may work
    }
  }

  return { read, catchUp, readIfFailed: () => unread && read() };
}

/** One event, which opens to its request, its evidence and what it changed. */
function step(event) {
  const inside = described(detailsOf(event));
  const line = [
    h("b", {}, eventName(event.type)), event.reason ? `: ${reasonName(event.reason)}` : "",
    h("span", { class: "muted" }, " · ", person(event.actor), " · ", time(event.occurred_at, "exact")),
  ];
  return h("li", { class: `step ${event.type}` }, inside ? h("details", {}, h("summary", {}, line), inside) : h("p", {}, line));
}

/** Return the facts that an event added. */
export function detailsOf(event) {
  const [before, after] = [event.before ?? {}, event.after ?? {}];
  if (event.type === "removed") return { ...askedOf(after.removal ?? {}), ...evidenceOf(after.removal ?? { evidence: event.evidence }) };
  if (event.type.startsWith("removal_")) return evidenceOf(after.pending_removal ?? before.pending_removal ?? { evidence: event.evidence });
  if (event.request) return requestOf(event.request);
  const fresh = (after.sources ?? []).filter((one) => !(before.sources ?? []).includes(one));
  const changed = Object.fromEntries(Object.entries(requestOf(after)).filter(([name, value]) => value !== before[name]));
  if (event.type === "requested_again") changed.source = fresh[0];
  return event.type === "restored" ? {} : changed;
}

