// The bin, which opens the removal dialog. The dialog is loaded when it is first opened.

import { button, icon, style, toast } from "./kit.js";
import { shown } from "./format.js";
import { texts } from "./texts.js";

/** Open the removal dialog for a number (E.164). `changed(entry)` is called after every change. */
export async function openRemoval(number, changed) {
  try {
    const [{ openDialog }] = await Promise.all([import("./remove.js"), style()]);
    await openDialog(number, changed);
  } catch (failed) {
    console.error(failed);
    toast(texts.errors.part);
  }
}

export const trash = (number, changed) =>
  button(icon("trash"), () => openRemoval(number, changed), {
    class: "icon bin", "aria-label": texts.list.remove(shown(number)), title: texts.list.remove(shown(number)),
  });
