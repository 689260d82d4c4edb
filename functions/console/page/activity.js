// What happened lately, newest first: most removals mend a mistake of minutes ago, so the trash bin is here too.

import { api, ofAccount, query } from "./api.js";
import { national, numberLink, person, reasonName, time } from "./format.js";
import { h, loading, problemBox, toast } from "./kit.js";
import { trash } from "./removal.js";
import { session } from "./session.js";
import { texts } from "./texts.js";

const t = texts.activity;
const DAY = 86_400_000;
const LONGEST = 31 * DAY;
const A_PAGE = 50;
const LOOK_EVERY = 30_000;
const SOON = [500, 2000, 6000]; // after a change: the audit follows within seconds

export async function show(root, fields, signal) {
  const list = h("ol", { class: "events" });
  const below = h("div", {}, loading());
  const asOf = h("span", { class: "quiet" });
  const refresh = h("button", { type: "button", onclick: () => newer({ asked: true }) }, t.refresh);
  root.replaceChildren(h("h1", {}, texts.activity.title),
    h("p", { class: "row between" }, h("span", { class: "quiet" }, t.intro), h("span", {}, asOf, " ", refresh)), list, below);
  const rows = new Map(); // by event
  const latest = new Map(); // of a number, the row that has the trash bin
  let month = null;
  let token = null;

  const ask = (more) => api("GET", ofAccount(`/audit?${query({ page_size: A_PAGE, ...more })}`), { signal });
  const counted = () => asOf.replaceChildren(t.asOf, time(new Date().toISOString(), { exact: true }));

  async function more() {
    below.replaceChildren(loading());
    try {
      const page = await ask({ page_token: token, ...month });
      for (const event of page.events) if (!rows.has(event.event_id)) list.append(row(event));
      if (!token && !month) counted();
      token = page.next_page_token;
    } catch (failed) {
      if (!signal.aborted) below.replaceChildren(problemBox(failed, more));
      return;
    }
    if (month && !token) below.replaceChildren(h("p", { class: "quiet" }, t.end));
    else below.replaceChildren(rows.size ? "" : h("p", { class: "empty" }, t.empty), older());
  }

  /** Go on from the last week to the month, which is as far as one question goes. */
  function older() {
    return h("button", { type: "button", onclick: () => {
      if (!token) {
        const now = Date.now();
        month = { from: new Date(now - LONGEST + 60_000).toISOString(), to: new Date(now - 7 * DAY).toISOString() };
      }
      more();
    } }, t.more);
  }

  let looking = false;
  /** Put what happened since on top; what is looked at stays where it is. */
  async function newer({ asked = false } = {}) {
    if (looking || !asOf.firstChild || document.hidden || signal.aborted) return;
    looking = true;
    try {
      const { events } = await ask({});
      if (signal.aborted) return;
      const unseen = events.filter((event) => !rows.has(event.event_id)).reverse();
      for (const event of unseen) list.prepend(row(event));
      if (unseen.length && !month && below.querySelector(".empty")) below.replaceChildren(older());
      counted();
    } catch (failed) {
      if (asked && !signal.aborted) toast(`${t.lookingFailed} ${failed.detail ?? ""}`);
    } finally {
      looking = false;
    }
  }

  const timer = setInterval(() => newer(), LOOK_EVERY);
  signal.addEventListener("abort", () => clearInterval(timer));
  document.addEventListener("visibilitychange", () => newer(), { signal });

  function row(event) {
    const action = h("span", { class: "action" });
    const line = h("li", { class: `event ${event.type}` },
      time(event.occurred_at),
      h("span", { class: "what" }, numberLink(event.number), " ", h("b", {}, texts.events[event.type] ?? event.type),
        event.reason ? `: ${reasonName(event.reason)}` : "", came(event)),
      h("span", { class: "quiet who-did" }, `${t.by} ${person(event.actor)}`), action);
    rows.set(event.event_id, line);
    const known = latest.get(event.number);
    // What was just done here is known before the audit tells of it: an event of an earlier version changes nothing then.
    if (!known || (known.at < event.sequence && known.version <= (event.after?.version ?? Infinity))) {
      known?.action.replaceChildren();
      latest.set(event.number, { at: event.sequence, version: event.after?.version ?? 0, action });
      offer(event.number, event.after?.status);
    }
    return line;
  }

  /** Offer the trash bin, in the latest row of a number, while it is listed. */
  function offer(number, status) {
    const changed = (entry) => {
      const { action, at } = latest.get(number);
      latest.set(number, { at, version: entry.version, action });
      action.replaceChildren(entry.status === "removed" ? h("b", { class: "badge" }, t.removed) : "");
      offer(number, entry.status);
      for (const soon of SOON) setTimeout(() => newer(), soon);
    };
    if (status === "listed" && session.may("remove")) latest.get(number).action.replaceChildren(trash(number, national(number), changed));
  }

  await more();
}

/** How it came: with a further request, the way that is new. */
function came(event) {
  if (event.type === "removed") return "";
  const before = new Set(event.before?.sources ?? []);
  const fresh = event.type === "requested_again" ? (event.after?.sources ?? []).filter((one) => !before.has(one)) : [];
  const source = fresh[0] ?? event.after?.source;
  return source ? `, ${texts.sources[source] ?? source}` : "";
}
