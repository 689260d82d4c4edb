// The list with the newest first, read from the audit's timeline: the latest event of each number has its current state.

import { api, ofAccount, query } from "./api.js";
import { dateOf } from "./format.js";
import { button } from "./kit.js";
import { texts } from "./texts.js";

const DAY = 86_400_000;
const WINDOW = 31 * DAY; // the longest span of one request
const EMPTY_WINDOWS = 3; // after this many without an event, the user decides whether to look further back
const PAGE = 200;

/** What `endless` needs to list the newest first. A token is { to, token }: a window of the audit, and a page in it. */
export function newest(filters, report, signal) {
  const latest = new Map(); // by number: the id of its latest event
  const fits = filter(filters);
  let began = Date.now() + 60_000; // tolerates clock skew
  let stopped = null;
  let empty = 0;

  async function read(place) {
    const { to, token } = place ?? { to: began, token: null };
    const from = to - WINDOW + 1000;
    const page = await api("GET", ofAccount(`/audit?${query({
      from: new Date(from).toISOString(), to: new Date(to).toISOString(), page_size: PAGE, page_token: token,
    })}`), { signal });
    const rows = [];
    for (const event of page.events) {
      if (!event.number || !event.after) continue;
      if (!latest.has(event.number)) latest.set(event.number, event.event_id);
      if (latest.get(event.number) !== event.event_id) continue;
      const entry = { ...event.after, number: event.number, at: event.recorded_at, id: event.event_id };
      if (fits(entry)) rows.push(entry);
    }
    if (page.next_page_token) return { rows, token: { to, token: page.next_page_token } };
    empty = page.events.length ? 0 : empty + 1;
    if (empty < EMPTY_WINDOWS) return { rows, token: { to: from, token: null } };
    stopped = from;
    return { rows, token: null };
  }

  return {
    read,
    key: (entry) => `${entry.at} ${entry.id}`,
    compare: (one, other) => (one > other ? -1 : one < other ? 1 : 0),
    report: (state) => report(stopped && state.ended && !state.busy ? { ...state, reached: dateOf(new Date(stopped)), older: older(state) } : state),
  };

  /** From here on, the user decides whether to continue past windows without events. */
  function older(state) {
    return button(texts.list.older, () => {
      empty = -9;
      const at = stopped;
      stopped = null;
      state.resume({ to: at, token: null });
    });
  }
}

function filter({ q, status = "listed", source, campaign_id: campaign, listed_from: from, listed_to: to }) {
  const digits = (q ?? "").replace(/\D/g, "");
  return (entry) =>
    (status === "all" || entry.status === status)
    && (!digits || entry.number.includes(digits))
    && (!source || (entry.sources ?? [entry.source]).includes(source))
    && (!campaign || (entry.campaign_ids ?? [entry.campaign_id]).includes(campaign))
    && (!from || entry.listed_at >= from) && (!to || entry.listed_at < to);
}
