// Removing several numbers with one reason and its evidence. Each is a separate removal of the version that was read,
// with its own result.

import { api, numberPath } from "./api.js";
import { openModal } from "./dialog.js";
import { draft } from "./drafts.js";
import { controlsOf, valuesOf } from "./evidence.js";
import { shown } from "./format.js";
import { button, focusOn, h, invalid, loading, nameField, problemBox, toast } from "./kit.js";
import { removalReasons } from "./remove.js";
import { session } from "./session.js";
import { texts } from "./texts.js";
import { words } from "./views_texts.js";

const t = words.many;
const AT_ONCE = 4;

/** Run a task for each value, a few at a time, in order of the values. */
async function each(values, run) {
  const results = [];
  let next = 0;
  const worker = async () => {
    while (next < values.length) {
      const n = next++;
      results[n] = await run(values[n], n);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, values.length) }, worker));
  return results;
}

/** Open the dialog for these entries. `changed(entry)` is called for each number that was removed. */
export async function openMany(entries, changed) {
  const modal = openModal(t.title(entries.length), "removal");
  const { content, foot, close } = modal;
  content.append(loading());
  foot.append(button(t.keep, close));
  try {
    const [known, read] = await Promise.all([
      removalReasons(),
      each(entries, ({ number }) => api("GET", numberPath(number)).catch((failed) => ({ number, failed }))),
    ]);
    form(modal, known.reasons, read, changed);
  } catch (failed) {
    content.replaceChildren(problemBox(failed, { retry: () => { close(); openMany(entries, changed); } }));
  }
}

const openFor = (reason, entry) => entry.status === "listed" && !entry.pending_removal && entry.removal_notice?.reasons.includes(reason.code);

function form({ content, foot, close }, reasons, entries, changed) {
  const own = draft("remove many");
  const chosen = { reason: null, controls: {} };
  const fits = new Map(reasons.map((reason) => [reason.code, entries.filter((entry) => openFor(reason, entry)).length]));
  const offered = reasons.filter(({ code }) => fits.get(code));
  const name = nameField({ required: true });
  const hint = h("p", { role: "status", class: "muted" }, words.remove.choose);
  const submit = h("button", { class: "danger", form: "many", disabled: true }, words.remove.submit);
  const judge = () => {
    const filled = (control) => (control.type === "checkbox" ? control.checked : control.value.trim());
    const missing = !chosen.reason ? [] : chosen.reason.requires
      .filter((need) => !need.split(" or ").some((at) => chosen.controls[at] && filled(chosen.controls[at])))
      .map((need) => need.split(" or ").filter((at) => chosen.controls[at]).map((at) => words.remove.fields[at] ?? at).join(words.remove.or));
    if (name && !name.control.value.trim()) missing.push(texts.you.label);
    submit.disabled = !chosen.reason || missing.length > 0;
    hint.textContent = !chosen.reason ? words.remove.choose : missing.length ? words.remove.missing(missing) : t.ready(fits.get(chosen.reason.code), entries.length);
  };
  name?.control.addEventListener("input", judge);
  const choice = (reason) => {
    const fields = h("div", { class: "evidence", hidden: true, oninput: judge });
    const radio = h("input", { type: "radio", name: "reason", value: reason.code });
    radio.addEventListener("change", () => {
      for (const other of content.querySelectorAll(".evidence")) {
        other.hidden = other !== fields;
        other.replaceChildren();
      }
      const { controls, element } = controlsOf(reason, {}, own, { many: true });
      Object.assign(chosen, { reason, controls });
      fields.replaceChildren(h("p", { class: "muted" }, reason.guidance), element);
      if (name) element.append(name.element);
      judge();
    });
    const n = fits.get(reason.code);
    return h("div", { class: "reason" }, h("label", { class: "choice" }, radio, reason.label, n < entries.length && h("span", { class: "muted" }, t.only(n))), fields);
  };
  const numbers = h("p", { class: "muted clip" }, entries.map((entry) => shown(entry.number)).join(", "));
  if (!offered.length) {
    content.replaceChildren(numbers, h("p", { class: "info" }, t.none));
    foot.replaceChildren(button(texts.remove.close, close));
    return;
  }

  const run = async (event) => {
    event.preventDefault();
    if (submit.disabled) return;
    const obtained = chosen.controls["evidence.obtained_at"];
    if (obtained && Date.parse(obtained.value) > Date.now() + 60_000) {
      invalid(obtained, words.remove.inFuture);
      obtained.focus();
      return;
    }
    name?.read();
    const body = { reason: chosen.reason.code, acting_user: session.actingUser, ...valuesOf(chosen) };
    foot.replaceChildren(h("p", { class: "muted", role: "status" }, words.remove.removing));
    content.replaceChildren(numbers, loading());
    const results = await each(entries, (entry) => one(entry, body));
    own.clear();
    for (const result of results) if (result.entry) changed(result.entry);
    dispatchEvent(new CustomEvent("removals-changed"));
    report(results);
  };

  async function one(entry, body) {
    if (entry.failed) return { entry: null, number: entry.number, text: entry.failed.detail };
    if (entry.status !== "listed") return { number: entry.number, text: words.remove.gone };
    if (entry.pending_removal) return { number: entry.number, text: t.waitsAlready };
    if (!openFor(chosen.reason, entry)) return { number: entry.number, text: t.notOpen };
    try {
      const now = await api("DELETE", numberPath(entry.number), { body: { ...body, if_version: entry.version } });
      return { number: entry.number, entry: now, text: now.status === "removed" ? t.removed : texts.list.waiting };
    } catch (failed) {
      const text = failed.status === 409 ? t.changed : failed.status === 0 ? t.unknown : failed.errors[0]?.message ?? failed.detail;
      return { number: entry.number, text };
    }
  }

  function report(results) {
    const gone = results.filter(({ entry }) => entry?.status === "removed");
    content.replaceChildren(h("p", { class: gone.length === results.length ? "success" : "info", role: "status", tabindex: "-1" }, t.summary(gone.length, results.length)),
      h("ul", { class: "lines", "aria-label": t.results }, results.map(({ number, entry, text }) => h("li", { class: entry ? null : "refused" }, h("b", {}, shown(number)), " – ", text))));
    const undo = gone.length > 0 && session.may("restore") && button(t.undo(gone.length), async () => {
      undo.disabled = true;
      const back = await each(gone, async ({ entry }) => {
        const now = await api("POST", `${numberPath(entry.number)}/restore`, { body: { if_version: entry.version, acting_user: session.actingUser } }).catch(() => null);
        if (now) changed(now);
        return now;
      });
      close();
      toast(t.undone(back.filter(Boolean).length, gone.length));
    });
    foot.replaceChildren(...[undo, button(texts.remove.close, close, { class: "primary" })].filter(Boolean));
    focusOn(content.firstChild);
  }

  content.replaceChildren(numbers, h("form", { id: "many", onsubmit: run, novalidate: true }, h("fieldset", {}, h("legend", {}, words.remove.reason), offered.map(choice))));
  foot.replaceChildren(hint, button(t.keep, close), submit);
  content.querySelector("input[type=radio]").focus();
}
