// What every view uses: elements, the session, the API, times and messages. Text is only ever set as text.

import { texts } from "./texts.js";

/** Make an element: `on…` are listeners, booleans are set or left out, the rest are attributes. */
export function h(tag, given = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const SHAPES = {
  stop: "M5.2 1.5h5.6l3.7 3.7v5.6l-3.7 3.7H5.2l-3.7-3.7V5.2zM4.5 8h7",
  trash: "M6 2h4l1 1h3v1.5H2V3h3zM3 5.5h10l-.8 9H3.8zM6 7v6m2-6v6m2-6v6",
  plus: "M8 2v12M2 8h12",
  upload: "M8 11V2M4.5 5.5 8 2l3.5 3.5M2 10v4h12v-4",
  print: "M4.5 5.5V2h7v3.5M4.5 11H2V5.5h12V11h-2.5M4.5 9h7v5h-7z",
  undo: "M5.5 2.5 2 6l3.5 3.5M2 6h7.5a4 4 0 0 1 0 8H6",
};

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}

let dressed = null;
/** Load the style of what comes after the first view; settles when it is there, or will not come. */
export function dress() {
  dressed ??= new Promise((resolve) => {
    const link = h("link", { rel: "stylesheet", href: new URL("views.css", import.meta.url), onload: resolve, onerror: resolve });
    document.head.append(link);
  });
  return dressed;
}

// The session: kept for this tab only.

const KEPT = "nocall";
export const session = {
  token: null, me: null, account: null, name: "",
  ...JSON.parse(sessionStorage.getItem(KEPT) ?? "{}"),
  keep() {
    const { token, me, account, name } = this;
    sessionStorage.setItem(KEPT, JSON.stringify({ token, me, account, name }));
  },
  end() {
    sessionStorage.removeItem(KEPT);
    Object.assign(this, { token: null, me: null, account: null, name: "" });
  },
  may(action) {
    return this.me?.may.includes(action) ?? false;
  },
  /** Who acts, for a key; a person's own token says so itself. */
  get actingUser() {
    return this.me?.person ? undefined : this.name || undefined;
  },
};

// The API.

/** A failure with its face: what the service said (RFC 9457), or that it could not be asked. */
export class Problem extends Error {
  constructor({ status = 0, code = "network", detail = texts.errors.network, errors = [], request_id = null }) {
    super(detail);
    Object.assign(this, { status, code, detail, errors: errors ?? [], requestId: request_id });
  }
}

const base = location.pathname.replace(/\/console\/?$/, "");
const PATIENCE = 30_000;

export async function api(method, path, { body, signal, token = session.token } = {}) {
  const patience = AbortSignal.timeout(PATIENCE);
  let answer;
  let text;
  try {
    answer = await fetch(base + path, {
      method,
      headers: { Authorization: `Bearer ${token}`, ...(body && { "Content-Type": "application/json" }) },
      body: body && JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
      cache: "no-store",
      credentials: "omit",
    });
    text = await answer.text();
  } catch (failed) {
    if (signal?.aborted) throw failed;
    throw new Problem(patience.aborted ? { code: "timeout", detail: texts.errors.timeout } : {});
  }
  let told = null;
  try {
    told = text ? JSON.parse(text) : null;
  } catch {
    throw new Problem({ status: answer.status, code: "internal_error", detail: texts.errors.unforeseen });
  }
  if (!answer.ok) {
    if (answer.status === 401 && token === session.token) dispatchEvent(new CustomEvent("signed-out"));
    throw new Problem({ detail: texts.errors.unforeseen, ...told, status: answer.status });
  }
  return told;
}

export const ofAccount = (path) => `/accounts/${encodeURIComponent(session.account)}${path}`;
export const count = (n) => n.toLocaleString("en");
export const query = (fields) =>
  new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined && value !== "")).toString();
export const numberPath = (number) => ofAccount(`/numbers/${encodeURIComponent(number)}`);

// Words from values.

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

// Messages.

export function loading(words = texts.loading) {
  return h("p", { class: "loading", role: "status" }, words);
}

/** A failure as a person sees it; an error is never an empty list. */
export function problemBox(problem, retry) {
  const known = problem instanceof Problem;
  if (!known) console.error(problem);
  return h("div", { class: "problem", role: "alert" },
    h("strong", {}, texts.errors.title),
    h("p", {}, known ? problem.detail : texts.errors.unforeseen),
    known && problem.errors.length > 0 && h("ul", {}, problem.errors.map((one) => h("li", {}, `${one.field}: ${one.message}`))),
    known && problem.requestId && h("p", { class: "quiet" }, texts.errors.request(problem.requestId)),
    retry && h("button", { type: "button", onclick: retry }, texts.errors.retry));
}

/** Say what was done, with what can be done about it; one with an action stays until it is dismissed. */
export function toast(words, action = null) {
  const place = document.getElementById("toasts");
  const one = h("div", { class: "toast" }, h("span", {}, words));
  const close = () => {
    if (one.contains(document.activeElement)) document.getElementById("main").focus({ preventScroll: true });
    one.remove();
  };
  if (action) one.classList.add("open");
  if (action) one.append(h("button", { type: "button", onclick: () => { close(); action.run(); } }, action.label));
  one.append(h("button", { type: "button", class: "plain", "aria-label": texts.remove.close, onclick: close }, "×"));
  place.replaceChildren(one);
  if (action && document.activeElement === document.body) one.querySelector("button").focus(); // what was pressed is gone
}

/** Begin at a view's first field, but never under the hands of somebody who types a search already. */
export function beginAt(control) {
  if (document.activeElement?.id !== "search") control.focus();
}

let ids = 0;
/** A labelled field: `control` gets an id and its hint is tied to it. */
export function field(label, control, { hint = null, required = false } = {}) {
  control.id ||= `f${++ids}`;
  if (required) control.required = true;
  const said = hint && h("small", { id: `${control.id}-hint` }, hint);
  if (said) control.setAttribute("aria-describedby", said.id);
  const words = h("label", { for: control.id }, label, required && h("span", { class: "quiet" }, ` (${texts.required})`));
  return h("div", { class: "field" }, words, control, said);
}

/** The field for who acts, where a key is used and nobody has said so yet; `read` keeps what was written. */
export function nameField({ required }) {
  if (session.me?.person || session.name) return null;
  const control = h("input", { type: "text", maxlength: 128, autocomplete: "name", name: "acting_user" });
  const element = field(texts.you.label, control, { hint: texts.you.hint, required });
  const read = () => {
    session.name = control.value.trim();
    session.keep();
    dispatchEvent(new CustomEvent("named"));
  };
  return { element, control, read };
}

export const options = (names, first) => [
  first && h("option", { value: "" }, first),
  ...Object.entries(names).map(([value, words]) => h("option", { value }, words)),
];

/** Put off a call until nothing more was typed for a moment. */
export function settled(run, milliseconds = 250) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...given), milliseconds);
  };
}

const restored = (entry) =>
  api("POST", `${numberPath(entry.number)}/restore`, { body: { if_version: entry.version, acting_user: session.actingUser } });

/** Take a removal back at once: the original request comes back, not a new one. */
export async function restore(entry, shown, changed) {
  try {
    const back = await restored(entry);
    toast(texts.remove.undone(shown));
    changed?.(back);
  } catch (failed) {
    toast(failed.status === 409 ? texts.remove.undoStale(shown) : failed.detail ?? texts.errors.unforeseen,
      failed.status === 409 ? null : { label: texts.errors.retry, run: () => restore(entry, shown, changed) });
  }
}

/** Put a removed number back; with a key, whoever does it is asked for first. */
export async function putBack(entry, changed) {
  if (session.me?.person || session.name) return restore(entry, entry.national, changed);
  const [{ confirm }] = await Promise.all([import("./dialog.js"), dress()]);
  return confirm({
    title: texts.restore.title(entry.national), what: texts.restore.what, button: texts.restore.button, keep: texts.restore.keep,
    run: async () => {
      const back = await restored(entry);
      return () => {
        toast(texts.remove.undone(entry.national));
        changed?.(back);
      };
    },
  });
}

export async function openRemoval(number, changed) {
  try {
    const [{ openDialog }] = await Promise.all([import("./remove.js"), dress()]);
    await openDialog(number, changed);
  } catch (failed) {
    console.error(failed);
    toast(texts.errors.part);
  }
}

export const trash = (number, shown, changed) =>
  h("button", { type: "button", class: "icon danger", "aria-label": texts.list.remove(shown), title: texts.list.remove(shown),
    onclick: () => openRemoval(number, changed) }, icon("trash"));
