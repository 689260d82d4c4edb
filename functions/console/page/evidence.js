// The evidence fields of a removal reason: their controls, values and client-side validation.

import { api, ofAccount } from "./api.js";
import { asMoment, shown, time } from "./format.js";
import { field, h, settled } from "./kit.js";
import { words } from "./views_texts.js";

const t = words.remove;
const SKEW = 60_000; // milliseconds of tolerated clock skew

const INPUTS = {
  note: () => h("textarea", { rows: 2, maxlength: 2000 }),
  correct_number: () => h("input", { type: "tel", autocomplete: "off" }),
  "evidence.number": () => h("input", { type: "tel", autocomplete: "off" }),
  "evidence.obtained_at": () => h("input", { type: "datetime-local" }),
  "evidence.compared_date": () => h("input", { type: "date" }),
  "evidence.checked_on": () => h("input", { type: "date" }),
  "evidence.result": () => h("input", { type: "checkbox", value: "yes" }),
};
const isTick = (control) => control.type === "checkbox";
const valueOf = (control) => (isTick(control) ? (control.checked ? control.value : "") : control.value.trim());

/** Return the controls of a reason by field, filled from the draft. Input survives a change of the reason. */
export function controlsOf(reason, entry, own, { many = false } = {}) {
  const controls = {};
  const either = new Set(reason.requires.filter((need) => need.includes(" or ")).flatMap((need) => need.split(" or ")));
  for (const at of reason.requires.flatMap((need) => need.split(" or "))) {
    if (!(many && at === "correct_number")) controls[at] = control(at, own);
  }
  if (!many && entry.sources?.includes("registry") && reason.code === "consent_given") controls["evidence.number"] ??= control("evidence.number", own);
  controls.note ??= control("note", own);
  const element = h("div", { class: "pair" }, Object.entries(controls).map(([at, made]) => {
    const required = reason.requires.includes(at);
    if (isTick(made)) return h("label", { class: "tick" }, made, t.fields[at]);
    return field(t.fields[at] ?? at, made, { required, optional: !required && !either.has(at), hint: either.has(at) ? t.either : null });
  }));
  if (controls.correct_number) readAlong(controls.correct_number);
  return { controls, element };
}

function control(at, own) {
  const made = (INPUTS[at] ?? (() => h("input", { type: "text", maxlength: 200 })))();
  made.name = at;
  const typed = own.get(at);
  if (isTick(made)) made.checked = Boolean(typed);
  else made.value = typed ?? "";
  made.addEventListener("input", () => own.set(at, isTick(made) ? made.checked : made.value));
  return made;
}

const read = async (typed) => (await api("POST", ofAccount("/readings"), { body: { numbers: [typed] } })).readings[0];

/** Show how the correct number is read as it is typed. */
function readAlong(input) {
  const hint = () => input.closest(".field")?.querySelector("small:not(.error)");
  input.addEventListener("input", settled(async () => {
    const typed = input.value.trim();
    const reading = typed ? await read(typed).catch(() => null) : null;
    if (hint() && input.value.trim() === typed) hint().textContent = !reading ? t.either : reading.number ? t.readAs(shown(reading.number)) : reading.error;
  }));
}

/** Return the first field with an invalid value and its message, or null. The service validates again. */
export async function judgeEvidence({ controls }, entry) {
  const at = (name) => controls[name]?.value ?? "";
  const obtained = asMoment(at("evidence.obtained_at"));
  const last = entry.last_requested_at;
  const tests = [
    ["evidence.obtained_at", obtained && Date.parse(obtained) > Date.now() + SKEW && t.inFuture],
    ["evidence.obtained_at", obtained && last && obtained <= last && t.afterRequest(time(last).textContent)],
    ["evidence.compared_date", at("evidence.compared_date") && last && at("evidence.compared_date") < last.slice(0, 10) && t.onOrAfter(last.slice(0, 10))],
    ["evidence.checked_on", at("evidence.checked_on") && at("evidence.compared_date") && at("evidence.checked_on") < at("evidence.compared_date") && t.notBeforeCompared],
    ["evidence.checked_on", at("evidence.checked_on") && !at("evidence.compared_date") && last && at("evidence.checked_on") < last.slice(0, 10) && t.onOrAfter(last.slice(0, 10))],
    ["evidence.checked_on", at("evidence.checked_on") > new Date().toISOString().slice(0, 10) && t.dayInFuture],
  ];
  for (const [name, problem] of tests) if (controls[name] && problem) return { control: controls[name], words: problem };
  for (const name of ["correct_number", "evidence.number"]) {
    const wrong = await misread(name, at(name).trim(), entry);
    if (wrong) return { control: controls[name], words: wrong };
  }
  return null;
}

async function misread(name, typed, entry) {
  if (!typed) return "";
  const reading = await read(typed).catch(() => null);
  if (!reading) return "";
  if (!reading.number) return t.unreadable(reading.error);
  if (name === "correct_number" && reading.number === entry.number) return t.sameNumber;
  if (name === "evidence.number" && reading.number !== entry.number) return t.otherNumber(shown(entry.number));
  return "";
}

/** Return the request fields that are filled in, with the evidence under `evidence`. */
export function valuesOf({ controls }) {
  const body = {};
  for (const [at, made] of Object.entries(controls)) {
    const value = made.type === "datetime-local" ? asMoment(made.value) : valueOf(made);
    if (!value) continue;
    if (at.startsWith("evidence.")) (body.evidence ??= {})[at.slice("evidence.".length)] = value;
    else body[at] = value;
  }
  return body;
}
