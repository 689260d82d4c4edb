// Add to DNC: one number or many, read as they are typed. Refused numbers stay in the box for correction.

import { api, ofAccount } from "./api.js";
import { bindDraft } from "./drafts.js";
import { asMoment, country, numberLink, shown } from "./format.js";
import { beginAt, button, field, focusOn, h, invalid, loading, nameField, options, problemBox, settled } from "./kit.js";
import { numbersIn, pasteAtOnce, shortened } from "./paste.js";
import { carried } from "./places.js";
import { session } from "./session.js";
import { texts } from "./texts.js";
import { words } from "./views_texts.js";

const t = words.add;
const NUMBERS_PER_CALL = 100;
const LIST_ALL = 20; // if there are more numbers than this, only the problems are shown
const READ_AT_MOST = 500;
const MANY = 500; // numbers; for this many, a file is better
const MAY_EXPIRE = new Set(["registry", "suppression"]);
const SOURCES = Object.fromEntries(Object.entries(texts.sources).filter(([name]) => !["import", "registry", "prefix"].includes(name)));
const SKEW = 60_000;

const parts = (all) => Array.from({ length: Math.ceil(all.length / NUMBERS_PER_CALL) }, (_, n) => all.slice(n * NUMBERS_PER_CALL, (n + 1) * NUMBERS_PER_CALL));
const passed = (one) => one.status < 400;

export async function show(root, { number }, signal) {
  const numbers = h("textarea", { rows: 5, spellcheck: "false", autocomplete: "off", name: "numbers" });
  const read = h("div", { class: "readings", "aria-live": "polite" });
  const long = h("div", {});
  const source = h("select", { name: "source" }, options(SOURCES));
  const requested = h("input", { type: "datetime-local", name: "requested_at" });
  const expires = h("input", { type: "date", name: "expires_at" });
  const campaign = h("input", { type: "text", maxlength: 200, name: "campaign_id" });
  const channels = h("select", { name: "channels" }, options(t.channels));
  const note = h("textarea", { rows: 2, maxlength: 2000, name: "note" });
  const name = nameField({ required: false });
  const submit = h("button", { class: "primary" }, t.submit(1));
  const progress = h("div", { class: "progress" });
  const results = h("section", { class: "results", "aria-live": "polite" });
  const expiry = field(t.expires, expires, { optional: true, hint: t.expiresHint });
  const form = h("form", { class: "card form", onsubmit: add, novalidate: true },
    h("fieldset", { class: "plain" },
      field(t.numbers, numbers, { hint: t.numbersHint }), read, long,
      h("div", { class: "pair" }, field(t.source, source), field(t.requested, requested, { optional: true, hint: t.requestedHint }),
        field(t.campaign, campaign, { optional: true }), field(t.channel, channels), expiry),
      field(t.note, note, { optional: true }), name?.element),
    h("div", { class: "submit" }, submit, progress));
  source.value = "manual";
  pasteAtOnce(numbers);
  channels.value = "";
  const draft = bindDraft(form, "add");
  if (number) numbers.value ||= number;
  const mayExpire = () => session.may("set_expiry") && MAY_EXPIRE.has(source.value);
  const adapt = () => { expiry.hidden = !mayExpire(); };
  source.addEventListener("input", adapt);
  adapt();

  let asking = new AbortController();
  const readAlong = async () => {
    asking.abort();
    asking = new AbortController();
    const own = AbortSignal.any([signal, asking.signal]);
    const found = numbersIn(numbers.value);
    submit.textContent = t.submit(found.length);
    long.replaceChildren(found.length >= MANY && session.may("import") ? h("p", { class: "info" }, t.long(found.length), " ", button(t.importInstead, toImport, { class: "link" })) : "");
    const readings = [];
    try {
      for (const part of parts(found.slice(0, READ_AT_MOST))) {
        const usable = part.filter(({ text }) => !shortened(text));
        const returned = usable.length ? (await api("POST", ofAccount("/readings"), { body: { numbers: usable.map(({ text }) => text.slice(0, 1000)) }, signal: own })).readings : [];
        readings.push(...part.map((one) => (shortened(one.text) ? { input: one.text, error: t.shortened } : { ...returned[usable.indexOf(one)], input: one.text })));
        read.replaceChildren(...readingsOf(readings, found.length));
      }
      if (!found.length) read.replaceChildren();
    } catch (failed) {
      if (!own.aborted) read.replaceChildren(h("p", { class: "muted" }, t.notRead, " ", failed.detail ?? ""));
    }
  };
  numbers.addEventListener("input", settled(readAlong));

  function toImport() {
    carried.file = new File([numbersIn(numbers.value).map(({ text }) => text).join("\n")], t.pastedFile, { type: "text/plain" });
    draft.set("numbers", "");
    location.hash = "#/jobs?kind=imports";
  }

  function wrong() {
    for (const control of [numbers, requested, expires, note]) invalid(control);
    const problems = [
      [numbers, !numbersIn(numbers.value).length && t.nothing],
      [requested, requested.value && Date.parse(requested.value) > Date.now() + SKEW && t.requestedAhead],
      [expires, mayExpire() && expires.value && Date.parse(`${expires.value}T23:59`) < Date.now() && t.expiresPast],
      [note, channels.value && !note.value.trim() && t.channelNeedsNote],
    ].filter(([, text]) => text);
    for (const [control, text] of problems) invalid(control, text);
    problems[0]?.[0].focus();
    return problems.length > 0;
  }

  async function add(event) {
    event.preventDefault();
    if (submit.disabled || wrong()) return;
    name?.read();
    const all = numbersIn(numbers.value);
    const more = {
      source: source.value, requested_at: asMoment(requested.value), campaign_id: campaign.value.trim() || undefined, note: note.value.trim() || undefined,
      channels: channels.value ? [channels.value] : undefined, expires_at: mayExpire() ? asMoment(`${expires.value}T23:59`) : undefined, acting_user: session.actingUser,
    };
    const cancel = new AbortController();
    lock(true, cancel);
    const done = all.filter(({ text }) => shortened(text)).map((one) => ({ ...one, status: 422, error: { detail: t.shortened } }));
    const left = all.filter(({ text }) => !shortened(text));
    let sent = 0;
    let failed = null;
    try {
      for (const part of parts(left)) {
        if (cancel.signal.aborted) break;
        advance(sent, left.length);
        const response = await api("POST", ofAccount("/numbers/batch"), { body: { numbers: part.map(({ text }) => ({ number: text, ...more })) }, signal });
        done.push(...response.results.map((result, n) => ({ ...result, ...part[n] })));
        sent += part.length;
      }
    } catch (problem) {
      if (signal.aborted) return;
      failed = problem;
    }
    lock(false);
    numbers.value = [...done.filter((one) => !passed(one)), ...left.slice(sent)].map(({ text }) => text).join("\n");
    draft.set("numbers", numbers.value);
    if (!failed && sent === left.length) reset();
    results.replaceChildren(...[failed && problemBox(failed, { more: t.rest(left.length - sent) }), !failed && sent < left.length && h("p", { class: "info" }, t.rest(left.length - sent)), ...outcome(done)].filter(Boolean));
    readAlong();
    if (failed) focusOn(results.firstChild);
    else numbers.focus();
  }

  function lock(on, cancel) {
    submit.disabled = on;
    form.querySelector("fieldset").disabled = on;
    if (on) results.replaceChildren();
    progress.replaceChildren(...(on ? [loading(t.adding), button(t.cancel, () => cancel.abort(), { class: "link" })] : []));
  }

  function advance(sent, of) {
    if (of > NUMBERS_PER_CALL) progress.replaceChildren(h("progress", { max: of, value: sent, "aria-label": t.adding }), h("span", {}, t.progress(sent, of)), progress.lastChild);
  }

  function reset() {
    for (const control of [requested, expires, note]) {
      control.value = "";
      draft.set(control.name, "");
    }
  }

  root.replaceChildren(h("h1", {}, t.title), h("p", { class: "muted" }, t.intro), form, results);
  if (numbers.value) readAlong();
  beginAt(numbers);
}

function readingsOf(readings, all) {
  const problems = readings.filter((one) => one.error || one.warnings?.length);
  const listed = readings.length <= LIST_ALL ? readings : problems.slice(0, 200);
  const good = readings.filter((one) => !one.error).length;
  return [
    all > LIST_ALL && h("p", { class: "muted" }, t.readable(good, readings.length), all > readings.length ? ` ${t.readLater(all - readings.length)}` : ""),
    listed.length > 0 && h("ul", { "aria-label": t.readings }, listed.map((one) => (one.error
      ? h("li", { class: "refused" }, h("b", {}, one.input), " – ", one.error)
      : h("li", {}, h("b", {}, shown(one.number)), " ", h("span", { class: "muted" }, [one.number, country(one.region)].filter(Boolean).join(", ")), (one.warnings ?? []).map((warning) => h("small", {}, warning)))))),
  ].filter(Boolean);
}

function outcome(done) {
  if (!done.length) return [];
  const added = done.filter((one) => one.status === 201).length;
  const accepted = done.filter((one) => one.status === 202).length;
  const known = done.filter((one) => one.status === 200).length;
  const refused = done.filter((one) => !passed(one));
  const listed = done.length <= LIST_ALL ? done : [...refused, ...done.filter((one) => passed(one) && one.entry?.warnings?.length)];
  return [
    h("p", { class: refused.length ? "info" : "success", role: "status" }, t.summary({ added, accepted, known, refused: refused.length })),
    listed.length > 0 && h("ul", { "aria-label": t.results, class: "lines" }, listed.slice(0, 500).map(line)),
  ].filter(Boolean);
}

function line(one) {
  if (!passed(one)) return h("li", { class: "refused" }, h("b", {}, one.text), " – ", one.error.errors?.[0]?.message ?? one.error.detail);
  if (one.status === 202) return h("li", {}, h("b", {}, one.text), ` ${t.accepted}`);
  const { entry } = one;
  const number = session.may("read_number") ? numberLink(entry.number) : shown(entry.number);
  const also = one.also_listed ?? entry.also_listed ?? [];
  return h("li", {}, number, ` ${one.status === 201 ? t.isListed : t.wasListed}`,
    also.length > 0 && h("small", {}, t.also(also.map(shown).join(", "))), (entry.warnings ?? []).map((warning) => h("small", {}, warning)));
}

