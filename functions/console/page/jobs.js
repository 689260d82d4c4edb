// Jobs: imports with their report and undo, scrubs, exports. What runs is asked after until it has ended.

import { api, ofAccount, query } from "./api.js";
import { confirm } from "./dialog.js";
import { count, person, time } from "./format.js";
import { jobForm } from "./job_form.js";
import { h, loading, problemBox, toast } from "./kit.js";
import { session } from "./session.js";
import { texts } from "./texts.js";

const t = texts.jobs;
const KINDS = { imports: "import", scrubs: "scrub", exports: "export" };
const LINKS = { report_url: t.links.report, clear_url: t.links.clear, blocked_url: t.links.blocked, late_url: t.links.late, manifest_url: t.links.manifest };
const ASK_EVERY = 2000;
const FRESH = 10 * 60_000; // a link lives 15 minutes
const A_PAGE = 20;

export async function show(root, fields, signal) {
  const kind = Object.hasOwn(KINDS, fields.kind ?? "") ? fields.kind : "imports";
  const kinds = h("nav", { class: "kinds", "aria-label": t.kindsLabel }, Object.entries(t.kinds).map(([one, words]) =>
    h("a", { href: `#/jobs?kind=${one}`, "aria-current": one === kind ? "page" : null }, words)));
  const list = h("ol", { class: "jobs" });
  const below = h("div", {}, loading());
  const added = (job) => {
    below.querySelector(".empty")?.remove();
    list.prepend(card(kind, job, signal));
  };
  const made = (job, message) => {
    message.replaceChildren(h("p", { class: "success", role: "status" }, kind === "exports" ? t.statuses.running : t.uploaded));
    added({ ...job, status: "running" });
  };
  const form = session.may(KINDS[kind]) ? h("section", { class: "panel" }, h("h2", {}, t.make[kind]), jobForm(kind, signal, made)) : "";
  root.replaceChildren(h("h1", {}, t.title), kinds, h("p", { class: "quiet" }, t.intro[kind]), form, h("h2", {}, t.list[kind]), list, below);

  let token = null;
  async function more() {
    below.replaceChildren(loading());
    try {
      const page = await api("GET", ofAccount(`/${kind}?${query({ page_size: A_PAGE, page_token: token })}`), { signal });
      list.append(...page[kind].map((job) => card(kind, job, signal)));
      token = page.next_page_token;
      const empty = list.childElementCount ? "" : h("p", { class: "empty" }, t.none[kind]);
      below.replaceChildren(token ? h("button", { type: "button", onclick: more }, t.more) : empty);
    } catch (failed) {
      if (!signal.aborted) below.replaceChildren(problemBox(failed, more));
    }
  }
  await more();
}

/** One job, that keeps itself up to date while it runs. */
function card(kind, job, signal) {
  const place = h("li", { class: "job" });
  const path = ofAccount(`/${kind}/${encodeURIComponent(job.id)}`);
  const running = () => job.status === "running" || (job.status === "awaiting_upload" && Date.now() - Date.parse(job.created_at) < 120_000);
  let read = Date.now();

  async function ask() {
    const before = sameness(job);
    job = await api("GET", path, { signal });
    read = Date.now();
    // What did not change is not said again to who listens. (Links change with each look, and a fresh one is asked for anyway.)
    if (sameness(job) !== before || place.querySelector(".state").dataset.failed) draw();
  }

  async function watch() {
    while (running() && !signal.aborted) {
      await new Promise((resolve) => { setTimeout(resolve, ASK_EVERY); });
      if (signal.aborted || !place.isConnected) return;
      try {
        await ask();
      } catch {
        if (signal.aborted) return;
        const state = place.querySelector(".state");
        if (!state.dataset.failed) state.textContent = t.pollFailed;
        state.dataset.failed = "yes";
      }
    }
  }

  /** Open a file under a link that still lives. */
  const fetched = (find) => async (event) => {
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
  const link = (words, find, more = {}) => h("a", { class: "button", href: find(job), rel: "noreferrer", download: true, onclick: fetched(find), ...more }, words);

  function undo() {
    confirm({
      title: t.undoTitle(job.filename), what: t.undoWhat, button: t.undoButton, keep: t.undoKeep,
      run: async () => {
        job = await api("POST", `${path}/undo`, { body: { acting_user: session.actingUser } });
        return () => {
          draw();
          watch();
        };
      },
    });
  }

  function draw() {
    const percent = Math.round((job.progress ?? 0) * 100);
    const ended = !running();
    const had = place.contains(document.activeElement);
    place.className = `job ${job.status}`;
    place.replaceChildren(
      h("div", { class: "job-head" }, h("b", {}, titleOf(kind, job)), " ", h("span", { class: `badge ${job.status}` }, t.statuses[job.status] ?? job.status)),
      h("p", { class: "quiet" }, time(job.created_at), ` ${t.by(person(job.created_by))}`, job.finished_at ? [", ", t.finished, time(job.finished_at)] : ""),
      job.dry_run ? h("p", { class: "note" }, t.tried) : "",
      h("p", { class: "state", role: "status" }, ended ? "" : [h("progress", { max: 100, value: percent, "aria-label": t.progressLabel }), ` ${t.progress(percent)}`]),
      job.error ? h("p", { class: "problem" }, job.error) : "",
      counts(job.counts),
      h("p", { class: "buttons" },
        Object.entries(LINKS).filter(([name]) => job[name]).map(([name, words]) => link(words, (one) => one[name])),
        kind === "imports" && ["done", "failed"].includes(job.status) && !job.dry_run && (!job.undo || job.undo.error) && job.counts?.listed && session.may("import")
          ? h("button", { type: "button", onclick: undo }, t.undo) : ""),
      files(kind, job, link),
      job.undo ? h("section", { class: "undo" }, h("b", {}, t.undoOf), h("p", { class: "quiet" }, time(job.undo.requested_at), ` ${t.by(person(job.undo.requested_by))}`),
        job.undo.error ? h("p", { class: "problem" }, job.undo.error) : "", counts(job.undo.counts),
        job.undo.report_url ? link(t.links.undoReport, (one) => one.undo?.report_url) : "") : "",
    );
    if (had) place.querySelector("a, button")?.focus();
  }

  draw();
  // It is put into the page right after this, and only then looked after.
  queueMicrotask(watch);
  return place;
}

const sameness = ({ status, progress, counts: all, error, undo }) => JSON.stringify([status, progress, all, error, undo?.counts, undo?.error]);

function titleOf(kind, job) {
  if (kind !== "exports") return job.filename;
  const format = job.format === "jsonl" ? "JSONL" : "CSV";
  return `${t.exportKinds[job.kind] ?? job.kind}, ${format}`;
}

function counts(all) {
  const told = Object.entries(all ?? {}).filter(([name, n]) => n || ["rows", "listed", "invalid", "clear", "blocked"].includes(name));
  return told.length ? h("dl", { class: "counts" }, told.map(([name, n]) => h("div", {}, h("dt", {}, t.counts[name] ?? name.replaceAll("_", " ")), h("dd", {}, count(n))))) : "";
}

/** The files of an export, or of a zip that was imported. */
function files(kind, job, link) {
  if (!job.files?.length) return "";
  if (kind === "exports") {
    return h("ol", { class: "files" }, job.files.map((file, n) => h("li", {},
      link(t.file(n + 1), (one) => one.files[n]?.url), " ", t.fileFacts(file.rows, t.size(file.bytes)),
      h("small", {}, `${t.sha256} `, h("code", {}, file.sha256)))));
  }
  return h("ol", { class: "files" }, job.files.map((file, n) => h("li", {},
    h("b", {}, file.name), counts(file.counts), file.report_url ? link(t.links.report, (one) => one.files[n]?.report_url) : "")));
}
