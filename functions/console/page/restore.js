// Putting a removed number back on the list.

import { api, numberPath } from "./api.js";
import { shown } from "./format.js";
import { style, toast } from "./kit.js";
import { session } from "./session.js";
import { texts } from "./texts.js";

const restored = (entry) =>
  api("POST", `${numberPath(entry.number)}/restore`, { body: { if_version: entry.version, acting_user: session.actingUser } });

/** Undo a removal: the original request comes back, not a new one. `changed(entry)` is called if that worked. */
export async function restore(entry, changed) {
  const number = shown(entry.number);
  try {
    const back = await restored(entry);
    toast(texts.remove.undone(number));
    changed?.(back);
  } catch (failed) {
    if (failed.status === 409) toast(texts.remove.undoStale(number));
    else toast(failed.detail ?? texts.errors.unforeseen, { label: texts.errors.retry, run: () => restore(entry, changed) });
  }
}

/** Put a removed number back. With a key, ask for the person's name first, unless it is known. */
export async function putBack(entry, changed) {
  if (session.me?.person || session.name) return restore(entry, changed);
  const number = shown(entry.number);
  const [{ confirm }] = await Promise.all([import("./dialog.js"), style()]);
  return confirm({
    title: texts.restore.title(number), what: texts.restore.what, button: texts.restore.button, keep: texts.restore.keep,
    run: async () => {
      const back = await restored(entry);
      return () => {
        toast(texts.remove.undone(number));
        changed?.(back);
      };
    },
  });
}
