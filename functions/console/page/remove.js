// The removal dialog: first the entry and the rule, then a valid reason with its evidence. Only then is Delete enabled.

import { api, numberPath, ofAccount } from "./api.js";
import { openModal } from "./dialog.js";
import { draft } from "./drafts.js";
import { controlsOf, judgeEvidence, valuesOf } from "./evidence.js";
import { person, shown, sourceName, time } from "./format.js";
import { button, h, invalid, loading, nameField, problemBox, toast } from "./kit.js";
import { pendingPart } from "./pending.js";
import { restore } from "./restore.js";
import { session } from "./session.js";
import { texts } from "./texts.js";
import { words } from "./views_texts.js";

const t = words.remove;
const DAY = 86_400_000;
let reasons = null;

/** All reasons, including the refused ones. They change only with a release, so they are read once. */
export async function removalReasons() {
  reasons ??= await api("GET", "/removal-reasons");
  return reasons;
}

/** The account's reasons that need a second person; empty if it has none, or if they cannot be read. */
async function approveReasons() {
  if (!session.may("read_account")) return [];
  return api("GET", ofAccount("")).then(({ approve_reasons: own }) => own ?? [], () => []);
}

/** Open the dialog for a number (E.164). `changed(entry)` is called after a removal, a request for one, or an undo. */
export async function openDialog(number, changed) {
  const modal = openModal(t.title(shown(number)), "removal");
  const load = async () => {
    modal.content.replaceChildren(loading());
    modal.foot.replaceChildren(button(t.keep, modal.close));
    try {
      const [entry, known, approve] = await Promise.all([api("GET", numberPath(number)), removalReasons(), approveReasons()]);
      if (entry.status !== "listed") {
        over(modal, t.gone);
        changed?.(entry);
      } else if (entry.pending_removal) {
        modal.content.replaceChildren(facts(entry), pendingPart(entry, (now) => { modal.close(); changed?.(now); }));
        modal.foot.replaceChildren(button(t.close, modal.close));
      } else {
        form(modal, { entry, known, approve, load, changed });
      }
    } catch (failed) {
      if (failed.code === "not_listed") over(modal, t.gone);
      else {
        modal.content.replaceChildren(problemBox(failed, { retry: load }));
        modal.foot.replaceChildren(button(t.close, modal.close));
      }
    }
  };
  await load();
}

function over({ content, foot, close }, why) {
  content.replaceChildren(h("p", { role: "alert" }, why));
  foot.replaceChildren(button(t.close, close));
  foot.firstChild.focus();
}

/** When and how the number was listed, in one line. */
export function facts(entry) {
  const parts = [[t.listed, " ", time(entry.listed_at), " ", t.by(person(entry.listed_by))], entry.sources.map(sourceName).join(", ")];
  if (entry.campaign_id) parts.push(entry.campaign_id);
  if (entry.last_requested_at > entry.requested_at) parts.push([t.lastRequested, " ", time(entry.last_requested_at)]);
  return [
    h("p", { class: "facts-line" }, parts.map((part, n) => [n ? " · " : "", part])),
    entry.note ? h("blockquote", {}, entry.note) : "",
  ];
}

/** The rule of the number's country: its first sentence, and the rest on demand. */
function rule({ rule: text, disclaimer }) {
  const [, first, rest] = /^([^]*?\.)(?:\s+(?=[A-Z])([^]*))?$/.exec(text) ?? [null, text, ""];
  return h("details", { class: "rule" }, h("summary", {}, h("span", {}, first), " ", h("span", { class: "more" }, t.more)), h("p", {}, rest, " ", disclaimer));
}

function form(modal, { entry, known, approve, load, changed }) {
  const { content, foot, close } = modal;
  const notice = entry.removal_notice;
  const open = known.reasons.filter((one) => notice.reasons.includes(one.code));
  const about = [facts(entry), rule(notice)];
  if (!open.length) {
    content.replaceChildren(...[about, h("p", { class: "info" }, refusalOf(entry))].flat(2).filter(Boolean));
    foot.replaceChildren(button(t.close, close));
    foot.firstChild.focus();
    return;
  }
  const own = draft(`remove ${entry.number}`);
  const chosen = { reason: null, controls: {} };
  const name = nameField({ required: true });
  const submit = h("button", { class: "danger", disabled: true, form: "removal" }, t.submit);
  const hint = h("p", { id: "removal-hint", role: "status" }, t.choose);
  submit.setAttribute("aria-describedby", hint.id);
  const message = h("div", {});

  const say = (text, wrong = false) => {
    if (hint.textContent !== text) hint.textContent = text;
    hint.className = wrong ? "error" : "muted";
  };
  const judge = () => {
    const missing = chosen.reason ? missingOf(chosen) : [];
    if (name && !name.control.value.trim()) missing.push(texts.you.label);
    submit.disabled = !chosen.reason || missing.length > 0;
    if (!chosen.reason) say(t.choose);
    else if (missing.length) say(t.missing(missing));
    else say(waits() ? t.readyToAsk : t.ready);
  };
  const waits = () => approve.includes(chosen.reason?.code) && !ownMistake(chosen.reason, entry, name);
  name?.control.addEventListener("input", judge);

  const choose = (reason, fields) => {
    for (const other of content.querySelectorAll(".evidence")) {
      other.hidden = other !== fields;
      other.replaceChildren();
    }
    chosen.reason = reason;
    const { controls, element } = controlsOf(reason, entry, own);
    chosen.controls = controls;
    fields.replaceChildren(h("p", { class: "muted", id: `guidance-${reason.code}` }, reason.guidance), element);
    if (name) element.append(name.element);
    submit.textContent = waits() ? t.ask : t.submit;
    judge();
  };
  const choice = (reason) => {
    const fields = h("div", { class: "evidence", hidden: true, oninput: judge });
    const radio = h("input", { type: "radio", name: "reason", value: reason.code, id: `reason-${reason.code}` });
    radio.addEventListener("change", () => {
      own.set("reason", reason.code);
      choose(reason, fields);
    });
    if (own.get("reason") === reason.code) {
      radio.checked = true;
      queueMicrotask(() => choose(reason, fields));
    }
    return h("div", { class: "reason" }, h("label", { class: "choice" }, radio, reason.label), fields);
  };

  const remove = async (event) => {
    event.preventDefault();
    if (submit.disabled) return;
    for (const control of Object.values(chosen.controls)) invalid(control);
    const wrong = await judgeEvidence(chosen, entry);
    if (wrong) return refuse(wrong.control, wrong.words);
    submit.disabled = true;
    message.replaceChildren();
    say(t.removing);
    const body = { reason: chosen.reason.code, if_version: entry.version, acting_user: name?.control.value.trim() || session.actingUser, ...valuesOf(chosen) };
    try {
      const now = await api("DELETE", numberPath(entry.number), { body });
      name?.read();
      own.clear();
      close();
      changed?.(now);
      done(now, changed);
    } catch (failed) {
      fail(failed);
    }
    return null;
  };

  function refuse(control, text) {
    invalid(control, text);
    control.focus();
    say(t.wrong(text), true);
  }

  function fail(failed) {
    submit.disabled = false;
    const named = failed.errors.find(({ field }) => chosen.controls[field]);
    if (failed.status === 409 || failed.code === "not_listed") {
      submit.disabled = true;
      const text = failed.status === 409 ? t.stale : t.gone;
      message.replaceChildren(h("div", { class: "problem", role: "alert" }, h("p", {}, text), button(t.review, load)));
      message.querySelector("button").focus();
      say(t.notDeleted, true);
    } else if (failed.status === 0) {
      say(t.unknown, true);
      submit.focus();
    } else if (named) {
      refuse(chosen.controls[named.field], localTimes(named.message));
    } else {
      message.replaceChildren(problemBox(failed));
      message.scrollIntoView({ block: "nearest" });
      say(t.notDeleted, true);
      submit.focus();
    }
  }

  content.replaceChildren(...[about, h("form", { id: "removal", onsubmit: remove, novalidate: true },
    h("fieldset", {}, h("legend", {}, t.reason), open.map(choice)), invalidReasons(known, open, entry), message)].flat(2).filter(Boolean));
  foot.replaceChildren(hint, button(t.keep, close), submit);
  (content.querySelector("input[type=radio]:checked") ?? content.querySelector("input[type=radio]")).focus();
}

/** Correcting one's own mistake within a day needs no second person. */
function ownMistake(reason, entry, name) {
  const me = session.me.person ?? (name?.control.value.trim() || session.name);
  return reason.code === "marked_by_mistake" && Date.now() - Date.parse(entry.listed_at) < DAY && me && entry.listed_by?.acting_user === me;
}

function done(now, changed) {
  dispatchEvent(new CustomEvent("removals-changed"));
  if (now.status === "listed") toast(texts.remove.asked(shown(now.number)));
  else toast([texts.remove.done(shown(now.number)), stillBlocked(now)].filter(Boolean).join(" "), session.may("restore") ? { label: texts.remove.undo, run: () => restore(now, changed) } : null);
}

/** Other readings, older forms or a prefix that still block the phone. */
function stillBlocked({ still_blocked_by: by }) {
  const all = [by ?? []].flat();
  return all.length ? t.stillBlocked(all.map((one) => shown(one.number ?? one.prefix ?? one)).join(", ")) : "";
}

/** Reasons that are never valid, and those that are not accepted for this number, each with the rule. */
function invalidReasons(known, open, entry) {
  const closed = known.reasons.filter((one) => !open.includes(one));
  const line = (label, why) => h("li", {}, h("b", {}, label), " – ", why);
  return h("details", { class: "refused" }, h("summary", {}, t.refused(known.refused.length + closed.length)), h("ul", {},
    closed.map((one) => line(one.label, closedBecause(one, entry))), (entry.removal_notice.refused ?? known.refused).map((one) => line(one.label, one.why))));
}

function closedBecause(reason, entry) {
  if (reason.code === "legal_order") return t.onlyAdmin;
  const against = entry.sources.filter((source) => reason.sources && !reason.sources.includes(source));
  return against.length ? t.closedFor(against.map(sourceName).join(", ")) : t.closed;
}

/** Why no reason is open, and who can remove the number. */
function refusalOf(entry) {
  const what = entry.sources.includes("legal") ? t.legal : t.nothingOpen;
  return `${what} ${t.whoCan(texts.who.remove_by_legal_order, session.accountName || session.account)}`;
}

function missingOf({ reason, controls }) {
  const filled = (control) => (control.type === "checkbox" ? control.checked : control.value.trim());
  return reason.requires
    .filter((need) => !need.split(" or ").some((at) => filled(controls[at])))
    .map((need) => need.split(" or ").map((at) => t.fields[at] ?? at).join(t.or));
}

/** The service's message with its times (UTC) in the user's time zone. */
const localTimes = (message) => message.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (at) => time(at).textContent);

