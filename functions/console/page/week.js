// A week in numbers. The charts are tables: what is seen is what is read aloud; a bar or a tint only stands behind a number.

import { api, ofAccount, query } from "./api.js";
import { count, reasonName, time } from "./format.js";
import { h, loading, problemBox } from "./kit.js";
import { texts } from "./texts.js";

const t = texts.week;
const DAY = 86_400_000;
const format = (given) => new Intl.DateTimeFormat(undefined, { ...given, timeZone: "UTC" });
const weekday = format({ weekday: "short" });
const date = format({ day: "numeric", month: "short" });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const isoDay = (moment) => new Date(moment).toISOString().slice(0, 10);
const sum = (counts) => Object.values(counts).reduce((all, n) => all + n, 0);

export async function show(root, fields, signal) {
  const last = /^\d{4}-\d{2}-\d{2}$/.test(fields.to ?? "") && Date.parse(fields.to) ? Date.parse(fields.to) : Date.parse(isoDay(Date.now()));
  const first = last - 6 * DAY;
  const heading = h("h1", {}, t.title);
  const range = t.range(date.format(first), format({ dateStyle: "medium" }).format(last));
  const moves = h("p", { class: "buttons no-print" },
    h("a", { class: "button", href: `#/week?to=${isoDay(last - 7 * DAY)}` }, `← ${t.earlier}`),
    last + DAY <= Date.now() ? h("a", { class: "button", href: `#/week?to=${isoDay(Math.min(last + 7 * DAY, Date.now()))}` }, `${t.later} →`) : "");
  root.replaceChildren(heading, h("p", { class: "quiet" }, range), moves, loading());
  try {
    const stats = await api("GET", ofAccount(`/stats?${query({ from: isoDay(first), to: isoDay(last) })}`), { signal });
    const all = (kind) => stats.days.reduce((so_far, day) => so_far + sum(day[kind]), 0);
    root.replaceChildren(heading,
      h("p", { class: "quiet" }, range, ". ", t.asOf, time(stats.as_of)),
      moves,
      h("ul", { class: "figures" }, figure(stats.listed_total, t.total), figure(all("listed"), t.came), figure(all("removed"), t.left)),
      byDay(t.listed, t.source, stats.days, "listed", (source) => texts.sources[source] ?? source),
      byDay(t.removed, t.reason, stats.days, "removed", reasonName));
  } catch (failed) {
    if (!signal.aborted) root.replaceChildren(heading, moves, problemBox(failed, () => show(root, fields, signal)));
  }
}

const figure = (n, words) => h("li", {}, h("b", {}, count(n)), " ", words);

/** A table with a row for each source or reason and a column for each day; the first row has the day's bar. */
function byDay(caption, corner, days, kind, named) {
  const totals = {};
  for (const day of days) for (const [name, n] of Object.entries(day[kind])) totals[name] = (totals[name] ?? 0) + n;
  const names = Object.keys(totals).sort((one, other) => totals[other] - totals[one]);
  const most = Math.max(...days.map((day) => sum(day[kind])), 1);
  const peak = Math.max(...days.flatMap((day) => Object.values(day[kind])), 1);
  const week = Math.max(...Object.values(totals), 1);
  const none = h("tr", {}, h("td", { colspan: days.length + 2, class: "quiet" }, t.none));
  return h("table", { class: `chart ${kind}` },
    h("caption", {}, caption),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, corner),
      days.map((day) => h("th", { scope: "col" }, h("span", { class: "weekday" }, weekday.format(Date.parse(day.date))), h("span", {}, date.format(Date.parse(day.date))))),
      h("th", { scope: "col" }, t.sum))),
    h("tbody", {},
      h("tr", { class: "all" }, h("th", { scope: "row" }, t.all),
        days.map((day) => h("td", {}, column(sum(day[kind]) / most), number(sum(day[kind])))),
        h("td", {}, h("b", {}, number(sum(totals))))),
      names.map((name) => h("tr", {}, h("th", { scope: "row" }, named(name)),
        days.map((day) => tinted(day[kind][name] ?? 0, peak)),
        h("td", { class: "sum" }, number(totals[name]), bar(totals[name] / week)))),
      names.length ? "" : none));
}

function number(n) {
  return n < 10_000 ? count(n) : h("span", { title: count(n) }, compact.format(n));
}

function tinted(n, peak) {
  const cell = h("td", { class: n ? "some" : "zero" }, number(n));
  cell.style.setProperty("--share", `${Math.round((n / peak) * 40)}%`);
  return cell;
}

function column(share) {
  const one = h("span", { class: "column", "aria-hidden": "true" }, h("span", {}));
  one.firstChild.style.blockSize = `${share * 100}%`;
  return one;
}

function bar(share) {
  const one = h("span", { class: "bar", "aria-hidden": "true" });
  one.style.inlineSize = `${share * 100}%`;
  return one;
}
