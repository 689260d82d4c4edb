// Elements, fields and messages. Text is only ever set as text.

import { Problem } from "./api.js";
import { session } from "./session.js";
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
