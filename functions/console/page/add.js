// Add to DNC: one number or several, read while they are typed. What was refused stays in the box, to be mended.

import { api, ofAccount } from "./api.js";
import { asMoment, numberLink, region } from "./format.js";
import { beginAt, field, h, loading, nameField, options, problemBox, settled } from "./kit.js";
import { session } from "./session.js";
import { texts } from "./texts.js";

const t = texts.add;
const A_CALL = 100;
const SOURCES = Object.fromEntries(Object.entries(texts.sources).filter(([name]) => !["import", "registry"].includes(name)));

const lines = (text) => text.split(/\r?\n/).map((line) => line.trim()).filter(Boolean);
const parts = (all) => Array.from({ length: Math.ceil(all.length / A_CALL) }, (_, n) => all.slice(n * A_CALL, (n + 1) * A_CALL));

export async function show(root, fields, signal) {
  const numbers = h("textarea", { rows: 4, spellcheck: "false", autocomplete: "off", name: "numbers" });
  const read = h("ul", { class: "readings", "aria-label": t.readings, "aria-live": "polite" });
  const source = h("select", { name: "source" }, options(SOURCES));
  source.value = "manual";
  const requested = h("input", { type: "datetime-local", name: "requested_at" });
  const campaign = h("input", { type: "text", maxlength: 200, name: "campaign_id" });
  const note = h("textarea", { rows: 2, maxlength: 2000, name: "note" });
  const name = nameField({ required: false });
  const submit = h("button", { class: "primary" }, t.submit(1));
  const results = h("div", { class: "results", "aria-live": "polite" });

  let asking = new AbortController();
  const recognize = settled(async () => {
    asking.abort();
    asking = new AbortController();
    const written = lines(numbers.value);
    submit.textContent = t.submit(written.length);
    if (!written.length) return read.replaceChildren();
    try {
      const { readings } = await api("POST", ofAccount("/readings"), { body: { numbers: written.slice(0, A_CALL) }, signal: AbortSignal.any([signal, asking.signal]) });
      const rest = written.length - readings.length;
      read.replaceChildren(...readings.map(reading), ...(rest > 0 ? [h("li", { class: "quiet" }, t.rest(rest))] : []));
    } catch (failed) {
      if (!asking.signal.aborted && !signal.aborted) read.replaceChildren(h("li", { class: "refused" }, failed.detail ?? texts.errors.unforeseen));
    }
  });
  numbers.addEventListener("input", recognize);

  const add = async (event) => {
    event.preventDefault();
    const written = lines(numbers.value);
    if (!written.length) {
      results.replaceChildren(h("p", { class: "problem", role: "alert" }, t.nothing));
      return numbers.focus();
    }
    if (name?.control.value.trim()) name.read();
    const more = { source: source.value, requested_at: asMoment(requested.value), campaign_id: campaign.value.trim() || undefined, note: note.value.trim() || undefined, acting_user: session.actingUser };
    submit.disabled = true;
    results.replaceChildren(loading(t.adding));
    const done = [];
    try {
      for (const part of parts(written)) {
        const told = await api("POST", ofAccount("/numbers/batch"), { body: { numbers: part.map((number) => ({ number, ...more })) }, signal });
        done.push(...told.results.map((result, n) => ({ ...result, written: part[n] })));
      }
      results.replaceChildren(...outcome(done));
    } catch (failed) {
      if (signal.aborted) return;
      results.replaceChildren(problemBox(failed), ...outcome(done));
    }
    submit.disabled = false;
    const refused = done.filter((one) => one.status >= 400).map((one) => one.written);
    numbers.value = [...refused, ...written.slice(done.length)].join("\n");
    recognize();
    numbers.focus();
  };

  root.replaceChildren(
    h("h1", {}, t.title),
    h("p", {}, t.intro),
    h("form", { onsubmit: add, novalidate: true },
      field(t.numbers, numbers, { required: true }), read,
      h("div", { class: "row" }, field(t.source, source), field(t.requestedAt, requested, { hint: t.requestedHint }), field(t.campaign, campaign)),
      field(t.note, note), name?.element, submit),
    results,
  );
  beginAt(numbers);
}

function reading(one) {
  if (one.error) return h("li", { class: "refused" }, h("b", {}, one.input), ` ${t.unreadable} ${one.error}`);
  return h("li", {}, h("b", {}, one.national), ` ${one.number}, ${region(one.region)}`, one.warnings.map((warning) => h("small", {}, warning)));
}

function outcome(done) {
  if (!done.length) return [];
  const refused = done.filter((one) => one.status >= 400);
  return [
    h("p", { class: refused.length ? "note" : "success", role: "status" }, t.summary(done.length - refused.length, refused.length)),
    h("ul", { "aria-label": t.results }, done.map((one) => {
      if (one.status >= 400) return h("li", { class: "refused" }, h("b", {}, one.written), ` ${t.refused} ${one.error.errors?.[0]?.message ?? one.error.detail}`);
      if (one.status === 202) return h("li", {}, h("b", {}, one.written), ` ${t.accepted}`);
      const { entry } = one;
      const shown = session.may("read_number") ? numberLink(entry.number, entry.national) : entry.national;
      return h("li", {}, shown, ` ${one.status === 201 ? t.isListed : t.wasListed}`, entry.warnings.map((warning) => h("small", {}, warning)));
    })),
  ];
}
