// The account's audit, newest first, in windows as long as the service allows, as far back as the user goes.

import { api, ofAccount, query } from "./api.js";

const DAY = 86_400_000;
const WINDOW = 31 * DAY - 60_000; // the longest span of one request
const WEEK = 7 * DAY;
const LOCAL_FILTERS = ["reason", "number"]; // filters that an older service does not support and that are then applied here

/**
 * Read the audit page by page. `from`, `to`: milliseconds; without `from`, a week at first, then as far as `next` is called.
 * `next()` resolves to { events, from, ended }: the events, the time back to which they are complete, and whether there
 * are no more.
 */
export function auditPages({ from = null, to = null, size = 50, filters = {}, signal }) {
  let until = to ?? Date.now() + 60_000; // tolerates clock skew
  let first = to === null && from === null;
  let token = null;
  let own = {};

  async function page(since) {
    const wanted = { ...filters };
    for (const name of Object.keys(own)) delete wanted[name];
    const path = ofAccount(`/audit?${query({ from: new Date(since).toISOString(), to: new Date(until).toISOString(), page_size: size, page_token: token, ...wanted })}`);
    try {
      return await api("GET", path, { signal });
    } catch (failed) {
      const unknown = failed.status === 422 && LOCAL_FILTERS.some((name) => wanted[name] && failed.errors.some(({ field }) => field.includes(name)));
      if (!unknown) throw failed;
      own = Object.fromEntries(LOCAL_FILTERS.filter((name) => filters[name]).map((name) => [name, filters[name]]));
      return page(since);
    }
  }

  return async function next() {
    const since = Math.max(from ?? 0, until - (first ? WEEK : WINDOW));
    const { events, next_page_token: more } = await page(since);
    token = more;
    const matching = events.filter((event) => Object.entries(own).every(([name, value]) => event[name] === value));
    if (more) return { events: matching, from: since, ended: false };
    until = since;
    first = false;
    return { events: matching, from: since, ended: from !== null && since <= from };
  };
}

