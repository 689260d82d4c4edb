// Values as people read them: times, numbers, countries, people and reasons.

import { h } from "./kit.js";
import { texts } from "./texts.js";

export const count = (n) => n.toLocaleString("en");
const minutes = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const seconds = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const regions = new Intl.DisplayNames("en", { type: "region", fallback: "none" });

/** A time (RFC 3339) in the reader's zone, UTC on hover. `exact`: with its seconds. */
export function time(written, { exact = false } = {}) {
  if (!written) return "–";
  const moment = new Date(written);
  if (Number.isNaN(moment.getTime())) return String(written);
  const utc = `${moment.toISOString().slice(0, 19).replace("T", " ")} UTC`;
  return h("time", { datetime: written, title: utc }, (exact ? seconds : minutes).format(moment));
}

export function region(code) {
  if (!code || !/^[A-Z]{2}$/.test(code)) return texts.unknownRegion;
  return regions.of(code) ?? code;
}

/** A number as its country writes it, where that is known without asking: in North America. */
export const national = (number) => number.replace(/^\+1(\d{3})(\d{3})(\d{4})$/, "($1) $2-$3");
export const person = (actor) => actor?.acting_user || actor?.principal || "–";
export const reasonName = (code) => texts.reasons[code] ?? texts.events[code] ?? code.replaceAll("_", " ");
export const numberLink = (number, shown = national(number)) =>
  h("a", { href: `#/numbers/${number}`, title: number, class: "number" }, shown);
/** A time of an input in the reader's zone, as RFC 3339 in UTC. */
export const asMoment = (local) => (local ? new Date(local).toISOString() : undefined);
