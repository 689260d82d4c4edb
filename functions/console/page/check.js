// Check pasted numbers. A failure says nothing of any number: then none is shown, and least of all as not listed.

import { api, ofAccount, Problem } from "./api.js";
import { count, numberLink, time } from "./format.js";
import { beginAt, field, h, loading, problemBox } from "./kit.js";
import { session } from "./session.js";
import { texts } from "./texts.js";

const t = texts.check;
const A_CALL = 1000;
const SHOWN_AT_ONCE = 200;

/** Numbers as pasted: a line each, or the cells of a spreadsheet's row that hold digits. */
const written = (text) =>
  text.split(/\r?\n/).flatMap((line) => (line.includes("\t") ? line.split("\t").filter((cell) => /\d/.test(cell)) : [line])).map((one) => one.trim()).filter(Boolean);

export async function show(root, fields, signal) {
  const numbers = h("textarea", { rows: 8, spellcheck: "false", autocomplete: "off", name: "numbers" });
  const submit = h("button", { class: "primary" }, t.submit);
  const results = h("section", { class: "results", "aria-live": "polite" });

  const check = async (event) => {
    event.preventDefault();
    const all = written(numbers.value);
    if (!all.length) {
      results.replaceChildren(h("p", { class: "problem", role: "alert" }, t.nothing));
      return numbers.focus();
    }
    submit.disabled = true;
    const found = [];
    let asOf = null;
    try {
      for (let n = 0; n < all.length; n += A_CALL) {
        results.replaceChildren(loading(t.checking(n, all.length)));
        const part = all.slice(n, n + A_CALL);
        const told = await api("POST", ofAccount("/checks"), { body: { numbers: part }, signal });
        if (told.results.length !== part.length) throw new Problem({ code: "internal_error", detail: t.incomplete });
        asOf ??= told.checked_at;
        found.push(...told.results);
      }
      results.replaceChildren(...outcome(found, asOf));
    } catch (failed) {
      if (!signal.aborted) results.replaceChildren(h("p", { class: "problem", role: "alert" }, t.failed), problemBox(failed));
    }
    submit.disabled = false;
  };

  root.replaceChildren(h("h1", {}, t.title), h("p", {}, t.intro),
    h("form", { onsubmit: check, novalidate: true }, field(t.numbers, numbers, { required: true }), submit), results);
  beginAt(numbers);
}

function outcome(found, asOf) {
  const of = (status) => found.filter((one) => kindOf(one) === status).length;
  const body = h("tbody", {});
  let [shown, wanted] = [0, found];
  const more = h("button", { type: "button", onclick: () => fill() }, t.more);
  const fill = () => {
    body.append(...wanted.slice(shown, shown + SHOWN_AT_ONCE).map(row));
    shown += SHOWN_AT_ONCE;
    more.hidden = shown >= wanted.length;
  };
  const only = (kind) => (event) => {
    for (const one of chips.children) one.setAttribute("aria-pressed", one === event.currentTarget);
    [shown, wanted] = [0, kind ? found.filter((one) => kindOf(one) === kind) : found];
    body.replaceChildren();
    fill();
  };
  const chip = (kind, words, n) => h("button", { type: "button", "aria-pressed": kind ? "false" : "true", onclick: only(kind) }, `${words} (${count(n)})`);
  const chips = h("div", { class: "chips", role: "group", "aria-label": t.show }, chip(null, t.all, found.length),
    Object.entries(KINDS).map(([kind, words]) => chip(kind, words, of(kind))));
  fill();
  return [
    h("h2", {}, t.results),
    h("p", {}, t.summary(of("listed"), of("clear"), of("invalid")), time(asOf)),
    chips,
    h("table", { class: "checks" },
      h("caption", { class: "hidden" }, t.results),
      h("thead", {}, h("tr", {}, [t.input, t.number, t.status, t.why].map((name) => h("th", { scope: "col" }, name)))),
      body),
    more,
  ];
}

const KINDS = { listed: t.listed, clear: t.clear, invalid: t.invalid };
/** Only what the service calls clear is "not listed"; whatever is not known is shown as unreadable. */
const kindOf = (one) => (one.status === "listed" || (one.status === "clear" && one.callable === true) ? one.status : "invalid");

function row(one) {
  const status = KINDS[kindOf(one)];
  const link = one.number && session.may("read_number") && one.status === "listed" ? numberLink(one.number) : one.number ?? "–";
  const why = one.status === "listed" ? [time(one.listed_at), one.source ? `, ${texts.sources[one.source] ?? one.source}` : ""] : one.detail ?? "";
  return h("tr", { class: one.status },
    h("td", { "data-label": t.input }, one.input),
    h("td", { "data-label": t.number }, link),
    h("td", { "data-label": t.status }, h("b", { class: `badge ${kindOf(one)}` }, status)),
    h("td", { "data-label": t.why }, why));
}
