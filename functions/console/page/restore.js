// Putting a removed number back on the list.

import { api, numberPath } from "./api.js";
import { dress, toast } from "./kit.js";
import { session } from "./session.js";
import { texts } from "./texts.js";

const restored = (entry) =>
  api("POST", `${numberPath(entry.number)}/restore`, { body: { if_version: entry.version, acting_user: session.actingUser } });

/** Take a removal back at once: the original request comes back, not a new one. */
export async function restore(entry, shown, changed) {
  try {
    const back = await restored(entry);
    toast(texts.remove.undone(shown));
    changed?.(back);
  } catch (failed) {
    toast(failed.status === 409 ? texts.remove.undoStale(shown) : failed.detail ?? texts.errors.unforeseen,
      failed.status === 409 ? null : { label: texts.errors.retry, run: () => restore(entry, shown, changed) });
  }
}

/** Put a removed number back; with a key, whoever does it is asked for first. */
export async function putBack(entry, changed) {
  if (session.me?.person || session.name) return restore(entry, entry.national, changed);
  const [{ confirm }] = await Promise.all([import("./dialog.js"), dress()]);
  return confirm({
    title: texts.restore.title(entry.national), what: texts.restore.what, button: texts.restore.button, keep: texts.restore.keep,
    run: async () => {
      const back = await restored(entry);
      return () => {
        toast(texts.remove.undone(entry.national));
        changed?.(back);
      };
    },
  });
}
