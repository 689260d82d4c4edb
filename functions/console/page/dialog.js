// A modal dialog: a title that stays in view, content that scrolls, and a footer that stays in view.

import { button, focusOn, h, icon, loading, nameField, problemBox } from "./kit.js";
import { texts } from "./texts.js";

let ids = 0;

/** Open a dialog. The caller fills its parts. `close` returns the focus to the element that opened it. */
export function openModal(words, kind) {
  const opener = document.activeElement;
  const title = h("h2", { id: `dialog-${++ids}`, tabindex: "-1" }, words);
  const content = h("div", { class: "content" });
  const foot = h("footer", { class: "foot" });
  const close = () => dialog.close();
  const dialog = h("dialog", { class: kind, "aria-labelledby": title.id },
    h("header", {}, title, button(icon("close"), close, { class: "icon", "aria-label": texts.remove.close })), content, foot);
  dialog.addEventListener("close", () => {
    dialog.remove();
    // The browser returns the focus, but something else may have taken it by now.
    if (document.activeElement === document.body && opener?.isConnected) opener.focus();
  });
  // Back must not leave a dialog of one view over another.
  addEventListener("hashchange", () => dialog.open && dialog.close(), { once: true });
  document.body.append(dialog);
  dialog.showModal();
  return { dialog, title, content, foot, close };
}

/** Ask for confirmation and, with a key, for the person's name unless the action needs none (`anonymous`). If `run` fails, the dialog stays and shows why. */
export function confirm({ title, what, button: words, keep, run, danger = false, anonymous = false }) {
  const { dialog, content, foot, close } = openModal(title, "confirm");
  const name = anonymous ? null : nameField({ required: true });
  const message = h("div", {});
  const submit = h("button", { class: danger ? "danger" : "primary", disabled: Boolean(name), form: "confirm" }, words);
  name?.control.addEventListener("input", () => { submit.disabled = !name.control.value.trim(); });
  const go = async (event) => {
    event.preventDefault();
    if (submit.disabled) return;
    submit.disabled = true;
    message.replaceChildren(loading());
    name?.read();
    try {
      const done = await run();
      close();
      done?.();
    } catch (failed) {
      message.replaceChildren(problemBox(failed));
      submit.disabled = false;
      focusOn(message);
    }
  };
  content.append(h("form", { id: "confirm", onsubmit: go, novalidate: true }, h("p", {}, what), name?.element, message));
  foot.append(button(keep, close), submit);
  (name?.control ?? submit).focus();
  return dialog;
}
