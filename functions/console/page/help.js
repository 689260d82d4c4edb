// The help panel: shortcuts, and what each source, reason and role means. Reasons are in the service's own words.

import { openModal } from "./dialog.js";
import { h, loading } from "./kit.js";
import { removalReasons } from "./remove.js";
import { texts } from "./texts.js";
import { words } from "./views_texts.js";

const t = words.help;

export async function openHelp() {
  const { dialog, content, foot } = openModal(t.title, "help");
  foot.remove();
  content.tabIndex = 0; // so that it can be scrolled with the keyboard
  const reasons = h("div", {}, loading());
  content.append(
    h("section", {}, h("h3", {}, t.shortcuts), h("dl", { class: "terms" }, Object.entries(t.keys).map(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)]))),
    h("section", {}, h("h3", {}, t.reasonsTitle), reasons),
    h("section", {}, h("h3", {}, t.sourcesTitle), terms(t.sources, texts.sources)),
    h("section", {}, h("h3", {}, t.rolesTitle), terms(t.roles, texts.roles)));
  dialog.querySelector("header button").focus();
  try {
    const known = await removalReasons();
    const list = (all, why) => h("dl", { class: "terms" }, all.map((one) => [h("dt", {}, one.label), h("dd", {}, why(one))]));
    reasons.replaceChildren(list(known.reasons, (one) => one.guidance), h("h4", {}, t.refusedTitle), list(known.refused, (one) => one.why));
  } catch (failed) {
    reasons.replaceChildren(h("p", { class: "problem" }, failed.detail ?? texts.errors.unforeseen));
  }
}

const terms = (meanings, names) => h("dl", { class: "terms" }, Object.entries(meanings).map(([code, meaning]) => [h("dt", {}, names[code] ?? code), h("dd", {}, meaning)]));
