// The bin, which opens the removal dialog. The dialog itself is loaded when it is first opened.

import { dress, h, icon, toast } from "./kit.js";
import { texts } from "./texts.js";

export async function openRemoval(number, changed) {
  try {
    const [{ openDialog }] = await Promise.all([import("./remove.js"), dress()]);
    await openDialog(number, changed);
  } catch (failed) {
    console.error(failed);
    toast(texts.errors.part);
  }
}

export const trash = (number, shown, changed) =>
  h("button", { type: "button", class: "icon danger", "aria-label": texts.list.remove(shown), title: texts.list.remove(shown),
    onclick: () => openRemoval(number, changed) }, icon("trash"));
