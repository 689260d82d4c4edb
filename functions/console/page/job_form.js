// A new job, in three steps: the file, a preview with what the job needs to know, and the upload.

import { api, ofAccount, Problem } from "./api.js";
import { asMoment, country, shown } from "./format.js";
import { button, field, focusOn, h, icon, invalid, loading, nameField, options, problemBox } from "./kit.js";
import { shortened } from "./paste.js";
import { carried } from "./places.js";
import { firstRows } from "./preview.js";
import { session } from "./session.js";
import { texts } from "./texts.js";
import { words } from "./views_texts.js";

const t = words.jobs;
const LARGEST = 5 * 1024 ** 3;
const LARGEST_SPREADSHEET = 50 * 1024 ** 2;
const SET_BY_BROWSER = new Set(["content-length", "host"]);
const IMPORTED = ["import", "registry", "suppression", "manual", "disposition", "complaint", "legal"];
const MAY_EXPIRE = new Set(["registry", "suppression"]);
const REGIONS = ["US", "CA", "GB", "AU", "AT", "BE", "BR", "CH", "DE", "DK", "ES", "FI", "FR", "IE", "IN", "IT", "JP", "MX", "NL", "NO", "NZ", "PH", "PL", "PT", "SE", "SG", "ZA"];

/** The form of a kind of job. `made(job)` is called once the service has everything it needs. */
export function jobForm(kind, signal, made) {
  const name = nameField({ required: false });
  const { fields, body, file } = { imports: importForm, scrubs: scrubForm, exports: exportForm }[kind](signal, name?.element);
  const message = h("div", { "aria-live": "polite" });
  const submit = h("button", { class: "primary" }, t.submit[kind]);
  const all = h("fieldset", { class: "plain" }, fields);
  const form = h("form", { class: "job-form", onsubmit: make, novalidate: true }, all, message, h("p", { class: "buttons" }, submit));

  async function make(event) {
    event.preventDefault();
    if (submit.disabled) return;
    if (file && (!file.chosen || file.wrong)) {
      message.replaceChildren(h("p", { class: "problem", role: "alert" }, file.wrong ?? t.noFile));
      file.input.focus();
      return;
    }
    const wrong = body.wrong?.();
    if (wrong) {
      invalid(wrong.control, wrong.words);
      wrong.control.focus();
      return;
    }
    name?.read();
    // Freeze the file and the request: later changes to the form must not reach this job.
    const [chosen, request] = [file?.chosen, { ...body(), acting_user: session.actingUser }];
    lock(true);
    message.replaceChildren(loading(t.starting));
    try {
      const job = await api("POST", ofAccount(`/${kind}`), { body: request, signal });
      if (chosen) await upload(job.upload, chosen, message, signal);
      if (signal.aborted) return;
      message.replaceChildren();
      made(job);
    } catch (failed) {
      if (signal.aborted) return;
      message.replaceChildren(problemBox(failed, { more: chosen ? t.stillChosen(chosen.name) : null }));
      focusOn(message);
    }
    lock(false);
  }

  function lock(on) {
    all.disabled = on;
    submit.disabled = on;
    file?.lock(on);
  }

  return form;
}

function importForm(signal, name) {
  const source = h("select", { name: "source" }, options(Object.fromEntries(IMPORTED.map((one) => [one, texts.sources[one]]))));
  const region = regionField();
  const note = h("textarea", { rows: 2, maxlength: 2000, name: "note" });
  const [dryRun, skipRemoved] = ["dry_run", "skip_removed"].map((name) => h("input", { type: "checkbox", name }));
  const from = Object.fromEntries(Object.keys(t.registryFields).map((name) => [name, h("input", { type: name === "accessed_on" ? "date" : "text", maxlength: 200, name })]));
  const registry = h("fieldset", { hidden: true }, h("legend", {}, t.registry), h("div", { class: "pair" }, Object.entries(from).map(([name, control]) => field(t.registryFields[name], control, { optional: true }))));
  const expires = h("input", { type: "date", name: "expires_at" });
  const expiry = field(t.expires, expires, { optional: true, hint: t.expiresHint });
  const mayExpire = () => session.may("set_expiry") && MAY_EXPIRE.has(source.value);
  const adapt = () => {
    registry.hidden = source.value !== "registry";
    expiry.hidden = !mayExpire();
  };
  source.addEventListener("input", adapt);
  adapt();
  const file = filePart(signal, { region, kind: "imports" });
  const body = () => ({
    filename: nameOf(file.chosen), bytes: file.chosen.size, source: source.value, region: region.value || undefined, note: note.value.trim() || undefined,
    columns: file.columns ?? undefined, dry_run: dryRun.checked, skip_removed: skipRemoved.checked,
    registry: source.value === "registry" ? filled(from) : undefined,
    expires_at: mayExpire() && expires.value ? asMoment(`${expires.value}T23:59`) : undefined,
  });
  body.wrong = () => {
    invalid(expires);
    return mayExpire() && expires.value && Date.parse(`${expires.value}T23:59`) < Date.now() ? { control: expires, words: t.expiresPast } : null;
  };
  return {
    file, body,
    fields: [file.element, file.after(h("div", { class: "pair" }, field(t.source, source), field(t.region, region), expiry), registry,
      field(t.note, note, { optional: true }), tick(dryRun, t.dryRun), tick(skipRemoved, t.skipRemoved), name ?? "")],
  };
}

function scrubForm(signal, name) {
  const region = regionField();
  const channel = h("select", { name: "channel" }, options(t.channels));
  const by = h("select", { name: "by" }, options(t.blockBy));
  const file = filePart(signal, { region, kind: "scrubs" });
  const chosen = () => (file.columns?.length === 1 ? { column: file.columns[0] } : { columns: file.columns ?? undefined });
  return {
    file,
    fields: [file.element, file.after(h("div", { class: "pair" }, field(t.region, region), field(t.channel, channel), field(t.several, by)), name ?? "")],
    body: () => ({
      filename: nameOf(file.chosen), bytes: file.chosen.size, ...chosen(), region: region.value || undefined, channel: channel.value || undefined,
      by: by.value === "row" ? undefined : by.value,
    }),
  };
}

function exportForm(signal, name) {
  const kind = h("select", { name: "kind" }, options(t.exportKinds));
  const format = h("select", { name: "format" }, options({ csv: "CSV", jsonl: "JSONL" }));
  const [from, to] = ["from", "to"].map((name) => h("input", { type: "datetime-local", name }));
  const body = () => ({ kind: kind.value, format: format.value, from: asMoment(from.value), to: asMoment(to.value) });
  body.wrong = () => {
    invalid(to);
    return from.value && to.value && from.value > to.value ? { control: to, words: t.backwards } : null;
  };
  return {
    fields: [h("div", { class: "pair" }, field(t.exportKind, kind), field(t.exportFormat, format),
      field(t.from, from, { optional: true, hint: t.rangeHint }), field(t.to, to, { optional: true })), name],
    body,
  };
}

const tick = (control, label) => h("label", { class: "tick" }, control, label);
const nameOf = (file) => file.name.replace(/[\x00-\x1f\x7f/\\]/g, "_").slice(-200);

function filled(controls) {
  const values = Object.entries(controls).map(([name, control]) => [name, control.value.trim()]).filter(([, value]) => value);
  return values.length ? Object.fromEntries(values) : undefined;
}

function regionField() {
  const own = session.region;
  return h("select", { name: "region" }, options(Object.fromEntries(REGIONS.map((code) => [code, country(code)])), own ? t.accountsRegion(country(own)) : t.accountsRegionUnknown));
}

/** The file field: a file is chosen or dropped, then its first rows are shown with their phone columns. */
function filePart(signal, { region, kind }) {
  const input = h("input", { type: "file", name: "file", accept: ".csv,.txt,.tsv,.gz,.zip,.xlsx,.xls,.ods,text/*" });
  const label = h("span", {}, t.drop);
  const target = h("label", { class: "drop" }, icon("upload"), label, input);
  const rows = h("div", { class: "preview", "aria-live": "polite" });
  const rest = h("div", { class: "stack", hidden: true });
  const part = {
    element: h("div", { class: "stack" }, target, rows), input, chosen: null, wrong: null, columns: null,
    lock: (on) => { locked = on; },
    after: (...children) => { rest.append(...children); return rest; },
  };
  let locked = false;
  let first = null;
  let asking = new AbortController();

  const take = async (files) => {
    const [file] = files;
    if (!file || locked) return;
    const spreadsheet = /\.(xlsx|xlsm|xls|ods)$/i.test(file.name);
    part.wrong = !file.size ? t.emptyFile : file.size > LARGEST ? t.tooLarge : spreadsheet && file.size > LARGEST_SPREADSHEET ? t.spreadsheetTooLarge : null;
    part.chosen = part.wrong ? null : file;
    part.columns = null;
    label.replaceChildren(h("b", {}, file.name), ` ${t.size(file.size)} · `, h("span", { class: "as-link" }, t.change));
    target.classList.add("chosen");
    rest.hidden = Boolean(part.wrong);
    if (!part.wrong) target.dispatchEvent(new CustomEvent("chosen", { bubbles: true }));
    rows.replaceChildren(...[part.wrong && h("p", { class: "problem", role: "alert" }, part.wrong), files.length > 1 && h("p", { class: "info" }, t.oneFile)].filter(Boolean));
    if (part.wrong) return;
    first = await firstRows(file).catch((failed) => { console.warn(failed.name); return null; });
    if (part.chosen === file) preview();
  };
  input.addEventListener("change", () => take(input.files));
  region.addEventListener("input", () => part.chosen && preview());
  // A file may be dropped anywhere on the page. Otherwise a near miss would open the file instead of the page.
  const over = (on) => (event) => {
    event.preventDefault();
    target.classList.toggle("over", on && !locked);
  };
  document.addEventListener("dragover", over(true), { signal });
  document.addEventListener("dragleave", over(false), { signal });
  document.addEventListener("drop", (event) => {
    over(false)(event);
    take(event.dataTransfer.files);
  }, { signal });
  if (carried.file) {
    queueMicrotask(() => { take([carried.file]); carried.file = null; });
  }

  function preview() {
    if (!first) return rows.replaceChildren(h("p", { class: "info" }, t.previewFailed));
    if (first.kind !== "text") return rows.replaceChildren(h("p", { class: "info" }, t.noPreview[first.kind]));
    const chosen = new Set(part.columns ? part.columns.map((one) => Number(one) - 1) : first.columns);
    const width = Math.max(first.header?.length ?? 0, ...first.rows.map(({ cells }) => cells.length));
    const heads = Array.from({ length: width }, (_, n) => first.header?.[n] || t.columnAt(n + 1));
    const box = (n) => {
      const control = h("input", { type: "checkbox", "aria-label": t.phoneColumn(heads[n]), disabled: first.split });
      control.checked = chosen.has(n);
      control.addEventListener("input", () => {
        if (control.checked) chosen.add(n);
        else chosen.delete(n);
        part.columns = chosen.size ? [...chosen].sort((one, other) => one - other).map((one) => String(one + 1)) : null;
        mark();
      });
      return control;
    };
    const table = h("table", { class: "first-rows" }, h("caption", { class: "hidden" }, t.preview),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t.line), heads.map((head, n) => h("th", { scope: "col", "data-column": n }, width > 1 ? h("label", {}, box(n), head) : head)))),
      h("tbody", {}, first.rows.map(({ line, cells }) => h("tr", {}, h("td", { class: "muted" }, line),
        heads.map((_, n) => h("td", { "data-column": n, title: cells[n] || null }, h("span", {}, cells[n] ?? ""), h("small", {})))))));
    const summary = h("p", { class: "muted", role: "status" });
    const excel = h("p", { class: "problem", role: "alert", hidden: true }, t.shortened);
    rows.replaceChildren(h("h3", {}, t.preview), h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t.preview }, table), summary, excel);

    /** Mark the phone columns, and say how their numbers are read. */
    const mark = () => {
      for (const cell of table.querySelectorAll("[data-column]")) cell.classList.toggle("phone", chosen.has(Number(cell.dataset.column)));
      for (const small of table.querySelectorAll("small")) {
        small.replaceChildren();
        small.className = "";
      }
      excel.hidden = !first.rows.some(({ cells }) => [...chosen].some((n) => shortened(cells[n] ?? "")));
      summary.textContent = chosen.size ? t.separators[first.separator] : t.noColumn;
      readCells(table, summary);
    };
    mark();
    return null;
  }

  async function readCells(table, summary) {
    asking.abort();
    asking = new AbortController();
    const own = AbortSignal.any([signal, asking.signal]);
    const places = [...table.querySelectorAll("tbody td.phone")].filter((cell) => !first.split || cell.dataset.column === "0")
      .map((cell) => ({ place: cell.lastChild, text: first.split ? `${cell.firstChild.textContent}${cell.nextSibling.firstChild.textContent}` : cell.firstChild.textContent }))
      .filter(({ text }) => text.trim()).slice(0, 100);
    if (!places.length) return;
    try {
      const { readings } = await api("POST", ofAccount("/readings"), { body: { numbers: places.map(({ text }) => text.slice(0, 1000)), region: region.value || undefined }, signal: own });
      for (const [n, { number, error }] of readings.entries()) {
        places[n].place.textContent = error ?? shown(number);
        places[n].place.className = error ? "read error" : "read";
      }
      const good = readings.filter(({ error }) => !error).length;
      summary.textContent = `${t.separators[first.separator]} · ${t.readable(good, readings.length)}`;
    } catch (failed) {
      if (!own.aborted) summary.textContent = `${t.previewFailed} ${failed.detail ?? ""}`;
    }
  }
  return part;
}

/** PUT the file to the job's upload URL, with a progress bar. */
function upload({ url, method, headers }, file, place, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const bar = h("progress", { max: 100, value: 0, "aria-label": t.uploading });
    const percent = h("span", {}, t.progress(0));
    const refused = (detail) => reject(new Problem({ code: "upload", status: request.status || 400, detail }));
    place.replaceChildren(h("p", { class: "uploading" }, t.uploading, " ", bar, " ", percent, " ", button(t.cancel, () => request.abort(), { class: "link" })));
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      bar.value = (loaded / total) * 100;
      percent.textContent = t.progress(Math.floor((loaded / total) * 100));
    });
    request.addEventListener("load", () => (request.status >= 200 && request.status < 300 ? resolve() : refused(t.uploadFailed)));
    request.addEventListener("error", () => refused(t.uploadFailed));
    request.addEventListener("abort", () => refused(t.uploadCanceled));
    signal.addEventListener("abort", () => request.abort());
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) if (!SET_BY_BROWSER.has(name.toLowerCase())) request.setRequestHeader(name, value);
    request.send(file);
  });
}
