// A list of any length in a document of bounded size: only the pages of rows near the viewport are in the document, and two
// spacers stand in for the others. The browser's Back returns to the same place.

import { h, problemBox, settled, skeleton } from "./kit.js";

const NEAR = 1500; // pixels above and below the viewport
const ENOUGH = 25; // rows per page; a filtered page of the service may have fewer although the list continues
const PATIENCE = 150; // milliseconds before the skeleton appears

const places = new Map();
history.scrollRestoration = "manual";
const ascending = (one, other) => (one < other ? -1 : one > other ? 1 : 0);

/**
 * Fill a table. `read(token)` resolves to { rows, token } of one request, in the order of `key(row)`; `row(values)` returns
 * a line. `report` gets { found, busy, searching, ended, failed, retry, resume } whenever that changes.
 */
export function endless({ table, columns, read, row, key, report, signal, compare = ascending }) {
  const [above, below] = [spacer(columns), spacer(columns)];
  const id = history.state?.list ?? crypto.randomUUID();
  history.replaceState({ ...history.state, list: id }, "");
  const left = places.get(id)?.pages.length ? places.get(id) : null;
  const pages = left?.pages ?? [];
  let next = left ? left.next : { token: null };
  let [first, last] = [0, -1]; // of the pages that are in the document
  let scrolled = left?.scrolled ?? 0;
  let busy = false;
  let failed = null;

  const waiting = skeleton(columns, 12);
  const timer = setTimeout(() => { if (!pages.length && busy) below.body.before(waiting); }, PATIENCE);
  const loaded = () => { clearTimeout(timer); waiting.remove(); };
  signal.addEventListener("abort", loaded);

  table.append(above.body, below.body);

  const found = () => pages.reduce((all, page) => all + page.count, 0);
  const retry = () => { failed = null; more(); };
  const resume = (token) => { next = { token }; more(); };
  const say = () => report({ found: found(), busy, ended: !next, failed, retry, resume });

  /** Read from a token: at least ENOUGH rows, or up to the key that ended this page before. */
  async function rowsFrom(token, until) {
    const rows = [];
    do {
      const page = await read(token);
      rows.push(...page.rows);
      ({ token } = page);
      if (until === undefined && token && rows.length < ENOUGH) report({ found: found() + rows.length, busy: true, searching: true });
    } while (token && !signal.aborted && (until === undefined ? rows.length < ENOUGH : !rows.length || compare(key(rows.at(-1)), until) < 0));
    return { rows: until === undefined ? rows : rows.filter((one) => compare(key(one), until) <= 0), token };
  }

  async function more() {
    if (busy || failed || !next || signal.aborted) return;
    busy = true;
    say();
    try {
      const { rows, token } = await rowsFrom(next.token);
      if (signal.aborted) return;
      if (rows.length) {
        const page = { token: next.token, until: key(rows.at(-1)), count: rows.length, height: 0, body: h("tbody", {}, rows.map(row)) };
        pages.push(page);
        if (last === pages.length - 2) {
          below.body.before(page.body);
          last += 1;
        }
      }
      next = token ? { token } : null;
    } catch (problem) {
      if (signal.aborted) return;
      failed = problem;
    }
    loaded();
    busy = false;
    say();
    arrange();
  }

  /** Read a page's rows again. Until they arrive, the page keeps its height. */
  async function fill(page) {
    const held = spacer(columns);
    held.height(page.height);
    const body = h("tbody", {}, held.line);
    page.body = body;
    const current = () => page.body === body && !signal.aborted;
    try {
      const { rows } = await rowsFrom(page.token, page.until);
      if (!current()) return;
      body.replaceChildren(...rows.map(row));
      page.count = rows.length;
    } catch (problem) {
      if (!current()) return;
      const again = () => {
        fill(page);
        body.replaceWith(page.body);
      };
      body.replaceChildren(h("tr", {}, h("td", { colspan: columns }, problemBox(problem, { retry: again }))));
    }
  }

  /** Keep only the pages near the viewport in the document. */
  function arrange() {
    if (signal.aborted) return;
    const top = table.getBoundingClientRect().top + table.tHead.offsetHeight;
    let at = 0;
    let [from, to] = [pages.length, -1];
    for (const [n, page] of pages.entries()) {
      if (page.body) page.height = page.body.offsetHeight;
      const near = top + at < innerHeight + NEAR && top + at + page.height > -NEAR;
      if (near) [from, to] = [Math.min(from, n), n];
      at += page.height;
    }
    if (to < 0 && pages.length) [from, to] = top > 0 ? [0, 0] : [pages.length - 1, pages.length - 1];
    for (const [n, page] of pages.entries()) {
      if (page.body && (n < from || n > to)) {
        page.body.remove();
        page.body = null;
      }
    }
    for (let n = to; n >= from && n >= 0; n -= 1) {
      if (!pages[n].body) {
        fill(pages[n]);
        (pages[n + 1]?.body ?? below.body).before(pages[n].body);
      }
    }
    [first, last] = [from, to];
    const height = (some) => some.reduce((all, page) => all + page.height, 0);
    above.height(height(pages.slice(0, Math.max(first, 0))));
    below.height(height(pages.slice(last + 1)));
    if (last === pages.length - 1 && table.getBoundingClientRect().bottom < innerHeight + NEAR) more();
  }

  let planned = false;
  const update = () => {
    if (planned) return;
    planned = true;
    requestAnimationFrame(() => {
      planned = false;
      if (signal.aborted) return;
      scrolled = scrollY;
      arrange();
    });
  };
  addEventListener("scroll", update, { passive: true, signal });
  addEventListener("resize", settled(update, 100), { signal });
  signal.addEventListener("abort", () => {
    places.set(id, { pages: pages.map((page) => ({ ...page, body: null })), next, scrolled });
    if (places.size > 20) places.delete(places.keys().next().value);
  });

  if (left) {
    loaded();
    above.height(pages.reduce((all, page) => all + page.height, 0));
    say();
    scrollTo(0, left.scrolled);
    arrange();
  } else {
    more();
  }
}

function spacer(columns) {
  const body = h("tbody", { "aria-hidden": "true" });
  const cell = h("td", { colspan: columns });
  const line = h("tr", { class: "spacer" }, cell);
  const height = (pixels) => {
    cell.style.blockSize = `${pixels}px`;
    if (pixels > 0 !== line.isConnected) body.replaceChildren(...(pixels > 0 ? [line] : []));
  };
  return { body, line, height };
}
