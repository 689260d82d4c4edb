// Removals that wait for a second person.

import { api, ofAccount, query } from "./api.js";
import { numberLink, time } from "./format.js";
import { h, loading, problemBox } from "./kit.js";
import { pendingPart } from "./pending.js";
import { session } from "./session.js";
import { words } from "./views_texts.js";

const t = words.approvals;

export async function show(root, fields, signal) {
  const area = h("div", { class: "stack" }, loading());
  root.replaceChildren(h("h1", {}, t.title), h("p", { class: "muted" }, t.intro), area);

  async function read() {
    area.replaceChildren(loading());
    try {
      const waiting = [];
      let token = null;
      do {
        const page = await api("GET", ofAccount(`/pending-removals?${query({ page_token: token })}`), { signal });
        waiting.push(...page.numbers);
        token = page.next_page_token;
      } while (token);
      area.replaceChildren(...(waiting.length ? waiting.map(one) : [emptyList()]));
    } catch (failed) {
      if (signal.aborted) return;
      if (failed.status === 404 && failed.code === "not_found") area.replaceChildren(emptyList());
      else area.replaceChildren(problemBox(failed, { retry: read }));
    }
  }

  function one(entry) {
    const place = h("section", { class: "waiting", "aria-label": entry.number });
    const decided = () => {
      place.remove();
      if (!area.querySelector(".waiting")) area.replaceChildren(emptyList());
      root.querySelector("h1").focus();
    };
    place.append(h("h2", {}, numberLink(entry.number), " ", h("small", {}, t.listed, " ", time(entry.listed_at, "ago"))), pendingPart(entry, decided));
    return place;
  }

  const emptyList = () => h("div", { class: "empty" }, h("p", {}, t.none), session.may("keys") && h("p", { class: "buttons" }, h("a", { class: "button", href: "#/settings" }, t.policy)));
  root.querySelector("h1").tabIndex = -1;
  await read();
}

