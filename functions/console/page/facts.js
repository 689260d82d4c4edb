// Facts as a list of labels and values: of an entry, a request, a removal or an event.

import { count } from "./texts.js";
import { numberLink, person, reasonName, sourceName, time } from "./format.js";
import { h } from "./kit.js";
import { words } from "./views_texts.js";

const NUMBERS = new Set(["correct_number", "reading_of"]);

/** A description list of the facts that have a value. */
export function described(values, kind = "facts") {
  const filled = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false && value.length !== 0);
  return filled.length ? h("dl", { class: kind }, filled.map(([name, value]) =>
    h("div", { class: name.endsWith("note") ? "wide" : null }, h("dt", {}, words.fields[name] ?? name.replaceAll("_", " ")), h("dd", {}, valueOf(name, value))))) : "";
}

function valueOf(name, value) {
  if (name === "source") return sourceName(value);
  if (name === "sources") return value.map(sourceName).join(", ");
  if (name === "reason") return reasonName(value);
  if (name === "channels") return value.map((one) => words.channels[one] ?? one).join(", ");
  if (name === "missing_evidence") return value.map((one) => words.fields[one] ?? one.replaceAll("_", " ")).join(", ");
  if (NUMBERS.has(name)) return numberLink(value);
  if (name === "caller_id" && /^\+\d+$/.test(value)) return numberLink(value);
  if (name.endsWith("_by")) return person(value);
  if (typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value)) return time(value);
  if (typeof value === "number") return count(value);
  if (value === true) return words.yes;
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value === "object") return described(value);
  return String(value);
}

/** A removal's evidence and note, under names that do not clash with those of the request. */
export const evidenceOf = ({ note, evidence, correct_number: correct }) => ({ ...evidence, correct_number: correct, removal_note: note });

/** Who requested a removal that a second person approved, and when. */
export const askedOf = ({ asked_at, asked_by }) => ({ asked_at, asked_by });

/** The do-not-call request in a record: who requested what, when and how. */
const REQUEST = [
  "source", "requested_at", "requested_at_text", "campaign_id", "agent_id", "call_id", "caller_id", "consumer_name", "seller", "telemarketer",
  "goods_or_services", "channels", "expires_at", "import_id", "note",
];
export const requestOf = (record) => Object.fromEntries(REQUEST.map((name) => [name, record?.[name]]));
