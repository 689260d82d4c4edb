// A week in numbers. The charts are tables whose numbers have bars beside them: what is seen is what is read aloud.

import { api, h, loading, ofAccount, problemBox, query, reasonName, time } from "./kit.js";
import { texts } from "./texts.js";

const t = texts.week;
const DAY = 86_400_000;
const dayName = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" });
const isoDay = (moment) => new Date(moment).toISOString().slice(0, 10);
const sum = (counts) => Object.values(counts).reduce((all, n) => all + n, 0);

export async function show(root, fields, signal) {
  const last = /^\d{4}-\d{2}-\d{2}$/.test(fields.to ?? "") && Date.parse(fields.to) ? Date.parse(fields.to) : Date.parse(isoDay(Date.now()));
  const first = last - 6 * DAY;
  const heading = h("h1", {}, t.title);
  const moves = h("p", { class: "buttons no-print" },
    h("a", { class: "button", href: `#/week?to=${isoDay(last - 7 * DAY)}` }, `← ${t.earlier}`),
    last + DAY <= Date.now() ? h("a", { class: "button", href: `#/week?to=${isoDay(Math.min(last + 7 * DAY, Date.now()))}` }, `${t.later} →`) : "");
  root.replaceChildren(heading, h("p", { class: "quiet" }, t.range(isoDay(first), isoDay(last))), moves, loading());
  try {
    const stats = await api("GET", ofAccount(`/stats?${query({ from: isoDay(first), to: isoDay(last) })}`), { signal });
    root.replaceChildren(heading,
      h("p", { class: "big" }, h("b", {}, stats.listed_total.toLocaleString("en")), ` ${t.total}`),
      h("p", { class: "quiet" }, t.range(isoDay(first), isoDay(last)), ". ", t.asOf, time(stats.as_of)),
      moves,
      byDay(t.listed, stats.days, "listed", (source) => texts.sources[source] ?? source),
      byDay(t.removed, stats.days, "removed", reasonName),
      reasons(stats.days));
  } catch (failed) {
    if (!signal.aborted) root.replaceChildren(heading, moves, problemBox(failed, () => show(root, fields, signal)));
  }
}

function byDay(caption, days, kind, named) {
  const kinds = [...new Set(days.flatMap((day) => Object.keys(day[kind])))].sort();
  const most = Math.max(...days.map((day) => sum(day[kind])), 1);
  return h("table", { class: "chart" },
    h("caption", {}, caption),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t.day), h("th", { scope: "col" }, t.all), kinds.map((one) => h("th", { scope: "col" }, named(one))))),
    h("tbody", {}, days.map((day) => h("tr", {},
      h("th", { scope: "row" }, dayName.format(Date.parse(day.date))),
      h("td", {}, bar(sum(day[kind]), most), sum(day[kind]).toLocaleString("en")),
      kinds.map((one) => h("td", { "data-label": named(one) }, (day[kind][one] ?? 0).toLocaleString("en")))))));
}

function reasons(days) {
  const all = {};
  for (const day of days) for (const [reason, n] of Object.entries(day.removed)) all[reason] = (all[reason] ?? 0) + n;
  const ranked = Object.entries(all).sort(([, one], [, other]) => other - one);
  const most = Math.max(...ranked.map(([, n]) => n), 1);
  return h("table", { class: "chart" }, h("caption", {}, t.reasons),
    h("tbody", {}, ranked.length
      ? ranked.map(([reason, n]) => h("tr", {}, h("th", { scope: "row" }, reasonName(reason)), h("td", {}, bar(n, most), n.toLocaleString("en"))))
      : h("tr", {}, h("td", {}, t.none))));
}

function bar(n, most) {
  const one = h("span", { class: "bar", "aria-hidden": "true" });
  one.style.inlineSize = `${(n / most) * 8}rem`;
  return one;
}
