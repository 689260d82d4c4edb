// A new job: the file with its first rows as they are read, what the job is told, and the upload.

import { api, ofAccount, Problem } from "./api.js";
import { asMoment, count } from "./format.js";
import { field, h, icon, loading, nameField, options, problemBox } from "./kit.js";
import { firstRows } from "./preview.js";
import { session } from "./session.js";
import { texts } from "./texts.js";

const t = texts.jobs;
const LARGEST = 5 * 1024 ** 3;
const SET_BY_BROWSER = new Set(["content-length", "host"]);
const IMPORTED = ["import", "registry", "suppression", "manual", "disposition", "complaint", "legal"];
const REGIONS = ["US", "CA", "GB", "AU", "AT", "BE", "BR", "CH", "DE", "DK", "ES", "FI", "FR", "IE", "IN", "IT", "JP", "MX", "NL", "NO", "NZ", "PH", "PL", "PT", "SE", "SG", "ZA"];
const names = new Intl.DisplayNames("en", { type: "region" });

/** The form of a kind; `made(job)` hears of the job once the service has all it needs. */
export function jobForm(kind, signal, made) {
  const build = { imports: importForm, scrubs: scrubForm, exports: exportForm }[kind];
  const { fields, body, file } = build(signal);
  const name = nameField({ required: false });
  const message = h("div", { "aria-live": "polite" });
  const submit = h("button", { class: "primary" }, t.submit[kind]);

  const make = async (event) => {
    event.preventDefault();
    if (file && !file.chosen) {
      message.replaceChildren(h("p", { class: "problem", role: "alert" }, file.wrong ?? t.noFile));
      return file.input.focus();
    }
    if (name?.control.value.trim()) name.read();
    submit.disabled = true;
    message.replaceChildren(loading());
    try {
      const told = { ...body(), acting_user: session.actingUser };
      const job = await api("POST", ofAccount(`/${kind}`), { body: told, signal });
      if (file) await upload(job.upload, file.chosen, message, signal);
      if (!signal.aborted) made(job, message);
    } catch (failed) {
      if (!signal.aborted) message.replaceChildren(problemBox(failed));
    }
    submit.disabled = false;
    return null;
  };
  return h("form", { class: "job-form", onsubmit: make, novalidate: true }, fields, name?.element, h("p", { class: "buttons" }, submit), message);
}

function importForm(signal) {
  const source = h("select", { name: "source" }, options(Object.fromEntries(IMPORTED.map((one) => [one, texts.sources[one]]))));
  const region = regions();
  const note = h("textarea", { rows: 2, maxlength: 2000, name: "note" });
  const [dryRun, skipRemoved] = ["dry_run", "skip_removed"].map((name) => h("input", { type: "checkbox", name }));
  const from = Object.fromEntries(Object.keys(t.registryFields).map((name) =>
    [name, h("input", { type: name === "accessed_on" ? "date" : "text", maxlength: 200, name })]));
  const registry = h("fieldset", { hidden: true }, h("legend", {}, t.registry),
    h("div", { class: "row" }, Object.entries(from).map(([name, control]) => field(t.registryFields[name], control))));
  source.addEventListener("input", () => { registry.hidden = source.value !== "registry"; });
  const file = filePart(signal, { region: () => region.value });
  region.addEventListener("input", file.look);
  return {
    file,
    fields: [file.element, h("div", { class: "row" }, field(t.source, source), field(t.region, region)), registry, field(t.note, note),
      tick(dryRun, t.dryRun), tick(skipRemoved, t.skipRemoved)],
    body: () => ({
      filename: nameOf(file.chosen), bytes: file.chosen.size, source: source.value, region: region.value || undefined, note: note.value.trim() || undefined,
      dry_run: dryRun.checked, skip_removed: skipRemoved.checked,
      registry: source.value === "registry" ? filled(from) : undefined,
    }),
  };
}

function scrubForm(signal) {
  const region = regions();
  const column = h("select", { name: "column" }, options({}, t.recognized));
  const file = filePart(signal, {
    region: () => region.value, column: () => column.value,
    looked: ({ header, rows }) => {
      const width = header?.length ?? rows?.[0]?.cells.length ?? 0;
      const named = Array.from({ length: width }, (_, n) => h("option", { value: n + 1 }, header?.[n] ? t.columnNamed(header[n]) : t.columnAt(n + 1)));
      column.replaceChildren(...options({}, t.recognized).filter(Boolean), ...named);
    },
  });
  region.addEventListener("input", file.look);
  column.addEventListener("input", file.look);
  return {
    file,
    fields: [file.element, h("div", { class: "row" }, field(t.column, column), field(t.region, region))],
    body: () => ({ filename: nameOf(file.chosen), bytes: file.chosen.size, column: column.value || undefined, region: region.value || undefined }),
  };
}

function exportForm() {
  const kind = h("select", { name: "kind" }, options(t.exportKinds));
  const format = h("select", { name: "format" }, options({ csv: "CSV", jsonl: "JSONL" }));
  const [from, to] = ["from", "to"].map((name) => h("input", { type: "datetime-local", name }));
  const range = h("div", { class: "row" }, field(t.from, from, { hint: t.rangeHint }), field(t.to, to));
  return {
    fields: [h("div", { class: "row" }, field(t.exportKind, kind), field(t.exportFormat, format)), range],
    body: () => ({ kind: kind.value, format: format.value, from: asMoment(from.value), to: asMoment(to.value) }),
  };
}

const tick = (control, words) => h("label", { class: "tick" }, control, words);
const nameOf = (file) => file.name.replace(/[\x00-\x1f\x7f/\\]/g, "_").slice(-200);

function filled(controls) {
  const given = Object.entries(controls).map(([name, control]) => [name, control.value.trim()]).filter(([, value]) => value);
  return given.length ? Object.fromEntries(given) : undefined;
}

function regions() {
  const known = Object.fromEntries(REGIONS.map((code) => [code, names.of(code)]));
  return h("select", { name: "region" }, options(known, t.accountsRegion));
}

/** A place for a file: chosen with the keyboard or the mouse, or dropped; under it its first rows, as they are read. */
function filePart(signal, { region, column = () => "", looked = () => {} }) {
  const input = h("input", { type: "file", name: "file", accept: ".csv,.txt,.tsv,.gz,.zip,text/*" });
  const said = h("span", { class: "quiet" }, t.drop);
  const target = h("label", { class: "drop" }, icon("upload"), said, input);
  const rows = h("div", { class: "preview", "aria-live": "polite" });
  const part = { element: h("div", {}, target, rows), input, chosen: null, wrong: null, look: () => part.chosen && preview() };
  let first = null;
  let asking = new AbortController();

  const take = async (files) => {
    const [file] = files;
    if (!file) return;
    part.wrong = !file.size ? t.emptyFile : file.size > LARGEST ? t.tooLarge : null;
    part.chosen = part.wrong ? null : file;
    said.textContent = t.dropped(file.name, t.size(file.size));
    rows.replaceChildren(...(part.wrong ? [h("p", { class: "problem", role: "alert" }, part.wrong)] : []), ...(files.length > 1 ? [h("p", { class: "note" }, t.oneFile)] : []));
    if (part.wrong) return;
    try {
      first = await firstRows(file);
    } catch (failed) {
      console.warn(failed.name);
      first = null;
    }
    if (part.chosen !== file) return;
    looked(first ?? {});
    preview();
  };
  input.addEventListener("change", () => take(input.files));
  // Wherever on the page a file is dropped, it is taken: a near miss must not open the file instead of the page.
  const over = (is) => (event) => {
    event.preventDefault();
    target.classList.toggle("over", is);
  };
  document.addEventListener("dragover", over(true), { signal });
  document.addEventListener("dragleave", over(false), { signal });
  document.addEventListener("drop", (event) => {
    over(false)(event);
    take(event.dataTransfer.files);
  }, { signal });

  async function preview() {
    if (!first) return rows.replaceChildren(h("p", { class: "note" }, t.previewFailed));
    if (first.packed) return rows.replaceChildren(h("p", { class: "note" }, t.noPreview));
    const at = column() ? Number(column()) - 1 : first.column;
    if (at < 0) return rows.replaceChildren(h("p", { class: "note" }, t.noColumn));
    const written = first.rows.map((row) => (column() ? row.cells[at] ?? "" : row.number));
    const from = first.header?.[at] ? t.columnNamed(first.header[at]) : t.columnAt(at + 1);
    const table = h("table", { class: "first-rows" }, h("caption", {}, t.preview),
      h("thead", {}, h("tr", {}, [t.line, t.written, t.read].map((words) => h("th", { scope: "col" }, words)))),
      h("tbody", {}, first.rows.map((row, n) => h("tr", {}, h("td", {}, count(row.line)), h("td", { title: row.cells.join(" · ") }, written[n]), h("td", {}, "…")))));
    rows.replaceChildren(table, h("p", { class: "quiet" }, t.previewOf(t.separators[first.separator], from)));
    asking.abort();
    asking = new AbortController();
    try {
      const asked = { numbers: written.map((one) => one.slice(0, 1000)), region: region() || undefined };
      const { readings } = await api("POST", ofAccount("/readings"), { body: asked, signal: AbortSignal.any([signal, asking.signal]) });
      for (const [n, line] of [...table.tBodies[0].rows].entries()) {
        const { number, national, error } = readings[n];
        line.cells[2].replaceChildren(...(error ? [h("span", { class: "refused" }, h("b", {}, error))] : [national, " ", h("small", {}, number)]));
      }
    } catch (failed) {
      if (!signal.aborted && !asking.signal.aborted) rows.append(h("p", { class: "note" }, `${t.previewFailed} ${failed.detail ?? ""}`));
    }
    return null;
  }
  return part;
}

/** PUT the file where the job says, with a bar that tells how far it is. */
function upload({ url, method, headers }, file, place, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const progress = h("progress", { max: 100, value: 0, "aria-label": t.uploading });
    const percent = h("span", {}, t.progress(0));
    const refused = () => reject(new Problem({ code: "upload", status: request.status, detail: t.uploadFailed }));
    place.replaceChildren(h("p", { class: "uploading" }, t.uploading, " ", progress, " ", percent, " ",
      h("button", { type: "button", onclick: () => request.abort() }, t.cancel)));
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      progress.value = (loaded / total) * 100;
      percent.textContent = t.progress(Math.floor((loaded / total) * 100));
    });
    request.addEventListener("load", () => (request.status >= 200 && request.status < 300 ? resolve() : refused()));
    request.addEventListener("error", refused);
    request.addEventListener("abort", refused);
    signal.addEventListener("abort", () => request.abort());
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) if (!SET_BY_BROWSER.has(name.toLowerCase())) request.setRequestHeader(name, value);
    request.send(file);
  });
}
