// A dialog that is modal, named by its title, and gives the focus back to what opened it.

import { h, loading, nameField, problemBox } from "./kit.js";

let ids = 0;

/** Open one; gives its `title` and `content` to be filled, and `close`. */
export function openModal(words, kind) {
  const opener = document.activeElement;
  const title = h("h2", { id: `dialog-${++ids}`, tabindex: "-1" }, words);
  const content = h("div", { class: "content" });
  const dialog = h("dialog", { class: kind, "aria-labelledby": title.id }, title, content);
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (opener?.isConnected) opener.focus();
  });
  // Back must not leave a dialog of one view standing over another.
  addEventListener("hashchange", () => dialog.open && dialog.close(), { once: true });
  document.body.append(dialog);
  dialog.showModal();
  return { title, content, close: () => dialog.close() };
}

/** Ask whether to go on; with a key, also who does so. `run` does it: when it fails, the dialog says why and stays. */
export function confirm({ title, what, button, keep, run }) {
  const { content, close } = openModal(title, "confirm");
  const name = nameField({ required: true });
  const message = h("div", {});
  const submit = h("button", { class: "primary", disabled: Boolean(name) }, button);
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
    }
  };
  content.replaceChildren(h("form", { onsubmit: go, novalidate: true },
    h("p", {}, what), name?.element, message,
    h("div", { class: "buttons" }, h("button", { type: "button", onclick: close }, keep), submit)));
  (name?.control ?? submit).focus();
}
