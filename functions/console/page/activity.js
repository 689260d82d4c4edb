// What happened, newest first, grouped by day. Most removals correct a mistake made minutes ago, so the bin is here too.

import { eventName, dateOf, dayOf, numberLink, person, reasonName, sourceName, time } from "./format.js";
import { button, h, icon, loading, problemBox, skeleton, toast } from "./kit.js";
import { trash } from "./removal.js";
import { session } from "./session.js";
import { texts } from "./texts.js";
import { auditPages } from "./timeline.js";
import { words } from "./views_texts.js";

const t = words.activity;
const COLUMNS = 6;
const LOOK_EVERY = 30_000;
const SOON = [500, 2000, 6000]; // milliseconds after a change; the audit follows within seconds

export async function show(root, fields, signal) {
  const table = h("table", { class: "rows events" },
    h("caption", { class: "hidden" }, t.title),
    h("thead", {}, h("tr", {}, ["time", "event", "number", "source", "who"].map((name) => h("th", { scope: "col", class: `col-${name}` }, t[name])),
      h("th", { scope: "col", class: "col-actions" }, h("span", { class: "hidden" }, texts.list.actions)))));
  const below = h("div", { class: "under" });
  const asOf = h("p", { class: "muted total" });
  const refresh = button(icon("refresh"), () => newer({ pressed: true }), { class: "icon", "aria-label": texts.list.refresh, title: texts.list.refresh });
  root.replaceChildren(h("div", { class: "head" }, h("h1", {}, t.title), asOf, refresh), table, below);
  const days = new Map(); // by day: its rows
  const rows = new Map(); // by event
  const latest = new Map(); // by number: its latest row, which has the bin
  const next = auditPages({ signal });
  let complete = null;

  const updated = () => asOf.replaceChildren(texts.list.updated, time(new Date().toISOString(), "clock"));

  function dayFor(event, atTop) {
    const { key, name } = dayOf(event.occurred_at);
    let day = days.get(key);
    if (!day) {
      day = h("tbody", { "data-day": key }, h("tr", { class: "day" }, h("th", { colspan: COLUMNS, scope: "rowgroup" }, name)));
      days.set(key, day);
      const later = [...table.tBodies].find((other) => other.dataset.day < key);
      if (atTop && later) later.before(day);
      else table.append(day);
    }
    return day;
  }

  const place = (event, atTop = false) => {
    const day = dayFor(event, atTop);
    if (atTop) day.firstChild.after(row(event));
    else day.append(row(event));
  };

  async function more() {
    const waiting = rows.size ? null : skeleton(COLUMNS);
    if (waiting) table.append(waiting);
    else below.replaceChildren(loading());
    try {
      const { events, from } = await next();
      if (signal.aborted) return;
      for (const event of events) if (!rows.has(event.event_id) && event.number) place(event);
      if (!complete) updated();
      complete = from;
      below.replaceChildren(rows.size ? "" : h("div", { class: "empty" }, h("p", {}, t.empty(dateOf(new Date(from))))),
        h("p", { class: "buttons" }, button(t.older, more), h("span", { class: "muted" }, t.since(dateOf(new Date(from))))));
    } catch (failed) {
      if (!signal.aborted) below.replaceChildren(problemBox(failed, { retry: more }));
    } finally {
      waiting?.remove();
    }
  }

  let looking = false;
  /** Put new events on top without moving the rows that someone is reading. */
  async function newer({ pressed = false } = {}) {
    if (looking || !complete || document.hidden || signal.aborted) return;
    looking = true;
    try {
      const { events } = await auditPages({ signal })();
      if (signal.aborted) return;
      for (const event of events.filter(({ event_id: id, number }) => number && !rows.has(id)).reverse()) place(event, true);
      if (rows.size) below.querySelector(".empty")?.remove();
      updated();
    } catch (failed) {
      if (pressed && !signal.aborted) toast(failed.detail ?? texts.errors.unforeseen);
    } finally {
      looking = false;
    }
  }

  const timer = setInterval(() => newer(), LOOK_EVERY);
  signal.addEventListener("abort", () => clearInterval(timer));
  document.addEventListener("visibilitychange", () => newer(), { signal });

  function row(event) {
    const action = h("td", { class: "col-actions" });
    const source = sourceOf(event);
    const when = Date.now() - Date.parse(event.occurred_at) < 86_400_000 ? "ago" : "clock";
    const line = h("tr", { class: `event ${event.type}` },
      h("td", { class: "col-time" }, time(event.occurred_at, when)),
      h("td", { class: "col-event" }, h("b", {}, eventName(event.type)), event.reason ? `: ${reasonName(event.reason)}` : ""),
      h("td", { class: "col-number" }, numberLink(event.number)),
      h("td", { class: "col-source" }, source),
      h("td", { class: "col-who", title: person(event.actor) }, person(event.actor)), action);
    rows.set(event.event_id, line);
    const known = latest.get(event.number);
    // A change made here is shown before the audit has recorded it, so an event of an earlier version must not undo it.
    if (!known || (known.at < event.sequence && known.version <= (event.after?.version ?? Infinity))) {
      known?.action.replaceChildren();
      latest.set(event.number, { at: event.sequence, version: event.after?.version ?? 0, action });
      offer(event.number, event.after ?? {});
    }
    return line;
  }

  /** Show the bin in the latest row of a number while the number is listed. */
  function offer(number, { status, pending_removal: pending }) {
    const changed = (entry) => {
      const { action, at } = latest.get(number);
      const focused = action.contains(document.activeElement) || document.activeElement === document.body;
      latest.set(number, { at, version: entry.version, action });
      action.replaceChildren(entry.status === "removed" ? h("span", { class: "badge" }, texts.statuses.removed) : "");
      offer(number, entry);
      if (focused && entry.status === "listed") action.querySelector("button")?.focus({ preventScroll: true });
      for (const soon of SOON) setTimeout(() => newer(), soon);
    };
    if (status !== "listed") return;
    if (pending) latest.get(number).action.replaceChildren(h("a", { href: `#/numbers/${number}`, class: "badge" }, t.waiting));
    else if (session.may("remove")) latest.get(number).action.replaceChildren(trash(number, changed));
  }

  await more();
}

/** The source of a listing, or the new source of a further request. */
function sourceOf(event) {
  if (!event.after || event.type === "removed") return "";
  const before = new Set(event.before?.sources ?? []);
  const fresh = event.type === "requested_again" ? (event.after.sources ?? []).filter((one) => !before.has(one)) : [];
  return sourceName(event.request?.source ?? fresh[0] ?? event.after.source);
}
