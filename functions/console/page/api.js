// Calls to the API, and the one error that they raise.

import { session } from "./session.js";
import { texts } from "./texts.js";

/** A failed call. `detail`: a message for the user; `status` 0: no response arrived. */
export class Problem extends Error {
  constructor({ status = 0, code = "network", detail = texts.errors.network, errors = [], request_id: requestId = null }) {
    super(detail);
    Object.assign(this, { status, code, detail, errors: errors ?? [], requestId });
  }

  /** Whether the same call may work later. */
  get passing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export const base = location.pathname.replace(/\/console\/?$/, "");
const TIMEOUT = 30_000;
const RETRY = new Set([429, 502, 503, 504]);
const PAUSE = 500;
const READS = /\/(checks|readings)$/;

const wait = (milliseconds, signal) => new Promise((resolve) => {
  const timer = setTimeout(resolve, milliseconds);
  signal?.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
});

/** Call the API. Returns the parsed body; raises Problem, or AbortError if `signal` was aborted. Reads are retried once. */
export async function api(method, path, { body, signal, token = session.token } = {}) {
  const request = { method, path, body, signal, token };
  const once = await attempt(request);
  if (!once.failed) return once.body;
  if (!RETRY.has(once.failed.status) || !(method === "GET" || READS.test(path))) throw once.failed;
  await wait(once.pause ?? PAUSE * (1 + Math.random()), signal);
  const twice = await attempt(request);
  if (twice.failed) throw twice.failed;
  return twice.body;
}

async function attempt({ method, path, body, signal, token }) {
  const timeout = AbortSignal.timeout(TIMEOUT);
  let response;
  let text;
  try {
    response = await fetch(base + path, {
      method,
      headers: { Authorization: `Bearer ${token}`, ...(body && { "Content-Type": "application/json" }) },
      body: body && JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      cache: "no-store",
      credentials: "omit",
    });
    text = await response.text();
  } catch (failed) {
    if (signal?.aborted) throw failed;
    if (timeout.aborted) return { failed: new Problem({ code: "timeout", detail: texts.errors.timeout }) };
    connection.lost();
    return { failed: new Problem({}) };
  }
  connection.found();
  const content = parsed(text);
  if (response.ok && content !== undefined) return { body: content };
  if (response.status === 401 && token && token === session.token) dispatchEvent(new CustomEvent("signed-out", { detail: "ended" }));
  return { failed: new Problem(described(response.status, content)), pause: pauseOf(response) };
}

/** The parsed JSON; null for an empty body, undefined for anything else. */
function parsed(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return undefined;
  }
}

/** The service's message for a refusal, or ours by status for a failure or a response of a gateway or proxy. */
function described(status, content) {
  const words = texts.errors.status[status] ?? (status < 400 ? texts.errors.odd : texts.errors.other(status));
  const own = typeof content?.code === "string";
  if (status < 400) return { code: "gateway", status: 502, detail: words }; // a proxy's page instead of the response
  return { code: "gateway", ...(own && content), detail: own && status < 500 && status !== 429 ? content.detail ?? words : words, status };
}

function pauseOf(response) {
  const seconds = Number(response.headers.get("Retry-After"));
  return seconds > 0 && seconds <= 5 ? seconds * 1000 : undefined;
}

// Whether the service can be reached. After a failed call, the page tries until something responds.

const PROBE_EVERY = 3000;

export const connection = {
  online: navigator.onLine,
  lost() {
    if (!this.online) return;
    this.online = false;
    dispatchEvent(new CustomEvent("connection"));
    this.probe();
  },
  found() {
    if (this.online) return;
    this.online = true;
    dispatchEvent(new CustomEvent("connection"));
  },
  async probe() {
    while (!this.online) {
      await wait(PROBE_EVERY);
      await this.tryNow();
    }
  },
  /** Try to reach the service. */
  async tryNow() {
    try {
      await fetch(`${base}/console`, { cache: "no-store", credentials: "omit" });
      this.found();
    } catch {
      this.lost();
    }
    return this.online;
  },
};
addEventListener("offline", () => connection.lost());
addEventListener("online", () => connection.tryNow());
if (!connection.online) connection.probe();

export const ofAccount = (path) => `/accounts/${encodeURIComponent(session.account)}${path}`;
export const query = (fields) =>
  new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined && value !== "")).toString();
export const numberPath = (number) => ofAccount(`/numbers/${encodeURIComponent(number)}`);
