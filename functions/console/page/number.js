// One number: its entry, and its whole history as a timeline with the state of its chain. Made to be printed.

import { api, numberPath, Problem, query } from "./api.js";
import { national, person, reasonName, region, time } from "./format.js";
import { h, icon, loading, problemBox } from "./kit.js";
import { openRemoval } from "./removal.js";
import { putBack } from "./restore.js";
import { session } from "./session.js";
import { texts } from "./texts.js";

const t = texts.number;
const TIMES = new Set(["requested_at", "last_requested_at", "listed_at", "expires_at", "removed_at", "obtained_at"]);
const SHOWN = [
  "source", "sources", "requested_at", "last_requested_at", "listed_at", "listed_by", "expires_at", "campaign_id", "agent_id", "call_id",
  "caller_id", "consumer_name", "seller", "telemarketer", "goods_or_services", "note", "import_id", "missing_evidence", "version",
];

export async function show(root, { number }, signal) {
  const again = () => show(root, { number }, signal);
  const back = session.may("list") ? h("p", { class: "no-print" }, h("a", { href: "#/numbers" }, `← ${t.back}`)) : "";
  root.replaceChildren(back, h("h1", {}, national(number)), loading());
  const past = h("section", {}, h("h2", {}, t.history), loading());
  const reading = session.may("read_audit") ? history(past, number, signal) : null;
  if (!reading) past.replaceChildren(h("p", { class: "quiet" }, t.agentSeesLess));
  let version = 0;
  try {
    const entry = await api("GET", numberPath(number), { signal });
    if (!entry.number) throw new Problem({ code: "internal_error", detail: texts.errors.unforeseen });
    ({ version } = entry);
    root.replaceChildren(back, h("h1", {}, entry.national),
      h("p", { class: "quiet" }, h("b", { class: `badge ${entry.status}` }, texts.statuses[entry.status] ?? entry.status), ` ${entry.number}, ${region(entry.region)}`),
      actions(entry, again), facts(entry), past);
  } catch (failed) {
    if (signal.aborted) return;
    if (failed.code !== "not_listed") {
      root.replaceChildren(back, h("h1", {}, national(number)), problemBox(failed, again));
      return null;
    }
    root.replaceChildren(back, h("h1", {}, national(number)), h("p", { class: "empty" }, t.never), past);
  }
  const catchUp = await reading;
  catchUp?.(version);
  return null;
}

function actions(entry, again) {
  return h("p", { class: "buttons no-print" },
    entry.status === "listed" && session.may("remove") ? h("button", { type: "button", class: "danger", onclick: () => openRemoval(entry.number, again) }, icon("trash"), texts.remove.button) : "",
    entry.status === "removed" && session.may("restore") ? h("button", { type: "button", onclick: () => putBack(entry, again) }, icon("undo"), texts.restore.button) : "",
    h("button", { type: "button", onclick: () => print() }, icon("print"), t.print));
}

function facts(entry) {
  const removal = entry.removal ? { reason: reasonName(entry.removal.reason), removed_at: entry.removal.removed_at, removed_by: entry.removal.removed_by, ...evidence(entry.removal) } : {};
  return h("section", { class: "facts" }, h("h2", { class: "hidden" }, t.entry), described({ ...Object.fromEntries(SHOWN.map((name) => [name, entry[name]])), ...removal }));
}

const evidence = ({ note, evidence: given, correct_number }) => ({ ...given, correct_number, removal_note: note });

function described(facts_) {
  const told = Object.entries(facts_).filter(([, value]) => value !== null && value !== undefined && value !== "" && value.length !== 0);
  return h("dl", {}, told.map(([name, value]) => h("div", {}, h("dt", {}, t.fields[name] ?? name), h("dd", {}, shown(name, value)))));
}

function shown(name, value) {
  if (TIMES.has(name)) return time(value);
  if (name === "status") return texts.statuses[value] ?? value;
  if (name === "source") return texts.sources[value] ?? value;
  if (name === "sources") return value.map((one) => texts.sources[one] ?? one).join(", ");
  if (name === "missing_evidence") return value.map((one) => t.fields[one] ?? reasonName(one)).join(", ");
  if (name.endsWith("_by")) return person(value);
  return String(value);
}

async function history(past, number, signal) {
  const list = h("ol", { class: "events timeline" });
  const state = h("p", { class: "chain" });
  const below = h("div", {});
  const seen = new Set();
  let [from, token] = [null, null]; // of the page that was read last, and of the next one
  let version = 0;

  async function read() {
    const page = await api("GET", `${numberPath(number)}/history?${query({ page_size: 100, page_token: from })}`, { signal });
    const { chain } = page;
    state.className = `chain ${chain.intact ? "intact" : "broken"}`;
    state.textContent = !chain.length && chain.intact ? t.none : chain.intact ? t.intact(chain.length) : t.broken(chain.broken_at);
    list.append(...page.events.filter(({ event_id: id }) => !seen.has(id)).map(step));
    for (const event of page.events) {
      seen.add(event.event_id);
      version = event.after?.version ?? version;
    }
    token = page.next_page_token;
    const digest = h("p", { class: "digest quiet" }, `${t.digest}: `, h("code", {}, chain.head_digest ?? "–"));
    below.replaceChildren(token ? h("button", { type: "button", onclick: more }, t.more) : digest);
  }

  async function more() {
    below.replaceChildren(loading());
    from = token;
    try {
      await read();
    } catch (failed) {
      if (signal.aborted) return;
      below.replaceChildren(failed.code === "not_listed" ? "" : problemBox(failed, more));
    }
  }

  past.replaceChildren(h("h2", {}, t.history), state, list, below);
  await more();

  /** The audit follows a change within seconds: look again until it tells of this version. */
  return async (wanted) => {
    for (const wait of [500, 1000, 2000, 4000]) {
      if (token || version >= wanted || signal.aborted) return;
      await new Promise((resolve) => { setTimeout(resolve, wait); });
      await read().catch(() => {}); // what was read stands; the next look may work
    }
  };
}

const TOLD = [
  "source", "requested_at", "expires_at", "campaign_id", "agent_id", "call_id", "caller_id", "consumer_name", "seller", "telemarketer",
  "goods_or_services", "note", "import_id",
];

/** One event: what it brought, and of what was there before only what it changed. */
function step(event) {
  const [before, after] = [event.before ?? {}, event.after ?? {}];
  const told = Object.fromEntries(TOLD.filter((name) => after[name] && after[name] !== before[name]).map((name) => [name, after[name]]));
  const fresh = (after.sources ?? []).filter((one) => !(before.sources ?? []).includes(one));
  if (event.type === "requested_again" && fresh.length) told.source = fresh[0];
  if (told.requested_at === after.listed_at) delete told.requested_at;
  const removal = event.type === "removed" ? evidence(after.removal ?? { evidence: event.evidence }) : {};
  return h("li", { class: `event ${event.type}` },
    time(event.occurred_at, { exact: true }),
    h("span", { class: "what" }, h("b", {}, texts.events[event.type] ?? event.type), event.reason ? `: ${reasonName(event.reason)}` : ""),
    h("span", { class: "quiet who-did" }, `${texts.activity.by} ${person(event.actor)}`),
    described({ ...told, ...removal }));
}
