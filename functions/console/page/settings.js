// Settings: the account, its API keys, and its policy.

import { api, ofAccount } from "./api.js";
import { confirm, openModal } from "./dialog.js";
import { asMoment, country, keyNames, person, reasonName, time } from "./format.js";
import { button, field, focusOn, h, invalid, loading, options, problemBox, toast } from "./kit.js";
import { removalReasons } from "./remove.js";
import { session } from "./session.js";
import { texts } from "./texts.js";
import { words } from "./views_texts.js";

const t = words.settings;
const PREFIX = /^\+[1-9]\d{1,6}$/;
const SUGGESTED = ["consent_given", "request_withdrawn", "number_reassigned"];

export async function show(root, fields, signal) {
  const waiting = loading();
  const places = Object.fromEntries(["account", "keys", "policy"].map((name) => [name, h("section", { class: `card ${name === "keys" ? "" : "form-width"}`, "aria-labelledby": `settings-${name}` })]));
  const all = h("div", { class: "stack", hidden: true }, Object.values(places)); // shown all at once, so that no part moves another
  root.replaceChildren(h("h1", {}, t.title), waiting, all);
  const read = async (name, load, draw) => {
    const place = places[name];
    try {
      place.replaceChildren(title(name), ...draw(await load()));
    } catch (failed) {
      if (!signal.aborted) place.replaceChildren(title(name), problemBox(failed, { retry: () => read(name, load, draw) }));
    }
  };
  const keys = () => read("keys", async () => (await api("GET", ofAccount("/keys"), { signal })).keys, (found) => keysPart(found, keys));
  const account = async () => {
    const loaded = api("GET", ofAccount(""), { signal });
    loaded.catch(() => {});
    await Promise.all([
      read("account", () => loaded, (one) => accountPart(one, account)),
      read("policy", async () => [await loaded, await removalReasons()], ([one, reasons]) => policyPart(one, reasons.reasons, account)),
    ]);
  };
  await Promise.all([account(), keys()]);
  waiting.remove();
  all.hidden = false;
}

const title = (name) => h("h2", { id: `settings-${name}` }, t[name].title);

function accountPart(account, again) {
  const operator = session.may("platform");
  if (!operator) {
    return [h("dl", { class: "facts" }, fact(t.account.name, account.name), fact(t.account.id, account.account_id),
      fact(t.account.region, account.default_region ? country(account.default_region) : t.account.noRegion), fact(t.account.created, time(account.created_at))),
    h("p", { class: "muted" }, t.account.onlyOperator)];
  }
  const name = h("input", { type: "text", maxlength: 200, value: account.name ?? "" });
  const region = h("input", { type: "text", maxlength: 2, value: account.default_region ?? "", autocapitalize: "characters" });
  const suspended = h("input", { type: "checkbox" });
  suspended.checked = account.suspended;
  return [form(t.save, [h("div", { class: "pair" }, field(t.account.name, name, { required: true }), field(t.account.region, region, { hint: t.account.regionHint })),
    h("label", { class: "tick" }, suspended, t.account.suspended)], async () => {
    if (!name.value.trim()) return wrong(name, t.account.needsName);
    const now = await api("PUT", ofAccount(""), { body: { name: name.value.trim(), default_region: region.value.trim().toUpperCase() || null, suspended: suspended.checked } });
    session.accountName = now.name;
    session.me = { ...session.me, default_region: now.default_region, suspended: now.suspended };
    session.save();
    dispatchEvent(new CustomEvent("named"));
    toast(t.saved);
    return again();
  })];
}

const fact = (name, value) => h("div", {}, h("dt", {}, name), h("dd", {}, value));

/** Mark a field as invalid; its form stays unchanged. */
function wrong(control, text) {
  invalid(control, text);
  control.focus();
}

/** A form with one button. `run` saves it; if it throws, the form stays and shows why. */
function form(label, children, run) {
  const message = h("div", {});
  const submit = h("button", { class: "primary" }, label);
  return h("form", {
    novalidate: true, onsubmit: async (event) => {
      event.preventDefault();
      if (submit.disabled) return;
      submit.disabled = true;
      message.replaceChildren();
      for (const control of event.target.querySelectorAll("[aria-invalid]")) invalid(control);
      try {
        await run();
      } catch (failed) {
        message.replaceChildren(problemBox(failed, { more: failed.errors?.map((one) => one.message).join(" ") || null }));
        focusOn(message);
      }
      submit.disabled = false;
    },
  }, children, message, h("p", { class: "buttons" }, submit));
}

function keysPart(keys, again) {
  for (const key of keys) keyNames.set(key.key_id, key.name);
  const live = keys.filter((key) => !key.revoked_at && !ended(key));
  const dead = keys.filter((key) => !live.includes(key));
  return [
    h("p", { class: "muted" }, t.keys.intro),
    h("p", { class: "buttons" }, button(t.keys.make, () => makeKey(again), { class: "primary" }, "plus")),
    keyTable(live, again),
    dead.length > 0 && h("details", {}, h("summary", {}, t.keys.ended(dead.length)), keyTable(dead, again)),
  ].filter(Boolean);
}

const ended = (key) => Boolean(key.expires_at) && Date.parse(key.expires_at) <= Date.now();

function keyTable(keys, again) {
  if (!keys.length) return h("p", { class: "empty" }, t.keys.none);
  return h("table", { class: "rows keys" }, h("caption", { class: "hidden" }, t.keys.title),
    h("thead", {}, h("tr", {}, ["name", "role", "created", "used", "expires"].map((name) => h("th", { scope: "col", class: `col-${name}` }, t.keys[name])), h("th", { scope: "col", class: "col-actions" }, h("span", { class: "hidden" }, texts.list.actions)))),
    h("tbody", {}, keys.map((key) => {
      const name = key.name || key.key_id;
      return h("tr", {},
        h("td", { class: "col-name", title: key.key_id }, h("b", {}, name), `key:${key.key_id}` === session.me.principal && h("span", { class: "badge" }, t.keys.yours)),
        h("td", { class: "col-role" }, texts.roles[key.role] ?? key.role),
        h("td", { class: "col-created" }, time(key.created_at, "ago"), key.created_by && h("span", { class: "muted" }, ` ${t.keys.by(person({ principal: key.created_by }))}`)),
        h("td", { class: "col-used" }, key.last_used_at ? time(key.last_used_at, "ago") : "–"),
        h("td", { class: "col-expires" }, key.revoked_at ? [t.keys.revoked, " ", time(key.revoked_at, "ago")] : key.expires_at ? time(key.expires_at, "dated") : t.keys.never),
        h("td", { class: "col-actions" }, !key.revoked_at && !ended(key) && button(t.keys.revoke, () => revoke(key, name, again), { "aria-label": t.keys.revokeNamed(name) })));
    })));
}

function revoke(key, name, again) {
  const own = `key:${key.key_id}` === session.me.principal;
  confirm({
    title: t.keys.revokeTitle(name), what: own ? t.keys.revokeOwn : t.keys.revokeWhat, button: t.keys.revoke, keep: t.keys.keep, danger: true, anonymous: true,
    run: async () => {
      await api("DELETE", ofAccount(`/keys/${encodeURIComponent(key.key_id)}`));
      return () => {
        toast(t.keys.wasRevoked(name));
        again();
      };
    },
  });
}

function makeKey(again) {
  const { content, foot, close } = openModal(t.keys.make, "make-key");
  const name = h("input", { type: "text", maxlength: 200, autocomplete: "off" });
  const role = h("select", {}, options(Object.fromEntries(Object.entries(texts.roles).filter(([one]) => one !== "operator"))));
  role.value = "agent";
  const does = h("small", {}, words.help.roles[role.value]);
  role.addEventListener("input", () => { does.textContent = words.help.roles[role.value]; });
  const expires = h("input", { type: "date" });
  const made = form(t.keys.create, [field(t.keys.name, name, { hint: t.keys.nameHint }), field(t.keys.role, role), does, field(t.keys.expires, expires, { optional: true })], async () => {
    if (!name.value.trim()) return wrong(name, t.keys.needsName);
    const at = expires.value ? asMoment(`${expires.value}T23:59`) : undefined;
    if (at && Date.parse(at) <= Date.now()) return wrong(expires, t.keys.past);
    const key = await api("POST", ofAccount("/keys"), { body: { name: name.value.trim(), role: role.value, expires_at: at } });
    again();
    return showToken(key);
  });
  content.append(made);
  foot.append(button(texts.remove.close, close));
  name.focus();

  function showToken(key) {
    const token = h("input", { type: "text", readonly: true, value: key.token, class: "token", "aria-label": t.keys.token });
    const copied = h("p", { role: "status", class: "muted" });
    const copy = async () => {
      token.select();
      await navigator.clipboard.writeText(key.token).then(() => { copied.textContent = t.keys.copied; }, () => { copied.textContent = t.keys.copyYourself; });
    };
    content.replaceChildren(h("div", { class: "stack" }, h("p", { class: "info" }, t.keys.once), h("div", { class: "copy-line" }, token, button(t.keys.copy, copy, { class: "primary" }, "copy")), copied));
    token.focus();
    token.select();
    return null;
  }
}

function policyPart(account, reasons, again) {
  const prefixes = h("textarea", { rows: 3, spellcheck: "false" });
  prefixes.value = (account.blocked_prefixes ?? []).join("\n");
  const note = h("input", { type: "text", maxlength: 2000 });
  const before = account.approve_reasons ?? [];
  const operator = session.may("platform");
  const boxes = reasons.map((reason) => {
    const box = h("input", { type: "checkbox", value: reason.code, disabled: before.includes(reason.code) && !operator });
    box.checked = before.includes(reason.code);
    return { box, element: h("label", { class: "tick" }, box, reasonName(reason.code), SUGGESTED.includes(reason.code) && h("span", { class: "badge" }, t.policy.suggested)) };
  });
  const hasPrefixes = "blocked_prefixes" in account;
  if (!hasPrefixes && !("approve_reasons" in account)) return [h("p", { class: "muted" }, t.policy.none)];
  return [form(t.save, [
    hasPrefixes && field(t.policy.prefixes, prefixes, { hint: t.policy.prefixesHint }),
    h("fieldset", {}, h("legend", {}, t.policy.approve), h("p", { class: "muted" }, t.policy.approveHint, operator ? "" : ` ${t.policy.onlyLonger}`), boxes.map(({ element }) => element)),
    field(t.policy.note, note, { hint: t.policy.noteHint }),
  ], async () => {
    const wanted = prefixes.value.split(/[\s,;]+/).filter(Boolean).map((one) => (one.startsWith("+") ? one : `+${one}`));
    const bad = wanted.find((one) => !PREFIX.test(one));
    if (bad) return wrong(prefixes, t.policy.badPrefix(bad));
    if (!note.value.trim()) return wrong(note, t.policy.needsNote);
    const approve = boxes.filter(({ box }) => box.checked).map(({ box }) => box.value);
    await api("PATCH", ofAccount(""), { body: { blocked_prefixes: hasPrefixes ? wanted : undefined, approve_reasons: approve, note: note.value.trim(), acting_user: session.actingUser } });
    toast(t.saved);
    return again();
  })];
}

