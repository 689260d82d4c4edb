// Drafts: form input that has not been sent. A draft survives navigation, a closed dialog, a new sign-in and a reload of
// the tab. It is dropped when it is sent or the person signs out.

import { session } from "./session.js";

const STORED_DRAFTS = "nocall-drafts";
const stored = JSON.parse(sessionStorage.getItem(STORED_DRAFTS) ?? "{}");
// Drafts belong to an account and are not shown in another one.
const drafts = new Map(Object.entries(stored.account ? stored.forms : {}));
let owner = stored.account ?? null;

const save = () => {
  if (drafts.size) sessionStorage.setItem(STORED_DRAFTS, JSON.stringify({ account: owner, forms: Object.fromEntries(drafts) }));
  else sessionStorage.removeItem(STORED_DRAFTS);
};

/** The draft of a form: its values by field name. */
export function draft(name) {
  if (owner !== session.account) {
    drafts.clear();
    owner = session.account;
  }
  return {
    get: (field) => drafts.get(name)?.[field],
    set(field, value) {
      const values = { ...drafts.get(name), [field]: value };
      if (value === "" || value === false || value === undefined) delete values[field];
      if (Object.keys(values).length) drafts.set(name, values);
      else drafts.delete(name);
      save();
    },
    clear() {
      drafts.delete(name);
      save();
    },
  };
}

export function forgetDrafts() {
  drafts.clear();
  sessionStorage.removeItem(STORED_DRAFTS);
}

const valueOf = (control) => (control.type === "checkbox" ? control.checked : control.value);

/** Fill the named controls of a form from a draft, and store their input from then on. */
export function bindDraft(form, name) {
  const own = draft(name);
  for (const control of form.elements) {
    const value = control.name && control.type !== "file" ? own.get(control.name) : undefined;
    if (value === undefined) continue;
    if (control.type === "radio") control.checked = control.value === value;
    else if (control.type === "checkbox") control.checked = value;
    else control.value = value;
  }
  form.addEventListener("input", ({ target }) => {
    if (target.name && target.type !== "file") own.set(target.name, valueOf(target));
  });
  return own;
}
