// The list: search and filters in the address, endless paging, counts, the bin, and selecting several rows.

import { api, ofAccount, query } from "./api.js";
import { endless } from "./endless.js";
import { numberLink, person, reasonName, shown, sourceName, time } from "./format.js";
import { button, field, h, icon, invalid, loading, options, problemBox, settled, style, toast } from "./kit.js";
import { address, lastList } from "./places.js";
import { trash } from "./removal.js";
import { putBack } from "./restore.js";
import { session } from "./session.js";
import { texts } from "./texts.js";

const PAGE = 100;
const FILTERS = ["status", "source", "campaign", "from", "to"];

/** Whether a search is for a campaign: it has letters and is not a phone link. */
const namesCampaign = (typed) => /\p{L}/u.test(typed) && !/^\s*(tel|sips?|callto|whatsapp):/i.test(typed);

export async function show(root, initial, signal) {
  let fields = initial;
  let stop = new AbortController();
  const words = texts.list;
  const total = totalOf(signal);
  const bar = h("div", { class: "toolbar" });
  const chips = h("div", { class: "chips" });
  const area = h("div", { class: "list" });
  const go = (changed) => { location.hash = address("numbers", changed); };
  const filters = filterPanel(() => fields, go);
  const order = h("select", { class: "order", "aria-label": words.order }, Object.entries(words.orders).map(([value, name]) => h("option", { value }, name)));
  order.addEventListener("input", () => go({ ...fields, order: order.value }));
  const selection = selectionOf(bar, [filters.element, session.may("read_audit") && order]);
  root.replaceChildren(
    h("div", { class: "head" }, h("h1", {}, words.title), total.element,
      button(icon("refresh"), () => { start({ fresh: true }); total.read(); }, { class: "icon", "aria-label": words.refresh, title: words.refresh })),
    bar, chips, area);

  function start({ fresh = false } = {}) {
    stop.abort();
    stop = new AbortController();
    if (fresh) history.replaceState({ ...history.state, list: null }, "");
    lastList.address = address("numbers", fields);
    order.value = fields.order ?? "";
    filters.fill();
    total.element.hidden = active(fields);
    chips.replaceChildren(...chipsOf(fields, go));
    selection.clear();
    const own = AbortSignal.any([signal, stop.signal]);
    if (fields.from && fields.to && fields.from > fields.to) area.replaceChildren(backwards(fields, go));
    else listing(area, { fields, go, selection, total, signal: own });
  }

  start();
  total.read();
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

const active = (fields) => Boolean(fields.q) || FILTERS.some((name) => fields[name] && fields[name] !== "listed");

/** The total: the service's count, plus the changes made here since it counted. */
function totalOf(signal) {
  const element = h("p", { class: "muted total" });
  const changes = new Map();
  let stats = null;
  const draw = () => {
    const since = [...changes.values()].filter(({ at }) => at > stats.as_of);
    const n = since.reduce((all, { by }) => all + by, stats.listed_total);
    element.replaceChildren(texts.list.total(Math.max(0, n)), " · ", texts.list.updated, time(stats.as_of, "clock"));
  };
  return {
    element,
    changed(entry) {
      const listed = entry.status === "listed";
      const before = changes.get(entry.number)?.before ?? !listed;
      changes.set(entry.number, { before, by: listed - before, at: entry.changed_at });
      if (stats) draw();
    },
    async read() {
      if (!session.may("read_stats")) return;
      try {
        stats = await api("GET", ofAccount("/stats"), { signal });
        draw();
      } catch {
        if (!signal.aborted) element.replaceChildren(texts.list.totalUnknown);
      }
    },
  };
}

function filterPanel(fields, go) {
  const words = texts.list;
  const controls = {
    status: h("select", {}, options({ listed: texts.statuses.listed, removed: texts.statuses.removed, all: texts.statuses.all })),
    source: h("select", {}, options(Object.fromEntries(Object.entries(texts.sources).filter(([name]) => name !== "prefix")), words.any)),
    campaign: h("input", { type: "text", maxlength: 200, autocomplete: "off" }),
    from: h("input", { type: "date" }),
    to: h("input", { type: "date" }),
  };
  const change = settled(() => {
    const wanted = { ...fields() };
    for (const [name, control] of Object.entries(controls)) wanted[name] = control.value === "listed" ? "" : control.value.trim();
    go(wanted);
  });
  for (const control of Object.values(controls)) control.addEventListener("input", change);
  const element = h("details", { class: "filters" },
    h("summary", { class: "button" }, icon("filter"), words.filters),
    h("div", { class: "panel" },
      field(words.status, controls.status), field(words.source, controls.source), field(words.campaign, controls.campaign),
      h("div", { class: "pair" }, field(words.from, controls.from), field(words.to, controls.to))));
  element.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape" || !element.open) return;
    element.open = false;
    element.querySelector("summary").focus();
  });
  document.addEventListener("pointerdown", ({ target }) => {
    if (element.open && !element.contains(target)) element.open = false;
  });
  const fill = () => {
    for (const [name, control] of Object.entries(controls)) {
      if (control !== document.activeElement) control.value = fields()[name] ?? (name === "status" ? "listed" : "");
    }
    invalid(controls.to, fields().from && fields().to && fields().from > fields().to ? words.backwards : "");
  };
  return { element, fill };
}

function chipsOf(fields, go) {
  const words = texts.list;
  const named = {
    q: [texts.search.open, fields.q], status: [words.status, texts.statuses[fields.status]], source: [words.source, sourceName(fields.source)],
    campaign: [words.campaign, fields.campaign], from: [words.from, fields.from], to: [words.to, fields.to],
  };
  const chips = Object.entries(named).filter(([name]) => fields[name] && fields[name] !== "listed").map(([name, [label, value]]) =>
    button([words.chip(label, value ?? fields[name]), icon("close")], () => go({ ...fields, [name]: "" }), { class: "chip", title: words.drop }));
  return chips.length > 0 ? [...chips, button(words.clear, () => go({ order: fields.order }), { class: "link" })] : [];
}

function backwards(fields, go) {
  return h("div", { class: "problem", role: "alert" }, h("p", {}, texts.list.backwards),
    button(texts.list.swap, () => go({ ...fields, from: fields.to, to: fields.from })));
}

/** The moment at which a day, or the one `after` days later, begins in the user's time zone. */
function dayAsMoment(day, after = 0) {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day ?? "")) return undefined;
  const [year, month, date] = day.split("-").map(Number);
  return new Date(year, month - 1, date + after).toISOString();
}

function parameters(fields) {
  const campaign = fields.q && namesCampaign(fields.q);
  return {
    q: campaign ? "" : fields.q, status: fields.status, source: fields.source, campaign_id: campaign ? fields.q.trim() : fields.campaign,
    listed_from: dayAsMoment(fields.from), listed_to: dayAsMoment(fields.to, 1),
  };
}

function listing(area, { fields, go, selection, total, signal }) {
  const words = texts.list;
  const all = h("input", { type: "checkbox", "aria-label": words.selectAll });
  const table = h("table", { class: "rows numbers", role: "table" },
    h("caption", { class: "hidden" }, words.caption),
    h("thead", {}, h("tr", {},
      h("th", { scope: "col", class: "col-tick" }, all),
      ["number", "source", "listed", "by", "campaign", "note"].map((name) => h("th", { scope: "col", class: `col-${name}` }, words[name])),
      h("th", { scope: "col", class: "col-actions" }, h("span", { class: "hidden" }, words.actions)))));
  const under = h("div", { class: "under", hidden: true });
  const status = h("p", { class: "hidden", role: "status" }, words.loading);
  area.replaceChildren(status, table, under);
  selection.watch(all, table);
  const shared = { selection, table, changed: total.changed };
  const setup = { table, columns: 8, row: (entry) => row(entry, shared), key: (entry) => entry.number, signal };
  const report = ({ found, busy, searching, ended, failed, retry, reached, older }) => {
    table.hidden = found === 0 && !busy && !failed;
    under.hidden = busy && !found && !searching; // content below the rows must not move when they arrive
    status.textContent = busy ? words.loading : "";
    if (failed) under.replaceChildren(problemBox(failed, { retry }));
    else if (searching) under.replaceChildren(loading(words.searching(found)));
    else if (busy || !ended) under.replaceChildren(loading(words.loading));
    else if (found) under.replaceChildren(h("p", { class: "muted" }, reached ? words.reached(reached) : active(fields) ? words.matches(found) : words.end(found)), older ?? "");
    else under.replaceChildren(nothing(fields, go), older ?? "");
  };
  if (fields.order === "newest") {
    import("./newest.js").then(({ newest }) => endless({ ...setup, ...newest(parameters(fields), report, signal) }))
      .catch((failed) => { console.error(failed); under.replaceChildren(problemBox(failed)); });
    return;
  }
  endless({
    ...setup, report,
    read: async (token) => {
      const page = await api("GET", ofAccount(`/numbers?${query({ ...parameters(fields), page_size: PAGE, page_token: token })}`), { signal });
      return { rows: page.numbers, token: page.next_page_token };
    },
  });
}

function nothing(fields, go) {
  const words = texts.list;
  if (!active(fields)) {
    return h("div", { class: "empty" }, h("p", {}, words.empty), h("p", { class: "buttons" },
      session.may("add") && h("a", { class: "button primary", href: "#/add" }, words.addOne),
      session.may("import") && h("a", { class: "button", href: "#/jobs?kind=imports" }, words.importFile)));
  }
  const typed = fields.q?.trim();
  return h("div", { class: "empty" }, h("p", {}, words.none), h("p", { class: "buttons" },
    typed && !namesCampaign(typed) && button(words.campaignInstead(typed), () => go({ ...fields, q: "", campaign: typed })),
    !fields.status && button(words.removedToo, () => go({ ...fields, status: "all" })),
    button(words.clear, () => go({}))));
}

function row(entry, shared) {
  const line = h("tr", { role: "row" });
  fillRow(line, { entry }, shared);
  return line;
}

/** Draw a row. `state.entry` is the entry as it was last drawn. */
function fillRow(line, state, shared) {
  const { entry } = state;
  const { selection, changed } = shared;
  const words = texts.list;
  const update = (now) => {
    const focused = line.contains(document.activeElement) || document.activeElement === document.body;
    const before = state.entry.status;
    state.entry = { ...state.entry, ...now };
    fillRow(line, state, shared);
    if (now.status !== before) changed(now);
    if (focused && now.status === "listed") line.querySelector("a").focus({ preventScroll: true });
  };
  const listed = entry.status === "listed";
  const number = shown(entry.number);
  line.className = entry.status;
  const cell = (name, ...children) => h("td", { class: `col-${name}`, role: "cell" }, ...children);
  const cut = (name, value) => h("td", { class: `col-${name}`, role: "cell", title: value || null }, value || "–");
  const badge = entry.pending_removal ? h("span", { class: "badge" }, words.waiting) : listed ? "" : h("span", { class: "badge" }, texts.statuses[entry.status]);
  const why = entry.removal ? reasonName(entry.removal.reason) : entry.note ?? " ";
  const back = entry.status === "removed" && session.may("restore");
  line.replaceChildren(
    cell("tick", selection.box(entry, update)),
    cell("number", numberLink(entry.number), badge),
    cut("source", (entry.sources ?? [entry.source]).map(sourceName).join(", ")),
    cell("listed", time(entry.listed_at, "ago")),
    cut("by", person(entry.listed_by)),
    cut("campaign", (entry.campaign_ids ?? [entry.campaign_id]).join(", ")),
    cut("note", why),
    cell("actions",
      listed && session.may("remove") && trash(entry.number, update),
      back && button(texts.restore.button, () => putBack(entry, update), { "aria-label": `${texts.restore.button}: ${number}` })));
  if (back) shared.table.classList.add("backs"); // the column gets room for the button
}

// Selecting rows. While rows are selected, their actions replace the toolbar.

function selectionOf(bar, tools) {
  const words = texts.list;
  const chosen = new Map();
  let [all, table] = [null, null];
  const draw = () => {
    if (!chosen.size) bar.replaceChildren(...tools.filter(Boolean));
    else {
      bar.replaceChildren(h("strong", { role: "status" }, words.selected(chosen.size)),
        session.may("remove") ? button(words.removeAll, remove) : "", button(words.exportAll, save), button(words.clearAll, clear, { class: "link" }));
    }
    bar.classList.toggle("selecting", chosen.size > 0);
    if (all) {
      const boxes = [...table.querySelectorAll("tbody .col-tick input")];
      all.checked = boxes.length > 0 && boxes.every((box) => box.checked);
      all.indeterminate = chosen.size > 0 && !all.checked;
    }
  };
  const clear = () => {
    chosen.clear();
    for (const box of table?.querySelectorAll("tbody .col-tick input") ?? []) box.checked = false;
    draw();
    all?.focus({ preventScroll: true });
  };
  const part = async (file, run) => {
    try {
      const [module] = await Promise.all([import(file), style()]);
      run(module);
    } catch (failed) {
      console.error(failed);
      toast(texts.errors.part);
    }
  };
  const remove = () => part("./remove_many.js", ({ openMany }) => {
    const updates = new Map([...chosen].map(([number, { update }]) => [number, update]));
    openMany([...chosen.values()].map(({ entry }) => entry), (entry) => {
      updates.get(entry.number)(entry);
      chosen.delete(entry.number);
      draw();
    });
  });
  const save = () => part("./csv.js", ({ saveEntries }) => saveEntries([...chosen.values()].map(({ entry }) => entry)));
  draw();
  return {
    watch(box, rows) {
      [all, table] = [box, rows];
      all.addEventListener("input", () => {
        for (const one of table.querySelectorAll("tbody .col-tick input")) if (one.checked !== all.checked) one.click();
      });
    },
    clear: () => { chosen.clear(); draw(); },
    box(entry, update) {
      const box = h("input", { type: "checkbox", "aria-label": words.select(shown(entry.number)) });
      box.checked = chosen.has(entry.number);
      box.addEventListener("input", () => {
        if (box.checked) chosen.set(entry.number, { entry, update });
        else chosen.delete(entry.number);
        draw();
      });
      return box;
    },
  };
}
