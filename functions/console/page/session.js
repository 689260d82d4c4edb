// The session: the credential, its holder, and the account. It exists only in open tabs: sessionStorage has this tab's
// copy, and a new tab gets one from the other tabs instead of asking for the key again.

const STORED = "nocall";
const EMPTY = { token: null, me: null, account: null, accountName: "", last: null, name: "" };
const RESPONSE_TIMEOUT = 200; // milliseconds; other tabs respond in a few
const channel = new BroadcastChannel(`nocall${location.pathname.replace(/\/$/, "")}`);

const chosen = ({ token, me, account, accountName, last, name }) => ({ token, me, account, accountName, last, name });

export const session = {
  ...EMPTY,
  ...JSON.parse(sessionStorage.getItem(STORED) ?? "{}"),

  save() {
    sessionStorage.setItem(STORED, JSON.stringify(chosen(this)));
  },

  /** Forget the credential in this tab; `everywhere`: in all tabs. */
  end({ everywhere = false, why = "" } = {}) {
    sessionStorage.removeItem(STORED);
    Object.assign(this, EMPTY);
    if (everywhere) channel.postMessage({ type: "end", why });
  },

  may(action) {
    return this.me?.may.includes(action) ?? false;
  },

  /** The person who acts, if a key is used; a person's own token names the person. */
  get actingUser() {
    return this.me?.person ? undefined : this.name || undefined;
  },

  get region() {
    return this.me?.default_region ?? null;
  },
};

/** Ask the other tabs for their session; settles when one responds, or after a short timeout. */
export function adoptSession() {
  if (session.token) return Promise.resolve();
  return new Promise((resolve) => {
    const heard = ({ data }) => {
      if (data.type !== "session" || session.token) return;
      Object.assign(session, chosen(data.session));
      session.save();
      done();
    };
    const timer = setTimeout(() => done(), RESPONSE_TIMEOUT);
    const done = () => {
      clearTimeout(timer);
      channel.removeEventListener("message", heard);
      resolve();
    };
    channel.addEventListener("message", heard);
    channel.postMessage({ type: "who" });
  });
}

channel.addEventListener("message", ({ data }) => {
  if (data.type === "who" && session.token) channel.postMessage({ type: "session", session: chosen(session) });
  if (data.type === "end" && session.token) dispatchEvent(new CustomEvent("signed-out", { detail: data.why }));
  if (data.type === "active") lastActive = Math.max(lastActive, data.at);
});

// Idle sign-out. Any tab's activity counts for all of them.

const LOOK_EVERY = 5000;
const WARN_BEFORE = 60_000;
let lastActive = Date.now();
let announced = 0;

function active() {
  lastActive = Date.now();
  if (lastActive - announced < LOOK_EVERY) return;
  announced = lastActive;
  channel.postMessage({ type: "active", at: lastActive });
}

/** Call `ended` after this many minutes without activity (0: never), and `soon(stay)` one minute earlier. */
export function watchIdleness(minutes, soon, ended) {
  if (!minutes) return;
  for (const type of ["pointerdown", "keydown", "wheel"]) addEventListener(type, active, { passive: true, capture: true });
  let warned = false;
  setInterval(() => {
    if (!session.token) {
      lastActive = Date.now();
      return;
    }
    const left = lastActive + minutes * 60_000 - Date.now();
    if (left <= 0) ended();
    else if (left <= WARN_BEFORE && !warned) soon(active);
    warned = left <= WARN_BEFORE;
  }, LOOK_EVERY);
}
