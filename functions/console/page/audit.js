// The audit: every event of the account, with filters, each with its request and its evidence, and as CSV.

import { described } from "./facts.js";
import { dateOf, eventName, numberLink, person, reasonName, time } from "./format.js";
import { button, field, h, invalid, options, problemBox, settled, skeleton, toast } from "./kit.js";
import { detailsOf } from "./number.js";
import { address } from "./places.js";
import { api, ofAccount, query } from "./api.js";
import { texts } from "./texts.js";
import { auditPages } from "./timeline.js";
import { words } from "./views_texts.js";

const t = words.audit;
const COLUMNS = 6;
const FILTERS = ["type", "reason", "actor", "number", "from", "to"];
const EVENTS = ["listed", "requested_again", "relisted", "removed", "restored", "removal_requested", "removal_rejected", "removal_withdrawn", "removal_lapsed", "expired", "deleted_out_of_band", "reinstated", "altered_out_of_band", "account_changed", "account_suspended", "key_made", "key_revoked"];

export async function show(root, initial, signal) {
  let fields = initial;
  let stop = new AbortController();
  let shownEvents = [];
  const area = h("div", {});
  const controls = {
    type: h("select", {}, options(Object.fromEntries(EVENTS.map((one) => [one, eventName(one)])), t.any)),
    reason: h("select", {}, options(texts.reasons, t.any)),
    actor: h("input", { type: "text", maxlength: 200, autocomplete: "off" }),
    number: h("input", { type: "tel", maxlength: 40, autocomplete: "off" }),
    from: h("input", { type: "date" }),
    to: h("input", { type: "date" }),
  };
  const change = settled(() => {
    const wanted = Object.fromEntries(Object.entries(controls).map(([name, control]) => [name, control.value.trim()]));
    if (query(wanted) !== query(fields)) location.hash = address("audit", wanted);
  }, 400);
  for (const control of Object.values(controls)) control.addEventListener("input", change);
  const save = button(t.download, async () => {
    const { saveEvents } = await import("./csv.js").catch(() => ({}));
    if (saveEvents) saveEvents(shownEvents);
    else toast(texts.errors.part);
  }, {}, "download");
  root.replaceChildren(h("div", { class: "head" }, h("h1", {}, t.title), h("p", { class: "buttons total" }, save)), h("p", { class: "muted" }, t.intro),
    h("form", { class: "card filters-card", onsubmit: (event) => event.preventDefault() },
      Object.entries(controls).map(([name, control]) => field(t.fields[name], control)),
      h("p", { class: "buttons" }, button(texts.list.clear, () => { location.hash = "#/audit"; }, { class: "link" }))), area);

  async function start() {
    stop.abort();
    stop = new AbortController();
    shownEvents = [];
    for (const [name, control] of Object.entries(controls)) if (control !== document.activeElement) control.value = fields[name] ?? "";
    invalid(controls.to, fields.from && fields.to && fields.from > fields.to ? t.backwards : "");
    if (fields.from && fields.to && fields.from > fields.to) area.replaceChildren();
    else await listing(area, fields, AbortSignal.any([signal, stop.signal]), (events) => { shownEvents = events; });
  }

  await start();
  return {
    update(changed) {
      const same = FILTERS.every((name) => (changed[name] ?? "") === (fields[name] ?? ""));
      fields = changed;
      if (!same) start();
      return true;
    },
  };
}

const dayStart = (day, after = 0) => {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day ?? "")) return null;
  const [year, month, date] = day.split("-").map(Number);
  return new Date(year, month - 1, date + after).getTime();
};

/** The number of a filter as E.164, or as typed if it cannot be read. */
async function numberOf(typed, signal) {
  if (!typed || /^\+\d+$/.test(typed)) return typed;
  const response = await api("POST", ofAccount("/readings"), { body: { numbers: [typed] }, signal }).catch(() => null);
  return response?.readings[0].number ?? typed;
}

async function listing(area, fields, signal, report) {
  const events = [];
  const table = h("table", { class: "rows audit" },
    h("caption", { class: "hidden" }, t.title),
    h("thead", {}, h("tr", {}, ["time", "event", "number", "reason", "who"].map((name) => h("th", { scope: "col", class: `col-${name}` }, t.columns[name])),
      h("th", { scope: "col", class: "col-actions" }, h("span", { class: "hidden" }, texts.list.actions)))));
  const below = h("div", { class: "under" });
  area.replaceChildren(table, below);
  const filters = { type: fields.type, reason: fields.reason, actor: fields.actor, number: await numberOf(fields.number, signal) };
  const next = auditPages({ from: dayStart(fields.from), to: dayStart(fields.to, 1), size: 100, filters, signal });

  async function more() {
    const waiting = skeleton(COLUMNS, events.length ? 2 : 8);
    table.append(waiting);
    below.replaceChildren();
    try {
      const page = await next();
      if (signal.aborted) return;
      events.push(...page.events);
      table.append(...page.events.map(row));
      report(events);
      const since = h("span", { class: "muted" }, t.since(dateOf(new Date(page.from)), events.length));
      below.replaceChildren(events.length ? "" : h("div", { class: "empty" }, h("p", {}, t.none)), h("p", { class: "buttons" }, page.ended ? "" : button(t.more, more), since));
    } catch (failed) {
      if (!signal.aborted) below.replaceChildren(problemBox(failed, { retry: more }));
    } finally {
      waiting.remove();
    }
  }
  await more();
}

function row(event) {
  const inside = h("td", { colspan: COLUMNS });
  const details = h("tr", { class: "details", hidden: true }, inside);
  const toggle = button(t.show, () => {
    details.hidden = !details.hidden;
    toggle.textContent = details.hidden ? t.show : t.hide;
    toggle.setAttribute("aria-expanded", String(!details.hidden));
    if (!inside.firstChild) inside.append(...evidence(event));
  }, { class: "link", "aria-expanded": "false" });
  return h("tbody", { class: `event ${event.type}` }, h("tr", {},
    h("td", { class: "col-time" }, time(event.occurred_at)),
    h("td", { class: "col-event" }, h("b", {}, eventName(event.type))),
    h("td", { class: "col-number" }, event.number ? numberLink(event.number) : "–"),
    h("td", { class: event.reason ? "col-reason" : "col-reason none" }, event.reason ? reasonName(event.reason) : "–"),
    h("td", { class: "col-who", title: person(event.actor) }, person(event.actor)),
    h("td", { class: "col-actions" }, toggle)), details);
}

/** An event in full: what it changed, who did it, and its place in the chain. */
function evidence(event) {
  const { principal, acting_user: acting } = event.actor ?? {};
  const account = event.number ? {} : Object.fromEntries(Object.entries(event.after ?? {}).filter(([, value]) => typeof value !== "object"));
  return [
    described({ ...account, ...detailsOf(event) }),
    h("details", {}, h("summary", {}, t.record), described({
      principal, acting_user: acting, recorded_at: event.recorded_at, version: event.after?.version, index: event.index, sequence: event.sequence,
      event_id: event.event_id, digest: event.digest,
    })),
  ].filter(Boolean);
}
