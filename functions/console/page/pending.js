// A removal that waits for a second person: the request, its evidence, and the decisions that are open.

import { api, numberPath } from "./api.js";
import { described, evidenceOf } from "./facts.js";
import { person, reasonName, shown, time } from "./format.js";
import { button, focusOn, h, nameField, problemBox, toast } from "./kit.js";
import { session } from "./session.js";
import { texts } from "./texts.js";
import { words } from "./views_texts.js";

const t = words.pending;

/** Whether the person at the page requested this removal, as far as the page can tell. The service decides. */
function isMine({ asked_by: by }) {
  const me = session.me.person ?? session.name;
  return me ? by.acting_user === me : by.principal === session.me.principal;
}

/** The part of a page about a pending removal. `changed(entry)` is called after a decision. */
export function pendingPart(entry, changed) {
  const pending = entry.pending_removal;
  const mine = isMine(pending);
  const may = session.may("remove");
  const name = may ? nameField({ required: true }) : null;
  const message = h("div", {});
  const decide = (verb, done) => async () => {
    if (name && !name.control.value.trim()) return name.control.focus();
    const buttons = [...part.querySelectorAll(".buttons button")];
    for (const one of buttons) one.disabled = true;
    message.replaceChildren();
    name?.read();
    try {
      const now = await api("POST", `${numberPath(entry.number)}/removal/${verb}`, { body: { if_version: entry.version, acting_user: session.actingUser } });
      toast(done(shown(entry.number)));
      dispatchEvent(new CustomEvent("removals-changed"));
      changed?.(now);
    } catch (failed) {
      for (const one of buttons) one.disabled = false;
      message.replaceChildren(problemBox(failed, { more: failed.status === 403 ? t.notYou : failed.status === 409 ? t.stale : null }));
      focusOn(message);
    }
    return null;
  };
  const part = h("section", { class: "card pending" },
    h("h2", {}, t.title),
    h("p", {}, t.asked(person(pending.asked_by)), " · ", time(pending.asked_at), " · ", reasonName(pending.reason)),
    described({ ...evidenceOf(pending), lapses_at: pending.lapses_at }),
    may && mine && h("p", { class: "muted" }, t.second),
    !may && h("p", { class: "muted" }, `${texts.who.remove} ${t.canDecide}`),
    name?.element, message,
    may && h("p", { class: "buttons" },
      !mine && button(t.approve, decide("approve", texts.remove.done), { class: "danger" }),
      !mine && button(t.reject, decide("reject", t.rejected)),
      (mine || session.may("remove_by_legal_order")) && button(t.withdraw, decide("withdraw", t.withdrawn))));
  return part;
}
