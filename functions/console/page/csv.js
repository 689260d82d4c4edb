// CSV for spreadsheets: with a byte order mark, and safe to open.

import { person, reasonName, sourceName } from "./format.js";
import { h, toast } from "./kit.js";
import { words } from "./views_texts.js";

const t = words.csv;
const FORMULA = /^[=+\-@\t\r\n'＝＋－＠]/;
const PLAIN_NUMBER = /^[+-]?\d+$/;

function cell(value) {
  const text = value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
  const safe = FORMULA.test(text) && !PLAIN_NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const csv = (columns, rows) => [columns, ...rows.map((row) => columns.map((name) => row[name]))].map((row) => row.map(cell).join(",")).join("\r\n");

/** Offer a file for saving. `parts`: text or Blobs. */
export function save(name, parts, type = "text/csv;charset=utf-8") {
  const url = URL.createObjectURL(new Blob(parts, { type }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Save rows as CSV. `columns`: the names of their fields, in order. */
function saveRows(name, columns, rows) {
  save(name, ["\ufeff", csv(columns, rows), "\r\n"]);
  toast(t.saved(name, rows.length));
}

const today = () => new Date(Date.now() - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
export const named = (what) => `${what}-${today()}.csv`;

const ENTRY = [
  "number", "status", "source", "sources", "requested_at", "last_requested_at", "listed_at", "listed_by", "expires_at", "campaign_id", "agent_id",
  "call_id", "caller_id", "consumer_name", "seller", "telemarketer", "goods_or_services", "note", "removal_reason",
];

export function saveEntries(entries) {
  saveRows(named("dnc-numbers"), ENTRY, entries.map((entry) => ({
    ...entry, sources: (entry.sources ?? []).join(" "), listed_by: person(entry.listed_by), removal_reason: entry.removal?.reason,
  })));
}

const CHECK = ["written", "number", "result", "listed_at", "source", "detail"];

export function saveChecks(results, kinds) {
  saveRows(named("check"), CHECK, results.map((one) => ({ ...one, written: one.input, result: kinds(one), source: one.source && sourceName(one.source) })));
}

const EVENT = [
  "occurred_at", "recorded_at", "number", "type", "reason", "principal", "acting_user", "source", "request", "evidence", "status_after", "version_after",
  "sequence", "event_id", "digest",
];

export function saveEvents(events) {
  saveRows(named("audit"), EVENT, events.map((event) => ({
    ...event, principal: event.actor?.principal, acting_user: event.actor?.acting_user, source: event.request?.source ?? event.after?.source,
    evidence: event.type === "removed" ? { ...event.evidence, note: event.after?.removal?.note } : event.evidence,
    status_after: event.after?.status, version_after: event.after?.version, reason: event.reason && reasonName(event.reason),
  })));
}

/** Unpack a gzip file and save it as plain text; CSV gets a byte order mark. Throws if it cannot be fetched. */
export async function savePlain(url, name) {
  const response = await fetch(url, { credentials: "omit", cache: "no-store" });
  if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
  const plain = await new Response(response.body.pipeThrough(new DecompressionStream("gzip"))).blob();
  save(name, name.endsWith(".csv") ? ["\ufeff", plain] : [plain], "application/octet-stream");
}
