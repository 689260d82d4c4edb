// What happened lately, newest first: most removals mend a mistake of minutes ago, so the trash bin is here too.

import { api, h, loading, numberLink, ofAccount, person, problemBox, query, reasonName, session, time, trash } from "./kit.js";
import { texts } from "./texts.js";

const LONGEST_DAYS = 31;

export async function show(root, fields, signal) {
  const list = h("ol", { class: "events" });
  const below = h("div", {}, loading());
  root.replaceChildren(h("h1", {}, texts.activity.title), h("p", { class: "quiet" }, texts.activity.intro), list, below);
  const seen = new Set();
  let from = null;
  let token = null;

  async function more() {
    below.replaceChildren(loading());
    try {
      const page = await api("GET", ofAccount(`/audit?${query({ page_size: 50, page_token: token, ...(from && { from: from.from, to: from.to }) })}`), { signal });
      list.append(...page.events.map(row));
      token = page.next_page_token;
    } catch (failed) {
      if (!signal.aborted) below.replaceChildren(problemBox(failed, more));
      return;
    }
    if (!token && !from && list.childElementCount === 0) below.replaceChildren(h("p", { class: "empty" }, texts.activity.empty), older());
    else if (token || !from) below.replaceChildren(older());
    else below.replaceChildren(h("p", { class: "quiet" }, texts.activity.end));
  }

  /** Go on from the last week to the month, which is as far as one question goes. */
  function older() {
    return h("button", { type: "button", onclick: () => {
      if (!token && !from) {
        const now = Date.now();
        const to = new Date(now - 7 * 86_400_000);
        from = { from: new Date(now - LONGEST_DAYS * 86_400_000 + 60_000).toISOString(), to: to.toISOString() };
      }
      more();
    } }, texts.activity.more);
  }

  function row(event) {
    const latest = !seen.has(event.number);
    seen.add(event.number);
    const listed = latest && event.after?.status === "listed" && session.may("remove");
    return h("li", { class: `event ${event.type}` },
      time(event.occurred_at),
      h("span", { class: "what" }, numberLink(event.number), " ", h("b", {}, texts.events[event.type] ?? event.type),
        event.reason ? `: ${reasonName(event.reason)}` : "",
        event.type !== "removed" && event.after?.source ? `, ${texts.sources[event.after.source] ?? event.after.source}` : ""),
      h("span", { class: "quiet" }, `${texts.activity.by} ${person(event.actor)}`),
      listed ? trash(event.number, event.number, () => show(root, fields, signal)) : "");
  }

  await more();
}
