// Import & export: a new job in three steps, and the list of jobs. Running jobs are polled until they end.

import { api, ofAccount, query } from "./api.js";
import { confirm } from "./dialog.js";
import { person, sourceName, time } from "./format.js";
import { jobForm } from "./job_form.js";
import { button, focusOn, h, loading, problemBox, skeleton, toast } from "./kit.js";
import { address } from "./places.js";
import { session } from "./session.js";
import { count, texts } from "./texts.js";
import { words } from "./views_texts.js";

const t = words.jobs;
const KINDS = { imports: "import", scrubs: "scrub", exports: "export" };
const LINKS = { report_url: t.links.report, clear_url: t.links.clear, blocked_url: t.links.blocked, late_url: t.links.late };
const ASK_EVERY = 2000;
const FRESH = 10 * 60_000; // milliseconds; a link is valid for 15 minutes
const UPLOAD_SOON = 120_000;
const JOBS_PER_PAGE = 20;
const COLUMNS = 5;

export async function show(root, fields, signal) {
  const kind = Object.hasOwn(KINDS, fields.kind ?? "") ? fields.kind : "imports";
  const tabs = h("nav", { class: "tabs", "aria-label": t.kindsLabel }, Object.entries(t.kinds).map(([one, label]) =>
    h("a", { href: address("jobs", { kind: one }), "aria-current": one === kind ? "page" : null }, label)));
  const place = h("div", { class: "card steps" });
  const table = h("table", { class: "rows jobs" },
    h("caption", { class: "hidden" }, t.list[kind]),
    h("thead", {}, h("tr", {}, ["what", "status", "result", "started"].map((name) => h("th", { scope: "col", class: `col-${name}` }, t.columns[name])),
      h("th", { scope: "col", class: "col-actions" }, h("span", { class: "hidden" }, texts.list.actions)))));
  const below = h("div", { class: "under" });

  function begin() {
    place.replaceChildren(steps(kind, 1), h("p", { class: "muted" }, t.intro[kind]), session.may(KINDS[kind])
      ? jobForm(kind, signal, made)
      : h("p", { class: "info" }, t.mayNot(texts.who[KINDS[kind]])));
  }

  function made(job) {
    below.querySelector(".empty")?.remove();
    const followed = jobOf(kind, { ...job, status: job.status === "awaiting_upload" ? "running" : job.status }, signal);
    table.hidden = false;
    table.tHead.after(followed.row);
    const result = h("div", { class: "result" });
    followed.onChange((now) => result.replaceChildren(...detailsOf(kind, now, followed)));
    place.replaceChildren(steps(kind, 3), result, h("p", { class: "buttons" }, button(t.again[kind], begin, {}, "plus")));
    focusOn(place);
  }

  place.addEventListener("chosen", () => place.querySelector(".step-names").replaceWith(steps(kind, 2)));
  begin();
  root.replaceChildren(h("div", { class: "head" }, h("h1", {}, t.title)), tabs, place, h("h2", {}, t.list[kind]), table, below);

  let token = null;
  async function more() {
    const waiting = skeleton(COLUMNS, 3);
    table.append(waiting);
    below.replaceChildren();
    try {
      const page = await api("GET", ofAccount(`/${kind}?${query({ page_size: JOBS_PER_PAGE, page_token: token })}`), { signal });
      table.append(...page[kind].map((job) => jobOf(kind, job, signal).row));
      token = page.next_page_token;
      below.replaceChildren(token ? button(t.more, more) : "");
    } catch (failed) {
      if (!signal.aborted) below.replaceChildren(problemBox(failed, { retry: more }));
      return;
    } finally {
      waiting.remove();
    }
    table.hidden = !table.querySelector("tbody");
    if (table.hidden) below.replaceChildren(h("div", { class: "empty" }, h("p", {}, t.none[kind])));
  }
  await more();
}

const steps = (kind, now) => (kind === "exports" ? "" : h("ol", { class: "step-names" }, t.steps.map((name, n) =>
  h("li", { "aria-current": n + 1 === now ? "step" : null }, name))));

/** One job, kept up to date while it runs: its rows in the table, and the listeners to its changes. */
function jobOf(kind, initial, signal) {
  let job = initial;
  let read = Date.now();
  let failing = false;
  const listeners = [];
  const path = ofAccount(`/${kind}/${encodeURIComponent(job.id)}`);
  const line = h("tr", {});
  const inside = h("td", { colspan: COLUMNS });
  const details = h("tr", { class: "details", hidden: true }, inside);
  const row = h("tbody", { class: "job" }, line, details);
  const running = () => job.status === "running" || job.status === "queued" || (job.status === "awaiting_upload" && Date.now() - Date.parse(job.created_at) < UPLOAD_SOON);

  const followed = {
    row,
    get job() { return job; },
    get failing() { return failing; },
    running,
    onChange(listen) {
      listeners.push(listen);
      listen(job);
    },
    async post(verb, body) {
      job = await api("POST", `${path}/${verb}`, { body });
      draw();
      watch();
    },
    /** A link to a file of the job; a link that may have expired is renewed first. */
    link(label, find, attributes = {}) {
      const follow = async (event) => {
        if (Date.now() - read < FRESH) return;
        event.preventDefault();
        try {
          await ask();
          if (find(job)) location.assign(find(job));
          else toast(t.linkFailed);
        } catch {
          toast(t.linkFailed);
        }
      };
      return h("a", { class: "button", href: find(job), rel: "noreferrer", download: true, onclick: follow, ...attributes }, label);
    },
    /** A button that saves a gzip file unpacked. */
    plain(find, name) {
      return button(t.plain, async ({ currentTarget }) => {
        currentTarget.disabled = true;
        try {
          if (Date.now() - read >= FRESH) await ask();
          const { savePlain } = await import("./csv.js");
          await savePlain(find(job), name);
        } catch (failed) {
          console.warn(failed.message);
          toast(t.linkFailed);
        }
        currentTarget.disabled = false;
      }, { class: "link" });
    },
  };

  async function ask() {
    const before = sameness(job);
    job = await api("GET", path, { signal });
    read = Date.now();
    // Redraw only on a change, so that screen readers announce nothing twice. (New links alone are not a change.)
    if (sameness(job) !== before || failing) {
      failing = false;
      draw();
    }
  }

  async function watch() {
    while (running() && !signal.aborted) {
      await new Promise((resolve) => { setTimeout(resolve, ASK_EVERY); });
      if (signal.aborted || !row.isConnected) return;
      try {
        await ask();
      } catch {
        if (signal.aborted) return;
        if (!failing) {
          failing = true;
          draw();
        }
      }
    }
  }

  function draw() {
    const focused = row.contains(document.activeElement) ? document.activeElement.dataset.part : null;
    row.className = `job ${job.status}`;
    const open = !details.hidden;
    const toggle = button(open ? t.hide : t.show, () => { details.hidden = !details.hidden; draw(); }, { class: "link", "aria-expanded": String(open), "data-part": "toggle", "aria-label": `${open ? t.hide : t.show}: ${titleOf(kind, job)}` });
    line.replaceChildren(
      h("td", { class: "col-what", title: titleOf(kind, job) }, h("b", {}, titleOf(kind, job)), job.dry_run && h("span", { class: "badge" }, t.dryRunShort)),
      h("td", { class: "col-status" }, statusOf(followed)),
      h("td", { class: "col-result" }, summaryOf(job)),
      h("td", { class: "col-started" }, time(job.created_at, "ago"), " ", h("span", { class: "muted" }, t.by(person(job.created_by)))),
      h("td", { class: "col-actions" }, !open && first(kind, job, followed), toggle));
    if (open) inside.replaceChildren(...detailsOf(kind, job, followed));
    if (focused) row.querySelector(`[data-part="${focused}"]`)?.focus({ preventScroll: true });
    for (const listen of listeners) listen(job);
  }

  draw();
  queueMicrotask(watch); // once the row is in the page
  return followed;
}

const sameness = ({ status, progress, counts: all, error, undo, attention }) => JSON.stringify([status, progress, all, error, undo?.counts, undo?.error, attention]);

function statusOf(followed) {
  const { job } = followed;
  if (!followed.running()) return h("span", { class: `badge ${job.status}` }, t.statuses[job.status] ?? job.status);
  const percent = Math.round((job.progress ?? 0) * 100);
  return [h("progress", { max: 100, value: percent, "aria-label": t.progressLabel }), h("span", {}, ` ${followed.failing ? t.notRead : t.progress(percent)}`)];
}

function titleOf(kind, job) {
  return kind === "exports" ? `${t.exportKinds[job.kind] ?? job.kind}, ${job.format === "jsonl" ? "JSONL" : "CSV"}` : job.filename;
}

const summaryOf = ({ counts = {} }) => ["listed", "clear", "blocked", "invalid"].filter((name) => counts?.[name]).map((name) => t.summary[name](counts[name])).join(" · ")
  || (counts?.rows ? t.summary.rows(counts.rows) : "");

/** The file of a finished job that most people want. */
function first(kind, job, { link }) {
  if (job.status !== "done") return null;
  const find = (one) => Object.keys(LINKS).map((name) => one[name]).find(Boolean) ?? one.files?.[0]?.url;
  const label = Object.entries(LINKS).find(([name]) => job[name])?.[1] ?? t.download;
  return find(job) && (kind === "exports" || Object.keys(LINKS).some((name) => job[name]))
    ? link(t.downloadShort, find, { class: "button primary", "aria-label": `${label}: ${titleOf(kind, job)}`, "data-part": "first" }) : null;
}

/** Everything about a job: its result, its files and its actions. */
function detailsOf(kind, job, followed) {
  const [link, plain] = [followed.link, followed.plain];
  const urls = Object.entries(LINKS).filter(([name]) => job[name]);
  return [
    followed.running() && h("p", { class: "state", role: "status" }, statusOf(followed)),
    job.status === "awaiting_upload" && !followed.running() && h("p", { class: "info" }, t.neverUploaded),
    !followed.running() && job.status === "done" && h("p", { class: "success", role: "status" }, job.dry_run ? t.tried : t.done[kind]),
    job.error && h("p", { class: "problem", role: "alert" }, job.error),
    job.attention && h("p", { class: "info" }, job.attention),
    job.status === "needs_columns" && columnsPart(kind, job, followed),
    counts(job.counts),
    (urls.length > 0 || undoable(kind, job)) && h("p", { class: "buttons" },
      urls.map(([name, label], n) => link(label, (one) => one[name], { class: n ? "button" : "button primary", "data-part": name })),
      undoable(kind, job) && button(t.undo, () => undo(job, followed), { "data-part": "undo" }, "undo")),
    files(kind, job, link, plain),
    job.undo && h("section", { class: "undone" }, h("h3", {}, t.undoOf), h("p", { class: "muted" }, time(job.undo.requested_at), ` ${t.by(person(job.undo.requested_by))}`),
      job.undo.error && h("p", { class: "problem" }, job.undo.error), counts(job.undo.counts),
      job.undo.report_url && link(t.links.undoReport, (one) => one.undo?.report_url)),
    more(kind, job, link),
  ].filter(Boolean);
}

const undoable = (kind, job) =>
  kind === "imports" && ["done", "failed"].includes(job.status) && !job.dry_run && (!job.undo || job.undo.error) && job.counts?.listed > 0 && session.may("import");

function undo(job, followed) {
  confirm({
    title: t.undoTitle(job.filename), what: t.undoWhat, button: t.undoButton, keep: t.undoKeep, danger: true,
    run: async () => {
      await followed.post("undo", { acting_user: session.actingUser });
    },
  });
}

/** The columns from which the job may take the numbers, if the service cannot decide. */
function columnsPart(kind, job, followed) {
  if (!session.may(KINDS[kind])) return h("p", { class: "info" }, t.needsColumns, " ", t.mayNot(texts.who[KINDS[kind]]));
  const boxes = (job.candidates ?? []).map(({ column, samples }) => {
    const box = h("input", { type: "checkbox", value: column });
    return { box, element: h("label", { class: "tick" }, box, h("b", {}, column), h("span", { class: "muted" }, (samples ?? []).join(", "))) };
  });
  const message = h("div", {});
  const submit = async (event) => {
    event.preventDefault();
    const columns = boxes.filter(({ box }) => box.checked).map(({ box }) => box.value);
    if (!columns.length) {
      message.replaceChildren(h("p", { class: "error", role: "alert" }, t.chooseColumn));
      boxes[0]?.box.focus();
      return;
    }
    try {
      await followed.post("columns", { columns });
    } catch (failed) {
      message.replaceChildren(problemBox(failed));
    }
  };
  return h("form", { class: "columns", onsubmit: submit }, h("p", {}, t.needsColumns), boxes.map(({ element }) => element), message, h("button", { class: "primary" }, t.useColumns));
}

function counts(all) {
  const known = Object.entries(all ?? {}).filter(([name, n]) => typeof n === "number" && (n || ["rows", "listed", "invalid", "clear", "blocked"].includes(name)));
  return known.length > 0 && h("dl", { class: "tiles counts" }, known.map(([name, n]) => h("div", {}, h("dt", {}, t.counts[name] ?? name.replaceAll("_", " ")), h("dd", {}, count(n)))));
}

/** The files of an export, or of a zip that was imported. */
function files(kind, job, link, plain) {
  if (!job.files?.length) return null;
  if (kind !== "exports") {
    return h("ol", { class: "files" }, job.files.map((file, n) => h("li", {}, h("b", {}, file.name), counts(file.counts), file.report_url && link(t.links.report, (one) => one.files[n]?.report_url))));
  }
  const stem = `${job.kind === "audit" ? "dnc-audit" : "dnc-numbers"}-${job.created_at.slice(0, 10)}`;
  const name = (n) => `${stem}${job.files.length > 1 ? `-${n + 1}` : ""}.${job.format}`;
  return h("ol", { class: "files" }, job.files.map((file, n) => h("li", {},
    link(job.files.length > 1 ? t.file(n + 1) : t.download, (one) => one.files[n]?.url, { class: n ? "button" : "button primary" }), " ",
    plain((one) => one.files[n]?.url, name(n)), " ", h("span", { class: "muted" }, t.fileFacts(file.rows, t.size(file.bytes))))));
}

/** Details that few people need: hashes, the manifest, and the options of the job. */
function more(kind, job, link) {
  const facts = [
    kind === "imports" && job.source && [t.source, sourceName(job.source)], job.region && [t.region, job.region], job.note && [t.note, job.note],
    (job.columns ?? job.column) && [t.phoneColumns, [].concat(job.columns ?? job.column).join(", ")],
    job.window && [t.window, [time(job.window.from), " – ", time(job.window.to)]],
    job.finished_at && [t.finished, time(job.finished_at)],
    ...(kind === "exports" ? (job.files ?? []).map((file, n) => [t.sha256(n + 1), h("code", {}, file.sha256)]) : []),
    job.manifest_sha256 && [t.manifestHash, h("code", {}, job.manifest_sha256)],
    [t.id, h("code", {}, job.id)],
  ].filter(Boolean);
  return h("details", { class: "more-facts" }, h("summary", {}, t.details),
    job.manifest_url && h("p", {}, link(t.links.manifest, (one) => one.manifest_url)),
    h("dl", { class: "facts" }, facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))));
}
