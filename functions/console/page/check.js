// Check pasted numbers. After a failure no number is shown, least of all as callable.

import { api, ofAccount, Problem } from "./api.js";
import { bindDraft } from "./drafts.js";
import { numberLink, shown, sourceName, time } from "./format.js";
import { beginAt, button, field, focusOn, h, invalid, loading, options, problemBox, style, toast } from "./kit.js";
import { numbersIn, pasteAtOnce, shortened } from "./paste.js";
import { carried } from "./places.js";
import { session } from "./session.js";
import { texts } from "./texts.js";
import { words } from "./views_texts.js";

const t = words.check;
const NUMBERS_PER_CALL = 1000;
const SHOWN_AT_ONCE = 200;

export async function show(root, fields, signal) {
  const numbers = h("textarea", { rows: 12, spellcheck: "false", autocomplete: "off", name: "numbers" });
  const channel = h("select", { name: "channel" }, options(t.channels));
  const submit = h("button", { class: "primary" }, t.submit);
  const progress = h("div", { class: "progress" });
  const results = h("section", { class: "results", "aria-live": "polite" }, h("p", { class: "muted" }, t.nothingYet));
  const form = h("form", { class: "card", onsubmit: check, novalidate: true },
    field(t.numbers, numbers, { hint: session.may("scrub") ? t.hint : t.hintOnly }), field(t.channel, channel), h("div", { class: "submit" }, submit, progress));
  bindDraft(form, "check");
  pasteAtOnce(numbers);

  async function check(event) {
    event.preventDefault();
    if (submit.disabled) return;
    const all = numbersIn(numbers.value).map(({ text }) => text);
    invalid(numbers, all.length ? "" : t.nothing);
    if (!all.length) {
      numbers.focus();
      return;
    }
    const cancel = new AbortController();
    submit.disabled = true;
    results.replaceChildren(loading(t.checking));
    const found = [];
    let asOf = null;
    try {
      for (let n = 0; n < all.length && !cancel.signal.aborted; n += NUMBERS_PER_CALL) {
        if (all.length > NUMBERS_PER_CALL) progress.replaceChildren(h("progress", { max: all.length, value: n, "aria-label": t.checking }), h("span", {}, t.progress(n, all.length)), button(t.cancel, () => cancel.abort(), { class: "link" }));
        const part = all.slice(n, n + NUMBERS_PER_CALL);
        const response = await api("POST", ofAccount("/checks"), { body: { numbers: part, channel: channel.value || undefined }, signal });
        if (response.results?.length !== part.length) throw new Problem({ status: 502, code: "gateway", detail: t.incomplete });
        asOf ??= response.checked_at;
        found.push(...response.results);
      }
      results.replaceChildren(...outcome(found, asOf, all.length));
      focusOn(results.querySelector("h2"));
    } catch (failed) {
      if (signal.aborted) return;
      results.replaceChildren(problemBox(failed, { more: h("strong", {}, t.failed) }));
      submit.focus();
    }
    progress.replaceChildren();
    submit.disabled = false;
  }

  dropped(signal);
  root.replaceChildren(h("h1", {}, t.title), h("p", { class: "muted" }, t.intro), h("div", { class: "two" }, form, results));
  beginAt(numbers);
}

/** A file dropped here is scrubbed, which is how a file is checked. */
function dropped(signal) {
  document.addEventListener("dragover", (event) => event.preventDefault(), { signal });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (!file) return;
    if (!session.may("scrub")) {
      toast(t.noScrub(texts.who.scrub));
      return;
    }
    carried.file = file;
    location.hash = "#/jobs?kind=scrubs";
  }, { signal });
}

const KINDS = { clear: t.clear, listed: t.listed, invalid: t.invalid };
/** Only numbers that the service calls clear are callable. Anything unknown is shown as invalid. */
const kindOf = (one) => (one.status === "listed" || (one.status === "clear" && one.callable === true) ? one.status : "invalid");

function outcome(found, asOf, all) {
  const of = (kind) => found.filter((one) => kindOf(one) === kind);
  const body = h("tbody", {});
  let [drawn, wanted] = [0, found];
  const more = button(t.more, () => fill());
  const fill = () => {
    body.append(...wanted.slice(drawn, drawn + SHOWN_AT_ONCE).map(row));
    drawn += SHOWN_AT_ONCE;
    more.hidden = drawn >= wanted.length;
  };
  const only = (kind) => ({ currentTarget }) => {
    const on = currentTarget.getAttribute("aria-pressed") !== "true";
    for (const one of counts.children) one.setAttribute("aria-pressed", String(on && one === currentTarget));
    [drawn, wanted] = [0, on ? of(kind) : found];
    body.replaceChildren();
    fill();
  };
  const counts = h("div", { class: "counts-line", role: "group", "aria-label": t.show }, Object.keys(KINDS).map((kind) =>
    button(t.count[kind](of(kind).length), only(kind), { class: `count ${kind}`, "aria-pressed": "false" })));
  const csv = (run) => async () => {
    const [module] = await Promise.all([import("./csv.js"), style()]).catch(() => [null]);
    if (module) run(module);
    else toast(texts.errors.part);
  };
  fill();
  return [
    h("div", { class: "head" }, h("h2", {}, t.results), h("p", { class: "muted total" }, t.asOf, time(asOf, "clock")),
      button(t.copy, () => copy(wanted), {}, "copy"), button(t.download, csv(({ saveChecks }) => saveChecks(wanted, (one) => KINDS[kindOf(one)])), {}, "download")),
    counts,
    found.length < all && h("p", { class: "info" }, t.canceled(found.length, all)),
    h("table", { class: "rows checks" },
      h("caption", { class: "hidden" }, t.results),
      h("thead", {}, h("tr", {}, [["input", t.input], ["number", t.number], ["status", t.status], ["why", t.why]].map(([name, label]) => h("th", { scope: "col", class: `col-${name}` }, label)))),
      body),
    h("p", { class: "buttons" }, more),
  ].filter(Boolean);
}

async function copy(rows) {
  const lines = rows.map((one) => [one.input, one.number ?? "", KINDS[kindOf(one)]].join("\t"));
  try {
    await navigator.clipboard.writeText(lines.join("\n"));
    toast(t.copied(rows.length));
  } catch {
    toast(t.notCopied);
  }
}

function row(one) {
  const kind = kindOf(one);
  const opens = one.number && session.may("read_number") && one.status === "listed" && one.source !== "prefix";
  return h("tr", { class: kind },
    h("td", { class: "col-input", title: one.input }, one.input),
    h("td", { class: "col-number" }, opens ? numberLink(one.number) : one.number ? h("span", { class: "number" }, shown(one.number)) : "–"),
    h("td", { class: "col-status" }, h("span", { class: `badge ${kind}` }, KINDS[kind])),
    h("td", { class: "col-why" }, why(one, kind)));
}

function why(one, kind) {
  const others = (one.readings ?? []).map((reading) => reading.number ?? reading).filter((number) => number !== one.number);
  const hints = [others.length > 0 && t.readings(others.map(shown).join(", ")), one.registry_stale && t.stale, one.consent_needed && t.consent].filter(Boolean);
  const own = {
    listed: () => [one.source ? sourceName(one.source) : "", one.listed_at ? [" · ", time(one.listed_at, "ago")] : ""],
    clear: () => t.notListed,
    invalid: () => (shortened(one.input) ? t.shortened : one.detail ?? t.unknown),
  }[kind]();
  return [own, hints.map((hint) => h("small", {}, ` ${hint}`))];
}
