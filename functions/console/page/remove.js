// The removal: why the number is on the list and what the rule says come first; then a valid reason with its evidence;
// and only then can Delete be pressed.

import { api, numberPath } from "./api.js";
import { openModal } from "./dialog.js";
import { asMoment, national, person, time } from "./format.js";
import { field, h, loading, nameField, problemBox, toast } from "./kit.js";
import { restore } from "./restore.js";
import { session } from "./session.js";
import { texts } from "./texts.js";

const t = texts.remove;
let known = null;

/** Open the dialog for a number (E.164); `changed` hears of the entry after a removal or its undoing. */
export async function openDialog(number, changed) {
  const { title, content, close } = openModal(t.title(national(number)), "removal");
  const look = async () => {
    content.replaceChildren(loading(t.loading), h("p", { class: "buttons" }, button(t.cancel, close)));
    try {
      const [entry, reasons] = await Promise.all([api("GET", numberPath(number)), removalReasons()]);
      title.textContent = t.title(entry.national);
      if (entry.status === "listed") form(content, { entry, reasons, close, look, changed });
      else {
        content.replaceChildren(h("p", { role: "alert" }, t.gone), h("p", { class: "buttons" }, button(t.close, close)));
        changed?.(entry);
      }
    } catch (failed) {
      const said = failed.code === "not_listed" ? h("p", { role: "alert" }, t.gone) : problemBox(failed, look);
      content.replaceChildren(said, h("p", { class: "buttons" }, button(t.close, close)));
    }
  };
  await look();
}

async function removalReasons() {
  known ??= await api("GET", "/removal-reasons");
  return known;
}

const button = (words, onclick, given = {}) => h("button", { type: "button", onclick, ...given }, words);

function form(content, { entry, reasons, close, look, changed }) {
  const notice = entry.removal_notice;
  const open = reasons.reasons.filter((one) => notice.reasons.includes(one.code));
  const closed = reasons.reasons.filter((one) => !notice.reasons.includes(one.code));
  const chosen = { reason: null, controls: {} };
  const name = nameField({ required: true });
  const submit = h("button", { class: "danger", disabled: true }, t.submit);
  const hint = h("p", { class: "quiet", id: "removal-hint", role: "status" }, t.choose);
  submit.setAttribute("aria-describedby", hint.id);
  const message = h("div", {});

  const judge = () => {
    const missing = chosen.reason ? missingOf(chosen) : [];
    if (name && !name.control.value.trim()) missing.push(texts.you.label);
    submit.disabled = !chosen.reason || missing.length > 0;
    const words = !chosen.reason ? t.choose : missing.length ? t.missing(missing) : t.ready;
    if (hint.textContent !== words) hint.textContent = words;
  };
  name?.control.addEventListener("input", judge);

  const choice = (reason) => {
    const fields = h("div", { class: "evidence", hidden: true });
    const radio = h("input", { type: "radio", name: "reason", value: reason.code, id: `reason-${reason.code}`, "aria-describedby": `guidance-${reason.code}` });
    radio.addEventListener("change", () => {
      for (const other of content.querySelectorAll(".evidence")) other.hidden = other !== fields;
      chosen.reason = reason;
      chosen.controls = controlsOf(reason);
      fields.replaceChildren(...Object.entries(chosen.controls).map(([at, control]) => {
        control.addEventListener("input", judge);
        return at === "evidence.result" ? h("label", { class: "tick" }, control, t[at]) : field(t[at], control, { required: !either(reason, at), hint: either(reason, at) ? t.either : null });
      }));
      judge();
    });
    return h("div", { class: "reason" },
      h("div", { class: "choice" }, radio, h("label", { for: radio.id }, h("b", {}, reason.label), h("span", { id: `guidance-${reason.code}` }, reason.guidance))),
      fields);
  };

  const remove = async (event) => {
    event.preventDefault();
    name?.read();
    submit.disabled = true;
    message.replaceChildren(loading(t.removing));
    try {
      const removed = await api("DELETE", numberPath(entry.number), { body: bodyOf(chosen, entry) });
      close();
      changed?.(removed);
      toast(t.done(entry.national), session.may("restore") ? { label: t.undo, run: () => restore(removed, entry.national, changed) } : null);
    } catch (failed) {
      message.replaceChildren(faceOf(failed, look));
      submit.disabled = failed.status === 409 || failed.code === "not_listed";
    }
  };

  content.replaceChildren(
    h("section", {}, h("h3", {}, t.why), h("p", {}, notice.why),
      h("p", { class: "quiet" }, t.listedBy, " ", person(entry.listed_by), ", ", time(entry.listed_at), entry.campaign_id ? `, ${entry.campaign_id}` : ""),
      entry.note ? h("blockquote", {}, entry.note) : ""),
    h("section", { class: "rule" }, h("h3", {}, t.rule), h("p", {}, notice.rule), h("p", { class: "quiet" }, notice.disclaimer)),
    h("form", { onsubmit: remove, novalidate: true },
      h("fieldset", {}, h("legend", {}, t.reason), open.map(choice)),
      closed.length ? h("p", { class: "quiet" }, `${t.closed}: ${closed.map((one) => one.label).join(", ")}.`) : "",
      h("section", { class: "refused" }, h("h3", {}, t.refused), h("ul", {}, reasons.refused.map((one) => h("li", {}, h("b", {}, one.label), " ", one.why)))),
      name?.element, message,
      h("div", { class: "buttons" }, hint, button(t.cancel, close), submit)),
  );
  content.querySelector("input[type=radio]")?.focus();
}

const either = (reason, at) => reason.requires.some((need) => need.includes(" or ") && need.split(" or ").includes(at));

function controlsOf(reason) {
  const controls = {};
  for (const at of reason.requires.flatMap((need) => need.split(" or "))) controls[at] = control(at);
  controls.note ??= control("note");
  return controls;
}

function control(at) {
  const inputs = {
    note: () => h("textarea", { rows: 2, maxlength: 2000 }),
    correct_number: () => h("input", { type: "tel", autocomplete: "off" }),
    "evidence.obtained_at": () => h("input", { type: "datetime-local" }),
    "evidence.checked_on": () => h("input", { type: "date" }),
    "evidence.result": () => h("input", { type: "checkbox", value: "yes" }),
  };
  const made = (inputs[at] ?? (() => h("input", { type: "text", maxlength: 200 })))();
  made.name = at;
  return made;
}

const valueOf = (one) => (one.type === "checkbox" ? (one.checked ? one.value : "") : one.value.trim());

function missingOf({ reason, controls }) {
  return reason.requires
    .filter((need) => !need.split(" or ").some((at) => valueOf(controls[at])))
    .map((need) => need.split(" or ").map((at) => t[at]).join(" / "));
}

function bodyOf({ reason, controls }, entry) {
  const body = { reason: reason.code, if_version: entry.version, acting_user: session.actingUser };
  for (const [at, one] of Object.entries(controls)) {
    const value = one.type === "datetime-local" ? asMoment(one.value) : valueOf(one);
    if (!value) continue;
    if (at.startsWith("evidence.")) (body.evidence ??= {})[at.slice("evidence.".length)] = value;
    else body[at] = value;
  }
  return body;
}

function faceOf(failed, look) {
  if (failed.status === 409 || failed.code === "not_listed") {
    return h("div", { class: "problem", role: "alert" }, h("p", {}, failed.status === 409 ? t.stale : t.gone), button(t.again, look));
  }
  if (failed.code === "network" || failed.code === "timeout") return h("p", { class: "problem", role: "alert" }, t.unknown);
  return problemBox(failed);
}
