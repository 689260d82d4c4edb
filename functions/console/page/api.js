// Calls to the API, and the failure that they raise.

import { session } from "./session.js";
import { texts } from "./texts.js";

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
export const query = (fields) =>
  new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined && value !== "")).toString();
export const numberPath = (number) => ofAccount(`/numbers/${encodeURIComponent(number)}`);
