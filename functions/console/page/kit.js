// Elements, fields, menus and messages. Text is only ever set as text.

import { connection, Problem } from "./api.js";
import { session } from "./session.js";
import { texts } from "./texts.js";

/** Create an element. `on…` attributes are listeners, booleans are set or left out, the rest are attributes. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return element;
}

const SHAPES = {
  stop: "M5.2 1.5h5.6l3.7 3.7v5.6l-3.7 3.7H5.2l-3.7-3.7V5.2zM4.5 8h7",
  list: "M5.5 3.5h9m-9 4.5h9m-9 4.5h9M1.7 3.5h.6M1.7 8h.6m-.6 4.5h.6",
  clock: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM8 4.5V8l2.5 1.5",
  check: "M2.5 8.5 6 12l7.5-8",
  files: "M5 13V3m0 0L2.5 5.5M5 3l2.5 2.5M11 3v10m0 0-2.5-2.5M11 13l2.5-2.5",
  people: "M6 8a2.6 2.6 0 1 0 0-5.2A2.6 2.6 0 0 0 6 8zm-4.7 5.5c.3-2.4 2.2-3.7 4.7-3.7 1 0 1.9.2 2.6.6M9.5 12.2l1.7 1.7 3.3-3.6",
  chart: "M2 14V2m0 12h12M5.5 11V7.5m3.5 3.5v-6m3.5 6V6",
  shield: "M8 1.5 2.5 3.5v4c0 3.3 2.3 5.8 5.5 7 3.2-1.2 5.5-3.7 5.5-7v-4zM5.5 8l1.8 1.8L10.7 6.3",
  gear: "M2 4.5h6m4 0h2M2 11.5h2m4 0h6M10 2.7a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6zM6 9.7a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6z",
  trash: "M2.5 4h11M6 4V2.5h4V4M4 4l.6 9.5h6.8L12 4M6.7 6.7v4.5m2.6-4.5v4.5",
  plus: "M8 3v10M3 8h10",
  upload: "M8 11V2.5M4.5 5.8 8 2.3l3.5 3.5M2.5 10.5v3h11v-3",
  download: "M8 2.5V11M4.5 7.7 8 11.2l3.5-3.5M2.5 10.5v3h11v-3",
  print: "M4.5 5.5V2h7v3.5M4.5 11H2V5.5h12V11h-2.5M4.5 9h7v5h-7z",
  undo: "M5.5 2.5 2 6l3.5 3.5M2 6h7.5a4 4 0 0 1 0 8H6",
  refresh: "M13.5 8A5.5 5.5 0 1 1 11.8 4M13.5 1.8V5h-3.2",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zm3.3 7.8L14 14",
  out: "M6.5 2.5H3v11h3.5M10.5 5l3 3-3 3M13.5 8h-7",
  menu: "M2 4h12M2 8h12M2 12h12",
  close: "M4 4l8 8m0-8-8 8",
  down: "M4 6.3 8 10.2l4-3.9",
  filter: "M2 4h12M4.5 8h7m-4.7 4h2.4",
  copy: "M5.5 5.5V2.5h8v8h-3M2.5 5.5h8v8h-8z",
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

export const button = (words, onclick, attributes = {}, shape = null) =>
  h("button", { type: "button", onclick, ...attributes }, shape && icon(shape), words);

let styled = null;
/** Load the stylesheet of everything after the first view. Settles when it is loaded or has failed. */
export function style() {
  styled ??= new Promise((resolve) => {
    document.head.append(h("link", {
      rel: "stylesheet", href: new URL("views.css", import.meta.url), onload: resolve,
      onerror: ({ target }) => { target.remove(); styled = null; resolve(); },
    }));
  });
  return styled;
}

/** A loading message, which appears only if the wait is long. */
export const loading = (words = texts.loading) => h("p", { class: "loading", role: "status" }, words);

/** Rows of the final height that stand in for a table's rows while they load. */
export const skeleton = (columns, rows = 8) =>
  h("tbody", { class: "skeleton", "aria-hidden": "true" },
    Array.from({ length: rows }, () => h("tr", {}, Array.from({ length: columns }, () => h("td", {}, h("i"))))));

/**
 * A failure, at the top of the part that failed. `retry` is offered if it can help, and runs by itself once a lost
 * connection is back. `more`: what was not lost, or a way out.
 */
export function problemBox(failed, { retry = null, more = null } = {}) {
  const known = failed instanceof Problem;
  if (!known) console.error(failed);
  const again = retry && (!known || failed.passing) ? retry : null;
  const box = h("div", { class: "problem", role: "alert" },
    h("p", {}, known ? failed.detail : texts.errors.unforeseen),
    more && h("p", {}, more),
    known && failed.requestId && h("p", { class: "muted" }, texts.errors.request(failed.requestId)),
    again && button(texts.errors.retry, again));
  if (again && failed.status === 0) onRecovery(box, again);
  return box;
}

/** Run something once the connection is back, if `element` is still in the page then. */
export function onRecovery(element, run) {
  const heard = () => {
    if (!connection.online) return;
    removeEventListener("connection", heard);
    if (element.isConnected) run();
  };
  addEventListener("connection", heard);
}

/** Show what was done in a toast. A toast with an action stays until it is dismissed; several are shown one above another. */
export function toast(words, action = null) {
  const stack = document.getElementById("toasts");
  const close = () => {
    const focused = element.contains(document.activeElement);
    element.remove();
    document.body.classList.toggle("toasted", stack.childElementCount > 0);
    if (focused) (stack.querySelector("button") ?? document.getElementById("main")).focus({ preventScroll: true });
  };
  const element = h("div", { class: action ? "toast open" : "toast" }, h("span", {}, words),
    action && button(action.label, () => { close(); action.run(); }),
    button(icon("close"), close, { class: "icon", "aria-label": texts.remove.dismiss }));
  for (const other of stack.querySelectorAll(".toast:not(.open)")) other.remove();
  stack.append(element);
  document.body.classList.add("toasted"); // adds space at the bottom, so that the toast covers nothing
  if (action && document.activeElement === document.body) element.querySelector("button").focus(); // the pressed button is gone
  return close;
}

/** Focus a view's first field, unless someone is typing a search. */
export function beginAt(control) {
  if (document.activeElement?.id !== "search") control.focus({ preventScroll: true });
}

/** Focus an element that is not focusable by itself, such as a heading. */
export function focusOn(element) {
  element?.setAttribute("tabindex", "-1");
  element?.focus({ preventScroll: true });
}

let ids = 0;
/** A labeled control. Its hint, and later its error, are tied to it. */
export function field(label, control, { hint = null, required = false, optional = false } = {}) {
  control.id ||= `f${++ids}`;
  if (required) control.required = true;
  const words = hint && h("small", { id: `${control.id}-hint` }, hint);
  if (words) control.setAttribute("aria-describedby", words.id);
  return h("div", { class: "field" },
    h("label", { for: control.id }, label, optional && h("span", { class: "muted" }, ` (${texts.optional})`)), control, words);
}

/** Mark a control as invalid, with a message below it; without a message, as valid again. */
export function invalid(control, words = "") {
  const id = `${control.id}-error`;
  const described = new Set((control.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean));
  document.getElementById(id)?.remove();
  described.delete(id);
  if (words) {
    described.add(id);
    control.setAttribute("aria-invalid", "true");
    (control.closest(".field, .tick") ?? control).append(h("small", { class: "error", id }, words));
  } else {
    control.removeAttribute("aria-invalid");
  }
  if (described.size) control.setAttribute("aria-describedby", [...described].join(" "));
  else control.removeAttribute("aria-describedby");
}

/** The field for who acts, if a key is used and no name was entered in this tab yet; `read` stores the name. */
export function nameField({ required }) {
  if (session.me?.person || session.name) return null;
  const control = h("input", { type: "text", maxlength: 128, autocomplete: "name", name: "acting_user" });
  const element = field(texts.you.label, control, { hint: texts.you.hint, required, optional: !required });
  const read = () => {
    const name = control.value.trim();
    if (!name) return;
    session.name = name;
    session.save();
    element.remove();
    dispatchEvent(new CustomEvent("named"));
  };
  return { element, control, read };
}

export const options = (names, first) => [
  first && h("option", { value: "" }, first),
  ...Object.entries(names).map(([value, words]) => h("option", { value }, words)),
];

/** Debounce a function. It does not run if another page is open by then: nothing typed here may lead away from there. */
export function settled(run, milliseconds = 250) {
  const page = () => location.hash.split("?")[0];
  let timer;
  return (...values) => {
    const here = page();
    clearTimeout(timer);
    timer = setTimeout(() => { if (page() === here) run(...values); }, milliseconds);
  };
}

/** A button that opens a menu under it. The browser closes it on Escape and on a click elsewhere. */
export function menu(opener, content, attributes = {}) {
  const panel = h("div", { popover: "auto", id: `menu-${++ids}`, class: "menu", ...attributes }, content);
  opener.setAttribute("popovertarget", panel.id);
  opener.setAttribute("aria-expanded", "false");
  panel.addEventListener("toggle", ({ newState }) => {
    opener.setAttribute("aria-expanded", String(newState === "open"));
    if (newState === "open") placeBy(panel, opener);
  });
  panel.addEventListener("click", ({ target }) => target.closest("a, button:not([data-stays])") && panel.hidePopover());
  return panel;
}

/** Place a panel below its opener, or above it if there is more room, inside the window. */
function placeBy(panel, opener) {
  const [at, size] = [opener.getBoundingClientRect(), panel.getBoundingClientRect()];
  const below = at.bottom + size.height + 8 < innerHeight || at.top < size.height;
  panel.style.insetBlockStart = `${Math.max(8, below ? at.bottom + 4 : at.top - size.height - 4)}px`;
  panel.style.insetInlineStart = `${Math.max(8, Math.min(at.left, innerWidth - size.width - 8))}px`;
}
