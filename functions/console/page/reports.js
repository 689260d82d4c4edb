// Reports: a week in three figures, one chart by day, and a table by source and by removal reason. Days are UTC.

import { api, ofAccount, query } from "./api.js";
import { reasonName, sourceName, time } from "./format.js";
import { h, loading, problemBox } from "./kit.js";
import { address } from "./places.js";
import { count } from "./texts.js";
import { words } from "./views_texts.js";

const t = words.reports;
const DAY = 86_400_000;
const format = (options) => new Intl.DateTimeFormat(undefined, { ...options, timeZone: "UTC" });
const weekday = format({ weekday: "short" });
const date = format({ day: "numeric", month: "short" });
const full = format({ dateStyle: "medium" });
const compact = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const isoDay = (moment) => new Date(moment).toISOString().slice(0, 10);
const sum = (counts) => Object.values(counts ?? {}).reduce((all, n) => all + n, 0);
const SVG = "http://www.w3.org/2000/svg";

export async function show(root, fields, signal) {
  const today = Date.parse(isoDay(Date.now()));
  const last = /^\d{4}-\d{2}-\d{2}$/.test(fields.to ?? "") && Date.parse(fields.to) ? Date.parse(fields.to) : today;
  const first = last - 6 * DAY;
  const head = h("div", { class: "head" }, h("h1", {}, t.title),
    h("p", { class: "buttons no-print total" },
      h("a", { class: "button", href: address("reports", { to: isoDay(last - 7 * DAY) }) }, t.earlier),
      last < today && h("a", { class: "button", href: address("reports", { to: isoDay(Math.min(last + 7 * DAY, today)) }) }, t.later)));
  const line = h("p", { class: "muted" }, t.range(full.format(first), full.format(last)));
  const body = h("div", { class: "stack" }, loading());
  root.replaceChildren(head, line, body);
  async function read() {
    body.replaceChildren(loading());
    try {
      const stats = await api("GET", ofAccount(`/stats?${query({ from: isoDay(first), to: isoDay(last) })}`), { signal });
      const all = (kind) => stats.days.reduce((total, day) => total + sum(day[kind]), 0);
      line.replaceChildren(t.range(full.format(first), full.format(last)), " ", t.asOf, time(stats.as_of));
      body.replaceChildren(
        h("dl", { class: "tiles figures" }, tile(stats.listed_total, t.total), tile(all("listed"), t.listedThisWeek), tile(all("removed"), t.removedThisWeek)),
        h("section", { class: "card" }, h("h2", {}, t.byDay), chart(stats.days), dayTable(stats.days)),
        h("div", { class: "two even" },
          totals(t.bySource, t.source, stats.days, "listed", sourceName), totals(t.byReason, t.reason, stats.days, "removed", reasonName)));
    } catch (failed) {
      if (!signal.aborted) body.replaceChildren(problemBox(failed, { retry: read }));
    }
  }
  await read();
}

const tile = (n, label) => h("div", {}, h("dt", {}, label), h("dd", {}, count(n)));

/** Two bars a day, listed and removed, as wide as there is room. Screen readers get the table below it instead. */
function chart(days) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "chart");
  svg.setAttribute("aria-hidden", "true");
  let drawn = 0;
  new ResizeObserver(([{ contentRect: { width } }]) => {
    if (!width || width === drawn) return;
    drawn = width;
    draw(svg, days, width);
  }).observe(svg);
  return h("figure", {}, svg, h("figcaption", { class: "legend" }, h("span", { class: "listed" }, t.listed), h("span", { class: "removed" }, t.removed)));
}

function draw(svg, days, width) {
  const [height, head, foot] = [200, 20, 38]; // the height in the stylesheet
  const most = Math.max(1, ...days.flatMap((day) => [sum(day.listed), sum(day.removed)]));
  const top = (share) => height - share * (height - head);
  const add = (tag, attributes, text = "") => {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.textContent = text;
    svg.append(element);
  };
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${width} ${height + foot}`);
  const step = width / days.length;
  const bar = Math.min(40, step / 3);
  for (const share of [0, 0.5, 1]) add("line", { x1: 0, x2: width, y1: top(share), y2: top(share), class: "grid" });
  for (const [n, day] of days.entries()) {
    const middle = step * (n + 0.5);
    for (const [at, kind] of [[-1, "listed"], [1, "removed"]]) {
      const total = sum(day[kind]);
      if (!total) continue;
      const size = Math.max(2, height - top(total / most));
      add("rect", { x: middle + (at < 0 ? -bar - 1 : 1), y: height - size, width: bar, height: size, rx: 2, class: kind });
      add("text", { x: middle + at * (bar / 2 + 1), y: height - size - 5 }, compact.format(total));
    }
    const label = [weekday.format(Date.parse(day.date)), date.format(Date.parse(day.date))];
    for (const [line, text] of label.entries()) add("text", { x: middle, y: height + 15 + line * 15 }, text);
  }
}

function dayTable(days) {
  return h("div", { class: "hidden" }, h("table", {}, h("caption", {}, t.byDay),
    h("thead", {}, h("tr", {}, [t.day, t.listed, t.removed].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, days.map((day) => h("tr", {}, h("th", { scope: "row" }, full.format(Date.parse(day.date))), h("td", {}, count(sum(day.listed))), h("td", {}, count(sum(day.removed))))))));
}

function totals(caption, corner, days, kind, named) {
  const all = {};
  for (const day of days) for (const [name, n] of Object.entries(day[kind] ?? {})) all[name] = (all[name] ?? 0) + n;
  const names = Object.keys(all).sort((one, other) => all[other] - all[one]);
  const most = Math.max(1, ...Object.values(all));
  const bar = (n) => h("meter", { max: most, value: n, "aria-hidden": "true" });
  return h("table", { class: "rows totals" }, h("caption", {}, caption),
    h("thead", { class: "hidden" }, h("tr", {}, [corner, t.count].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, names.length
      ? names.map((name) => h("tr", {}, h("th", { scope: "row" }, named(name)), h("td", {}, h("span", {}, count(all[name])), bar(all[name]))))
      : h("tr", {}, h("td", { colspan: 2, class: "muted" }, t.none))));
}
