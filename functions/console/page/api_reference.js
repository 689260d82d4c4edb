// The API's documentation: every route with its roles, its fields and its responses, generated from the handlers.

import { base, Problem } from "./api.js";
import { beginAt, field, h, loading, problemBox } from "./kit.js";
import { words } from "./views_texts.js";

const t = words.reference;

export async function show(root, fields, signal) {
  const area = h("div", { class: "stack" }, loading());
  root.replaceChildren(h("h1", {}, t.title), h("p", { class: "muted" }, t.intro(location.origin + base)), area);
  const read = async () => {
    try {
      const response = await fetch(new URL("api.json", import.meta.url), { signal, credentials: "omit" });
      if (!response.ok) throw new Problem({ status: response.status, code: "gateway" });
      list(area, await response.json());
    } catch (failed) {
      if (!signal.aborted) area.replaceChildren(problemBox(failed instanceof Problem ? failed : new Problem({}), { retry: read }));
    }
  };
  await read();
}

function list(area, routes) {
  const find = h("input", { type: "search", autocomplete: "off" });
  const all = routes.map((route) => ({ element: part(route), text: `${route.method} ${route.path} ${route.summary}`.toLowerCase() }));
  find.addEventListener("input", () => {
    for (const { element, text } of all) element.hidden = !text.includes(find.value.trim().toLowerCase());
  });
  area.replaceChildren(h("div", { class: "form-width" }, field(t.find, find)), ...all.map(({ element }) => element));
  beginAt(find);
}

function part({ method, path, summary, description, query, fields, statuses }) {
  return h("details", { class: "card route" },
    h("summary", {}, h("span", { class: "method" }, method), h("code", {}, path), h("span", { class: "muted" }, summary)),
    h("p", {}, description), terms(t.query, query), terms(t.body, fields), h("p", { class: "muted" }, t.responses(statuses)));
}

const terms = (title, values) => values.length > 0 && [h("h3", {}, title), h("dl", { class: "terms" }, values.map(({ name, type, required, description }) => [
  h("dt", {}, h("code", {}, name)), h("dd", {}, [type, required && t.required, description].filter(Boolean).join(" · "))]))];
