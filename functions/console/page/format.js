// Values as people read them: times, numbers, countries, people and reasons. Digits and dates follow the user's locale.

import { h } from "./kit.js";
import { session } from "./session.js";
import { texts } from "./texts.js";

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const formats = {
  clock: new Intl.DateTimeFormat(undefined, { timeStyle: "short" }),
  exact: new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" }),
  minute: new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }),
  date: new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" }),
  dated: new Intl.DateTimeFormat(undefined, { dateStyle: "medium" }),
  day: new Intl.DateTimeFormat(undefined, { weekday: "long", month: "long", day: "numeric" }),
};
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "narrow" });
const countries = new Intl.DisplayNames("en", { type: "region", fallback: "none" });

/**
 * A time (RFC 3339) in the user's time zone, with the exact time and UTC on hover. `as`: "ago" (relative up to a day, then a
 * date), or one of the formats.
 */
export function time(written, as = "minute") {
  if (!written) return "–";
  const moment = new Date(written);
  if (Number.isNaN(moment.getTime())) return String(written);
  const utc = `${moment.toISOString().slice(0, 19).replace("T", " ")} UTC`;
  return h("time", { datetime: written, title: `${formats.exact.format(moment)} · ${utc}`, class: as === "ago" && "ago" },
    as === "ago" ? ago(moment) : formats[as].format(moment));
}

function ago(moment) {
  const passed = Date.now() - moment;
  if (passed < -MINUTE || passed >= DAY) return dateOf(moment);
  const minutes = Math.max(0, Math.floor(passed / MINUTE));
  if (!minutes) return relative.format(0, "second");
  return minutes < 60 ? relative.format(-minutes, "minute") : relative.format(-Math.floor(minutes / 60), "hour");
}

/** A day in the user's time zone, with the year unless it is the current one. */
export function dateOf(moment) {
  return (moment.getFullYear() === new Date().getFullYear() ? formats.date : formats.dated).format(moment);
}

/** The day of a time, in the user's time zone: its name, and a key that sorts. */
export function dayOf(written) {
  const moment = new Date(written);
  const key = new Date(moment - moment.getTimezoneOffset() * MINUTE).toISOString().slice(0, 10);
  return { key, name: formats.day.format(moment) };
}

setInterval(() => {
  for (const element of document.querySelectorAll("time.ago")) {
    const words = ago(new Date(element.dateTime));
    if (element.textContent !== words) element.textContent = words;
  }
}, MINUTE / 2);

export const country = (code) => (/^[A-Z]{2}$/.test(code ?? "") ? countries.of(code) ?? code : "");

// Numbers. Each is written the same way everywhere: nationally if it belongs to the account's country, otherwise with its
// country code. Groups are those of the national plans (ITU-T E.123); numbers of other countries get even groups.

const PLANS = [
  // [country code, countries, trunk prefix, [start of the national number, lengths of its groups]…]
  ["1", ["US", "CA"], "", ["", 3, 3, 4]],
  ["44", ["GB"], "0", ["2", 2, 4, 4], ["3|80", 3, 3, 4], ["11|1.1", 3, 3, 4], ["", 4, 6]],
  ["61", ["AU"], "0", ["4", 3, 3, 3], ["", 1, 4, 4]],
  ["33", ["FR"], "0", ["", 1, 2, 2, 2, 2]],
  ["353", ["IE"], "0", ["8", 2, 3, 4], ["1", 1, 3, 4], ["", 2, 3, 4]],
  ["34", ["ES"], "", ["", 3, 2, 2, 2]],
  ["52", ["MX"], "", ["33|55|56|81", 2, 4, 4], ["", 3, 3, 4]],
  ["64", ["NZ"], "0", ["2", 2, 3, 4], ["", 1, 3, 4]],
  ["55", ["BR"], "", ["..9", 2, 5, 4], ["", 2, 4, 4]],
  ["91", ["IN"], "0", ["", 5, 5]],
];
const TWO_DIGITS = /^(2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58])/;

/** The display form of a number (E.164). */
export function shown(number) {
  const digits = /^\+(\d{4,15})$/.exec(number ?? "")?.[1];
  if (!digits) return String(number ?? "");
  const plan = PLANS.find(([code]) => digits.startsWith(code));
  const code = plan?.[0] ?? (/^[17]/.test(digits) ? digits[0] : TWO_DIGITS.exec(digits)?.[0] ?? digits.slice(0, 3));
  const rest = digits.slice(code.length);
  if (code === "1" && rest.length !== 10) return number; // a prefix, or not a number in that plan
  const groups = grouped(rest, plan?.slice(3).find(([start]) => new RegExp(`^(${start})`).test(rest))?.slice(1));
  const home = plan?.[1].includes(session.region ?? "US") || (code === "1" && !session.region);
  if (code === "1") return home ? `(${groups[0]}) ${groups.slice(1).join("-")}` : `+1 ${groups.join("-")}`;
  if (home) return plan[2] + groups.join(" ");
  return `+${code} ${groups.join(" ")}`;
}

/** Cut digits into groups of these lengths. If they do not fit: into fours or threes, with a last group of up to four. */
function grouped(digits, lengths = []) {
  const fit = lengths.reduce((all, length) => all + length, 0) === digits.length;
  const even = digits.length % 4 ? 3 : 4;
  const groups = [];
  for (let at = 0; at < digits.length;) {
    const size = fit ? lengths[groups.length] : digits.length - at > 4 ? even : 4;
    groups.push(digits.slice(at, at + size));
    at += size;
  }
  return groups;
}

export const numberLink = (number) => h("a", { href: `#/numbers/${number}`, class: "number" }, shown(number));

/** Who acted: the person, or else the key by its name. */
export function person(actor) {
  if (actor?.acting_user) return actor.acting_user;
  if (actor?.principal && actor.principal === session.me?.principal && session.me.key_name) return session.me.key_name;
  const [kind, id] = (actor?.principal ?? "").split(/:(.*)/);
  if (kind !== "key") return id || actor?.principal || texts.nobody;
  return keyNames.get(id) || texts.key(id);
}

/** The names of the keys that are known here, by id. */
export const keyNames = new Map();

export const sourceName = (source) => texts.sources[source] ?? String(source ?? "–");
export const reasonName = (code) => texts.reasons[code] ?? texts.events[code] ?? String(code).replaceAll("_", " ");
export const eventName = (type) => texts.events[type] ?? String(type).replaceAll("_", " ");

/** A time of an input in the user's time zone, as RFC 3339 in UTC. */
export const asMoment = (local) => (local ? new Date(local).toISOString() : undefined);
