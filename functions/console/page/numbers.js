// The whole list: filters in the address, endless paging. Each page of rows is a table body of its own; one far from what
// is looked at gives its rows back and keeps its height, so the page does not grow however far it is scrolled.

import { api, field, h, loading, numberLink, ofAccount, options, person, problemBox, query, region, restore, session, settled, time, trash } from "./kit.js";
import { texts } from "./texts.js";

const PAGE = 100;
const FAR = "1500px 0px";
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
    total.replaceChildren(); // the list itself says what does not work
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
  const below = h("div", { class: "below" }, loading(t.loading));
  const sentinel = h("div", { class: "sentinel" });
  place.replaceChildren(table, below, sentinel);
  table.hidden = true;

  const pages = new Map();
  let next = { token: null };
  let found = 0;
  let busy = false;

  /** Read at least a few rows: with a search, a page may be short or empty and still have a next one. */
  async function read(token, tell) {
    const rows = [];
    do {
      const page = await api("GET", ofAccount(`/numbers?${query({ ...asked(fields), page_token: token })}`), { signal });
      rows.push(...page.numbers);
      token = page.next_page_token;
      if (token && rows.length < PAGE) tell?.(rows.length);
    } while (token && rows.length < PAGE / 4);
    return { rows, token };
  }

  async function more() {
    if (busy || !next || signal.aborted) return;
    busy = true;
    const from = next.token;
    try {
      const { rows, token } = await read(from, (n) => below.replaceChildren(loading(t.searching(found + n))));
      if (signal.aborted) return;
      if (rows.length) {
        const body = h("tbody", {}, rows.map(row));
        pages.set(body, { token: from, count: rows.length, away: false });
        table.append(body);
        table.hidden = false;
        watch.observe(body);
      }
      found += rows.length;
      next = token ? { token } : null;
      below.replaceChildren(next ? loading(t.loading) : ended());
    } catch (failed) {
      if (!signal.aborted) below.replaceChildren(problemBox(failed, () => { below.replaceChildren(loading(t.loading)); more(); }));
      return;
    } finally {
      busy = false;
    }
    // Observe anew: between two looks the end may have gone out of sight and come back, of which nobody would be told.
    end.unobserve(sentinel);
    if (next) end.observe(sentinel);
  }

  function ended() {
    if (found) return h("p", { class: "quiet" }, t.end(found));
    return h("p", { class: "empty" }, Object.values(fields).some(Boolean) ? t.none : t.empty);
  }

  async function bringBack(body) {
    const page = pages.get(body);
    page.away = false;
    try {
      const { rows } = await read(page.token);
      if (!signal.aborted && !page.away) body.replaceChildren(...rows.slice(0, Math.max(page.count, 1)).map(row));
    } catch (failed) {
      if (!signal.aborted) body.replaceChildren(h("tr", {}, h("td", { colspan: 6 }, problemBox(failed, () => bringBack(body)))));
    }
  }

  function sendAway(body) {
    if (body.contains(document.activeElement)) return;
    pages.get(body).away = true;
    const cell = h("td", { colspan: 6 });
    const spacer = h("tr", { class: "spacer", "aria-hidden": "true" }, cell);
    cell.style.height = `${body.offsetHeight}px`;
    body.replaceChildren(spacer);
  }

  const watch = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) {
      const { away } = pages.get(target);
      if (isIntersecting && away) bringBack(target);
      else if (!isIntersecting && !away) sendAway(target);
    }
  }, { rootMargin: FAR });
  const end = new IntersectionObserver(([seen]) => seen.isIntersecting && more(), { rootMargin: FAR });
  end.observe(sentinel);
  signal.addEventListener("abort", () => { watch.disconnect(); end.disconnect(); });
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
      restorable ? h("button", { type: "button", onclick: () => restore(entry, entry.national, changed) }, texts.restore.button) : ""),
  );
}
