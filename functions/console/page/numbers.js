// The whole list: search and filters in the address, endless paging, a count, and the trash bin.

import { api, ofAccount, query } from "./api.js";
import { endless } from "./endless.js";
import { numberLink, person, region, time } from "./format.js";
import { field, h, loading, options, problemBox, settled } from "./kit.js";
import { trash } from "./removal.js";
import { putBack } from "./restore.js";
import { session } from "./session.js";
import { texts } from "./texts.js";

const PAGE = 100;
const t = texts.list;

export async function show(root, given, signal) {
  let fields = given;
  const heading = h("h1", {}, t.title);
  const total = h("p", { class: "quiet total" });
  const place = h("div", { class: "list" });
  const { element, fill } = filters(() => fields, (changed) => {
    location.hash = `#/numbers${query(changed) ? `?${query(changed)}` : ""}`;
  });
  root.replaceChildren(heading, total, element, place);
  let stop = new AbortController();

  function start() {
    stop.abort();
    stop = new AbortController();
    fill();
    listing(place, fields, AbortSignal.any([signal, stop.signal]));
  }

  start();
  count(total, signal);
  return {
    update(changed) {
      if (query(changed) !== query(fields)) {
        fields = changed;
        start();
      }
      return true;
    },
  };
}

async function count(total, signal) {
  if (!session.may("read_stats")) return;
  try {
    const stats = await api("GET", ofAccount("/stats"), { signal });
    total.replaceChildren(t.total(stats.listed_total), time(stats.as_of));
  } catch {
    if (!signal.aborted) total.replaceChildren(t.totalUnknown);
  }
}

function filters(fields, changed) {
  const controls = {
    status: h("select", {}, options({ listed: texts.statuses.listed, removed: texts.statuses.removed, all: texts.statuses.all })),
    source: h("select", {}, options(texts.sources, t.anySource)),
    from: h("input", { type: "date" }),
    to: h("input", { type: "date" }),
    campaign: h("input", { type: "text", maxlength: 200 }),
  };
  const change = settled(() => {
    const wanted = { ...fields() };
    for (const [name, control] of Object.entries(controls)) wanted[name] = control.value === "listed" ? "" : control.value.trim();
    changed(wanted);
  });
  for (const control of Object.values(controls)) control.addEventListener("input", change);
  const element = h("details", { class: "filters" },
    h("summary", {}, t.filters),
    h("div", { class: "row" },
      field(t.status, controls.status), field(t.source, controls.source), field(t.from, controls.from), field(t.to, controls.to),
      field(t.campaign, controls.campaign),
      h("button", { type: "button", onclick: () => changed({}) }, t.clear)));
  const fill = () => {
    for (const [name, control] of Object.entries(controls)) {
      if (control !== document.activeElement) control.value = fields()[name] ?? (name === "status" ? "listed" : "");
    }
    if (Object.keys(controls).some((name) => fields()[name])) element.open = true;
  };
  return { element, fill };
}

/** A day in the reader's zone, as the moment it begins, or the next one begins. */
function dayAsMoment(day, after = 0) {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day ?? "")) return undefined;
  const [year, month, date] = day.split("-").map(Number);
  return new Date(year, month - 1, date + after).toISOString();
}

function asked(fields) {
  return {
    q: fields.q, status: fields.status, source: fields.source, campaign_id: fields.campaign,
    listed_from: dayAsMoment(fields.from), listed_to: dayAsMoment(fields.to, 1), page_size: PAGE,
  };
}

function listing(place, fields, signal) {
  const table = h("table", { class: "numbers", role: "table" },
    h("caption", { class: "hidden" }, t.caption),
    h("thead", {}, h("tr", {}, [t.number, t.came, t.listed, t.campaignShort, t.noteShort].map((name) => h("th", { scope: "col" }, name)),
      h("th", { scope: "col" }, h("span", { class: "hidden" }, t.actions)))));
  const under = h("div", { class: "under" });
  place.replaceChildren(table, under);
  endless({
    table, columns: 6, row, key: (entry) => entry.number, signal,
    read: async (token) => {
      const page = await api("GET", ofAccount(`/numbers?${query({ ...asked(fields), page_token: token })}`), { signal });
      return { rows: page.numbers, token: page.next_page_token };
    },
    tell: ({ found, busy, searching, ended, failed, retry }) => {
      table.hidden = found === 0;
      if (failed) under.replaceChildren(problemBox(failed, retry));
      else if (searching) under.replaceChildren(loading(t.searching(found)));
      else if (busy || !ended) under.replaceChildren(loading(t.loading));
      else if (found) under.replaceChildren(h("p", { class: "quiet" }, t.end(found)));
      else under.replaceChildren(h("p", { class: "empty" }, Object.values(fields).some(Boolean) ? t.none : t.empty));
    },
  });
}

function row(entry) {
  const line = h("tr", { class: entry.status, role: "row" });
  fillRow(line, entry);
  return line;
}

function fillRow(line, entry) {
  const changed = (now) => fillRow(line, { ...entry, ...now });
  line.className = entry.status;
  const removable = entry.status === "listed" && session.may("remove");
  const restorable = entry.status === "removed" && session.may("restore");
  const cell = (label, ...children) => h("td", { "data-label": label, role: "cell" }, ...children);
  line.replaceChildren(
    cell(t.number, numberLink(entry.number, entry.national), h("small", {}, region(entry.region)),
      entry.status === "listed" ? "" : h("small", { class: "badge" }, texts.statuses[entry.status])),
    cell(t.came, texts.sources[entry.source] ?? entry.source),
    cell(t.listed, time(entry.listed_at), h("small", {}, t.by(person(entry.listed_by)))),
    cell(t.campaignShort, entry.campaign_id ?? ""),
    cell(t.noteShort, entry.note ? h("span", { class: "clip", title: entry.note }, entry.note) : ""),
    h("td", { class: "actions", role: "cell" },
      removable ? trash(entry.number, entry.national, changed) : "",
      restorable ? h("button", { type: "button", onclick: () => putBack(entry, changed) }, texts.restore.button) : ""),
  );
}
