"""An in-memory API that responds inside the browser, for the console without a stack.

It follows the contract as far as a page can tell. Views, states and failures are tested on it in milliseconds; the main
flows are tested on the whole stack as well.
"""

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import phonenumbers
from playwright.sync_api import BrowserContext, Request, Route

from console.page_files import Page as PageFiles
from dnc.accounts.access import ALLOWED, Role
from dnc.entries import notices, reasons
from dnc.entries.entry import Source

ORIGIN = "https://console.test"
BASE = "/v1"
TOKEN = "nck_acme.k1.secret"
KEY_NAME = "Call center floor"
_DETAILS = (
    *("note", "campaign_id", "agent_id", "call_id", "caller_id", "consumer_name"),
    *("seller", "telemarketer", "goods_or_services", "import_id"),
)
_REQUEST = ("source", "requested_at", *_DETAILS)

type Body = Any
type Reply = tuple[int, Body]


def text(moment: datetime) -> str:
    """Return a time in the API's format: RFC 3339, UTC, milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Refused(Exception):
    """A problem response. `more`: further members of the problem."""

    def __init__(self, status: int, code: str, detail: str, **more: Any) -> None:
        self.status = status
        self.body = {"type": f"/problems/{code}", "title": code, "status": status, "code": code, "detail": detail}
        self.body |= {"request_id": "req-1", **more}
        super().__init__(detail)


class FakeApi:
    """One account's API. A test changes the state directly, or sets `failures[pattern]` to a response.

    `calls` lists what the page sent: (method, path below the account, query, body).
    """

    def __init__(self) -> None:
        self.me: dict[str, Any] = {}
        self.role = ""
        self.become("manager")
        self.account: dict[str, Any] = {
            "account_id": "acme",
            "name": "Acme Inc.",
            "default_region": "US",
            "suspended": False,
            "blocked_prefixes": [],
            "approve_reasons": [],
            "created_at": "2026-01-05T09:00:00.000Z",
            "changed_at": "2026-01-05T09:00:00.000Z",
        }
        self.accounts = [self.account]
        self.entries: dict[str, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.jobs: dict[str, list[dict[str, Any]]] = {"imports": [], "scrubs": [], "exports": []}
        self.keys: list[dict[str, Any]] = []
        self.calls: list[tuple[str, str, dict[str, str], Any]] = []
        self.refused_words: dict[str, str] = {}
        self.failures: dict[str, dict[str, Any] | str] = {}
        self.held: dict[str, list[Route]] = {}
        self.uploads: list[tuple[dict[str, str], bytes]] = []
        self.upload_status = 200
        self.files: dict[str, bytes] = {}
        self.without: set[str] = set()
        self.sign_in: dict[str, Any] = {}
        self.settings: dict[str, Any] = {}
        self.tokens = {TOKEN}
        self.total: int | None = None
        self._page = PageFiles.load()
        self._requests = 0

    def become(self, role: str, *, person: str | None = None) -> None:
        """Make the token belong to a key of the account with this role, or to a person."""
        operator = role == "operator"
        self.role = role
        self.me = {
            "principal": f"user:{person}" if person else "key:k1",
            "person": person,
            "role": role,
            "account_id": None if operator else "acme",
            "account_name": None if operator else "Acme Inc.",
            "default_region": None if operator else "US",
            "may": sorted(ALLOWED[Role(role)]),
            "key_name": None if person else KEY_NAME,
        }

    def add(self, number: str, *, ago: float = 60, by: str = "u-17", **fields: Any) -> dict[str, Any]:
        """List a number `ago` minutes ago."""
        at = text(datetime.now(UTC) - timedelta(minutes=ago))
        return self._add({"number": number, "acting_user": by, **fields}, at)[1]

    def remove(self, number: str, reason: str = "marked_by_mistake", *, ago: float = 5, **fields: Any) -> None:
        """Remove a number `ago` minutes ago."""
        entry = self.entries[number]
        at = text(datetime.now(UTC) - timedelta(minutes=ago))
        body = {"reason": reason, "note": "typo", "if_version": entry["version"], "acting_user": "u-2", **fields}
        self._removed(entry, body, at)

    def fail(self, pattern: str, response: dict[str, Any] | str) -> None:
        """Fail requests that match `METHOD path`: with a response, "offline" to abort, or "hold" to keep them open."""
        self.failures[pattern] = response

    def recover(self) -> None:
        """End all failures, and respond to the requests that are held."""
        self.failures.clear()
        for route in [one for routes in self.held.values() for one in routes]:
            self._serve(route, route.request)
        self.held.clear()

    def sent(self, method: str, pattern: str) -> list[Any]:
        """Return the bodies of the requests with this method whose path matches."""
        return [body for used, path, _, body in self.calls if used == method and re.search(pattern, path)]

    def serve(self, context: BrowserContext) -> str:
        """Respond to all requests in this context. Return the console's URL."""

        def respond(route: Route, request: Request) -> None:  # not a method, because Playwright sets attributes on it
            self._route(route, request)

        context.route("**/*", respond)
        return f"{ORIGIN}{BASE}/console"

    def _route(self, route: Route, request: Request) -> None:
        url = urlsplit(request.url)
        signature = f"{request.method} {url.path.removeprefix(BASE)}{'?' + url.query if url.query else ''}"
        for pattern, response in self.failures.items():
            if re.search(pattern, signature):
                if response == "offline":
                    return route.abort("internetdisconnected")
                if response == "hold":
                    self.held.setdefault(pattern, []).append(route)
                    return None
                return route.fulfill(**response)
        return self._serve(route, request)

    def _serve(self, route: Route, request: Request) -> None:
        url = urlsplit(request.url)
        path = url.path.removeprefix(BASE)
        if path == "/console" or path.startswith("/console/"):
            return self._console(route, path.removeprefix("/console").lstrip("/"))
        if path.startswith("/bucket/"):
            return self._bucket(route, request, path)
        query = dict(parse_qsl(url.query))
        body = json.loads(request.post_data) if request.post_data else None
        below = re.sub(r"^/accounts/[^/]+(?=/|$)", "", path) or "/"
        self.calls.append((request.method, below, query, body))
        try:
            if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
                raise Refused(401, "unauthenticated", "The API key is invalid.")
            status, reply = self._dispatch(request.method, path, query, body)
        except Refused as refused:
            return route.fulfill(status=refused.status, json=refused.body, content_type="application/problem+json")
        return route.fulfill(status=status, json=reply) if reply is not None else route.fulfill(status=status)

    def _console(self, route: Route, name: str) -> None:
        if not name:
            response = self._page.respond(self.sign_in, None, "console/", [ORIGIN], **self.settings)
        else:
            response = self._page.asset(name) or {"statusCode": 404, "headers": {}, "body": ""}
        route.fulfill(status=response["statusCode"], headers=response["headers"], body=response["body"])

    def _bucket(self, route: Route, request: Request, path: str) -> None:
        if request.method == "GET":
            return route.fulfill(body=self.files[path.removeprefix("/bucket/")])
        if not self.upload_status:
            return route.abort()
        self.uploads.append((request.headers, request.post_data_buffer or b""))
        return route.fulfill(status=self.upload_status, body="")

    def _dispatch(self, method: str, path: str, query: dict[str, str], body: Body) -> Reply:
        for wanted, pattern, handler in self._routes():
            found = re.fullmatch(pattern, path)
            if found and wanted == method and pattern not in self.without:
                return handler(*[unquote(part) for part in found.groups()], query=query, body=body)
        raise Refused(404, "not_found", "Not found")

    def _routes(self) -> Iterable[tuple[str, str, Callable[..., Reply]]]:
        account, number = "/accounts/[^/]+", "/numbers/([^/]+)"
        return (
            ("GET", "/me", lambda **_: (200, self.me)),
            ("GET", "/removal-reasons", lambda **_: (200, self._reasons())),
            ("GET", "/accounts", lambda **_: (200, {"accounts": self.accounts, "next_page_token": None})),
            ("GET", account, lambda **_: (200, self.account)),
            ("PUT", account, self._change_account),
            ("PATCH", account, self._change_account),
            ("GET", f"{account}/keys", lambda **_: (200, {"keys": self.keys})),
            ("POST", f"{account}/keys", self._make_key),
            ("DELETE", f"{account}/keys/([^/]+)", self._revoke),
            ("GET", f"{account}/numbers", self._list),
            ("POST", f"{account}/numbers/batch", self._batch),
            ("GET", f"{account}{number}", self._read),
            ("DELETE", f"{account}{number}", self._delete),
            ("POST", f"{account}{number}/restore", self._restore),
            ("POST", f"{account}{number}/removal/(approve|reject|withdraw)", self._decide),
            ("GET", f"{account}/pending-removals", self._pending),
            ("GET", f"{account}{number}/history", self._history),
            ("GET", f"{account}/audit", self._audit),
            ("GET", f"{account}/stats", self._stats),
            ("POST", f"{account}/readings", self._readings),
            ("POST", f"{account}/checks", self._checks),
            ("GET", f"{account}/(imports|scrubs|exports)", self._list_jobs),
            ("POST", f"{account}/(imports|scrubs|exports)", self._make_job),
            ("GET", f"{account}/(imports|scrubs|exports)/([^/]+)", self._read_job),
            ("POST", f"{account}/(imports|scrubs|exports)/([^/]+)/columns", self._columns),
            ("POST", f"{account}/(imports)/([^/]+)/undo", self._undo_import),
        )

    def _add(self, add: dict[str, Any], at: str) -> tuple[int, dict[str, Any]]:
        reading = self._reading(add["number"])
        if reading["error"]:
            raise Refused(
                422, "invalid_number", reading["error"], errors=[{"field": "number", "message": reading["error"]}]
            )
        number = reading["number"]
        entry = self.entries.get(number)
        actor = self._actor(add)
        source = add.get("source") or "manual"
        request = {name: add.get(name) for name in _REQUEST}
        request |= {"source": source, "requested_at": add.get("requested_at") or at}
        before = entry and dict(entry)
        listed = entry is not None and entry["status"] == "listed"
        if entry is not None and listed:
            entry |= {"sources": sorted({*entry["sources"], source}), "last_request": request}
            entry |= {"last_requested_at": request["requested_at"], "requests": entry["requests"] + 1}
        else:
            entry = {
                "account_id": "acme",
                "number": number,
                "national": reading["national"],
                "region": reading["region"],
                "status": "listed",
                "sources": [source],
                "last_requested_at": request["requested_at"],
                "listed_at": at,
                "listed_by": actor,
                "expires_at": add.get("expires_at"),
                "campaign_ids": [add["campaign_id"]] if add.get("campaign_id") else [],
                "channels": add.get("channels") or ["text", "voice"],
                "requests": 1,
                "last_request": None,
                "honor_by": None,
                "late": False,
                "missing_evidence": [],
                "removal": None,
                "pending_removal": None,
                "version": before["version"] if before else 0,
                **request,
            }
            self.entries[number] = entry
        entry |= {"version": entry["version"] + 1, "changed_at": at, "warnings": reading["warnings"]}
        kind = "requested_again" if listed else "relisted" if before else "listed"
        self._record(kind, entry, before, actor, at, request=request)
        return (200 if listed else 201), entry

    def _batch(self, *, query: Body, body: Body) -> Reply:
        results = []
        for add in body["numbers"]:
            try:
                status, entry = self._add(add, text(datetime.now(UTC)))
                results.append({"status": status, "entry": entry})
            except Refused as refused:
                results.append({"status": refused.status, "error": refused.body})
        if self.role == "intake":
            results = [{"status": 202, "accepted": True} if "entry" in one else one for one in results]
        return 200, {"results": results}

    def _list(self, *, query: dict[str, str], body: Body) -> Reply:
        status = query.get("status", "listed")
        digits = re.sub(r"\D", "", query.get("q", ""))
        found = [
            entry
            for _, entry in sorted(self.entries.items())
            if status in ("all", entry["status"])
            and digits in entry["number"]
            and query.get("source", entry["source"]) in entry["sources"]
            and query.get("campaign_id", entry["campaign_id"]) == entry["campaign_id"]
            and query.get("listed_from", "") <= entry["listed_at"] < query.get("listed_to", "9")
        ]
        begin, size = int(query.get("page_token", 0)), int(query.get("page_size", 50))
        end = begin + size
        token = str(end) if end < len(found) else None
        return 200, {"numbers": found[begin:end], "next_page_token": token}

    def _entry(self, number: str) -> dict[str, Any]:
        entry = self.entries.get(f"+{number.lstrip('+')}")
        if entry is None:
            raise Refused(404, "not_listed", "This number was never on the list.")
        return entry

    def _read(self, number: str, *, query: Body, body: Body) -> Reply:
        entry = dict(self._entry(number))
        ordered = "remove_by_legal_order" in self.me["may"]
        legal = "legal" in entry["sources"]
        codes = [
            one.code
            for one in reasons.REASONS.values()
            if (one.code == "legal_order" and ordered)
            or (
                one.code != "legal_order"
                and (ordered or not legal)
                and all(Source(name) in one.sources for name in entry["sources"])
            )
        ]
        rule = notices.RULES.get(entry["region"] or "", notices.OTHER_RULE)
        entry["removal_notice"] = {
            "country": entry["region"],
            "why": f"Listed on {entry['listed_at'][:10]}.",
            "rule": rule.text,
            "rule_seen_on": rule.seen_on,
            "consent_needed": rule.consent_first,
            "disclaimer": notices.DISCLAIMER,
            "reasons": codes if entry["status"] == "listed" else [],
            "refused": [one.as_json() | self.refused_words for one in reasons.REFUSED.values()],
        }
        return 200, entry

    def _delete(self, number: str, *, query: Body, body: Body) -> Reply:
        entry = self._entry(number)
        if entry["status"] != "listed":
            raise Refused(404, "not_listed", "This number is not listed.")
        if entry["version"] != body["if_version"]:
            raise Refused(409, "conflict", "The entry has changed.")
        at = text(datetime.now(UTC))
        if body["reason"] in self.account["approve_reasons"]:
            entry["pending_removal"] = {
                "reason": body["reason"],
                "note": body.get("note"),
                "evidence": body.get("evidence") or {},
                "asked_at": at,
                "asked_by": self._actor(body),
                "lapses_at": text(datetime.now(UTC) + timedelta(days=7)),
            }
            entry["version"] += 1
            return 202, entry
        self._removed(entry, body, at)
        return 200, entry

    def _removed(self, entry: dict[str, Any], body: dict[str, Any], at: str) -> None:
        before = dict(entry)
        removal = {"reason": body["reason"], "note": body.get("note"), "evidence": body.get("evidence") or {}}
        removal |= {"removed_at": at, "removed_by": self._actor(body)}
        removal |= {name: body[name] for name in ("asked_at", "asked_by") if name in body}
        if body.get("correct_number"):
            removal["correct_number"] = self._reading(body["correct_number"])["number"]
            self._add({"number": body["correct_number"], "acting_user": body.get("acting_user")}, at)
        entry |= {"status": "removed", "removal": removal, "pending_removal": None}
        entry |= {"version": entry["version"] + 1, "changed_at": at}
        self._record("removed", entry, before, removal["removed_by"], at, reason=body["reason"])

    def _restore(self, number: str, *, query: Body, body: Body) -> Reply:
        entry = self._entry(number)
        if entry["version"] != body["if_version"]:
            raise Refused(409, "conflict", "The entry has changed.")
        before, at = dict(entry), text(datetime.now(UTC))
        entry |= {"status": "listed", "removal": None, "version": entry["version"] + 1, "changed_at": at}
        self._record("restored", entry, before, self._actor(body), at)
        return 200, entry

    def _decide(self, number: str, verb: str, *, query: Body, body: Body) -> Reply:
        entry = self._entry(number)
        if entry["version"] != body["if_version"] or not entry["pending_removal"]:
            raise Refused(409, "conflict", "The entry has changed.")
        pending = entry["pending_removal"]
        at = text(datetime.now(UTC))
        if verb == "approve":
            if pending["asked_by"]["acting_user"] == body.get("acting_user"):
                raise Refused(403, "forbidden", "The person who asked cannot approve.")
            self._removed(entry, {**pending, "acting_user": body.get("acting_user")}, at)
        else:
            entry |= {"pending_removal": None, "version": entry["version"] + 1}
        return 200, entry

    def _pending(self, *, query: Body, body: Body) -> Reply:
        waiting = [entry for entry in self.entries.values() if entry["pending_removal"]]
        return 200, {"numbers": waiting, "next_page_token": None}

    def _record(self, kind: str, entry: dict[str, Any], before: Body, actor: Body, at: str, **more: Any) -> None:
        n = len(self.events) + 1
        event = {
            "event_id": f"e{n}",
            "type": kind,
            "number": entry["number"],
            "index": sum(one["number"] == entry["number"] for one in self.events) + 1,
            "sequence": f"{n:040d}",
            "occurred_at": at,
            "recorded_at": at,
            "actor": actor,
            "reason": None,
            "evidence": (entry["removal"] or {}).get("evidence") if kind == "removed" else None,
            "before": before and json.loads(json.dumps(before)),
            "after": json.loads(json.dumps(entry)),
            "request": None,
            "digest": f"{n:064x}",
        }
        self.events.append({**event, **more})

    def _history(self, number: str, *, query: Body, body: Body) -> Reply:
        number = f"+{number.lstrip('+')}"
        events = [event for event in self.events if event["number"] == number]
        if not events:
            raise Refused(404, "not_listed", "This number was never on the list.")
        chain = {"length": len(events), "head_digest": events[-1]["digest"], "intact": True, "broken_at": None}
        return 200, {"events": events, "chain": {**chain, "complete": True, "missing": []}, "next_page_token": None}

    def _audit(self, *, query: dict[str, str], body: Body) -> Reply:
        week_ago = text(datetime.now(UTC) - timedelta(days=7))
        since, until = query.get("from", week_ago), query.get("to", "9")
        found = [
            event
            for event in sorted(self.events, key=lambda one: one["recorded_at"], reverse=True)
            if since <= event["recorded_at"] < until
            and query.get("type", event["type"]) == event["type"]
            and (not query.get("actor") or query["actor"] in event["actor"].values())
            and query.get("reason", event["reason"]) == event["reason"]
            and query.get("number", event["number"]) == event["number"]
        ]
        begin, size = int(query.get("page_token", 0)), int(query.get("page_size", 50))
        end = begin + size
        return 200, {"events": found[begin:end], "next_page_token": str(end) if end < len(found) else None}

    def _stats(self, *, query: dict[str, str], body: Body) -> Reply:
        now = datetime.now(UTC)
        last = query.get("to", now.date().isoformat())
        first = query.get("from", (now - timedelta(days=6)).date().isoformat())
        days = []
        day = datetime.fromisoformat(first).date()
        while day.isoformat() <= last:
            of_day = [event for event in self.events if event["recorded_at"].startswith(day.isoformat())]
            listed: dict[str, int] = {}
            removed: dict[str, int] = {}
            for event in of_day:
                if event["type"] in ("listed", "relisted"):
                    listed[event["after"]["source"]] = listed.get(event["after"]["source"], 0) + 1
                if event["type"] == "removed":
                    removed[event["reason"]] = removed.get(event["reason"], 0) + 1
            days.append({"date": day.isoformat(), "listed": listed, "removed": removed, "late": 0})
            day += timedelta(days=1)
        total = sum(entry["status"] == "listed" for entry in self.entries.values())
        return 200, {"as_of": text(now), "listed_total": total if self.total is None else self.total, "days": days}

    def _reading(self, written: str) -> dict[str, Any]:
        nothing: dict[str, Any] = {"input": written, "number": None, "national": None, "region": None, "warnings": []}
        try:
            parsed = phonenumbers.parse(written, "US")
        except phonenumbers.NumberParseException:
            return {**nothing, "error": "not a phone number"}
        reason = phonenumbers.is_possible_number_with_reason(parsed)
        if reason != phonenumbers.ValidationResult.IS_POSSIBLE:
            short = reason == phonenumbers.ValidationResult.TOO_SHORT
            return {**nothing, "error": f"too {'short' if short else 'long'} for US"}
        e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
        national = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
        region = phonenumbers.region_code_for_number(parsed) or ("US" if parsed.country_code == 1 else None)
        return {**nothing, "number": e164, "national": national, "region": region, "error": None}

    def _readings(self, *, query: Body, body: Body) -> Reply:
        return 200, {"readings": [self._reading(one) for one in body["numbers"]]}

    def _checks(self, *, query: Body, body: Body) -> Reply:
        results = []
        for written in body["numbers"]:
            reading = self._reading(written)
            result = {"input": written, "number": reading["number"], "callable": False, "status": "invalid"}
            entry = self.entries.get(reading["number"] or "")
            if reading["error"]:
                result["detail"] = reading["error"]
            elif entry and entry["status"] == "listed":
                result |= {"status": "listed", "listed_at": entry["listed_at"], "source": entry["source"]}
            else:
                result |= {"status": "clear", "callable": True}
            results.append(result)
        blocked = sum(not one["callable"] for one in results)
        return 200, {
            "account_id": "acme",
            "checked_at": text(datetime.now(UTC)),
            "blocked": blocked,
            "results": results,
        }

    def _reasons(self) -> Body:
        refused = [one.as_json() for one in reasons.REFUSED.values()]
        return {"reasons": [one.as_json() for one in reasons.REASONS.values()], "refused": refused}

    def _change_account(self, *, query: Body, body: Body) -> Reply:
        self.account |= {name: value for name, value in body.items() if name != "note"}
        return 200, self.account

    def _make_key(self, *, query: Body, body: Body) -> Reply:
        key = {"key_id": f"k{len(self.keys) + 2}", "role": body["role"], "name": body.get("name", "")}
        key |= {"created_at": text(datetime.now(UTC)), "created_by": self.me["principal"]}
        key |= {"expires_at": body.get("expires_at"), "revoked_at": None}
        self.keys.append(key)
        return 201, {**key, "token": f"nck_acme.{key['key_id']}.0123456789abcdefghijk"}

    def _revoke(self, key_id: str, *, query: Body, body: Body) -> Reply:
        for key in self.keys:
            if key["key_id"] == key_id:
                key["revoked_at"] = text(datetime.now(UTC))
                return 204, None
        raise Refused(404, "not_found", "Not found")

    def job(self, job_kind: str, /, **fields: Any) -> dict[str, Any]:
        """Add a job to the list of its kind."""
        self._requests += 1
        now = datetime.now(UTC)
        job: dict[str, Any] = {
            "id": f"{self._requests:026d}",
            "status": "done",
            "progress": 1,
            "counts": {},
            "created_at": text(now - timedelta(minutes=3)),
            "created_by": {"principal": "key:k1", "acting_user": "Ada"},
            "finished_at": text(now - timedelta(minutes=1)),
            "error": None,
        }
        own: dict[str, dict[str, Any]] = {
            "imports": {
                "filename": "old.csv",
                "bytes": 9,
                "source": "import",
                "region": None,
                "note": None,
                "columns": None,
                "dry_run": False,
                "skip_removed": False,
                "registry": None,
                "report_url": None,
                "files": [],
                "undo": None,
            },
            "scrubs": {"filename": "leads.csv", "bytes": 9, "column": None, "region": None},
            "exports": {"kind": "numbers", "format": "csv", "from": None, "to": None, "files": []},
        }
        made = {**job, **own[job_kind], **fields}
        self.jobs[job_kind].insert(0, made)
        return made

    def _list_jobs(self, kind: str, *, query: dict[str, str], body: Body) -> Reply:
        return 200, {kind: self.jobs[kind], "next_page_token": None}

    def _make_job(self, kind: str, *, query: Body, body: Body) -> Reply:
        options = {name: value for name, value in body.items() if name != "acting_user"}
        now = text(datetime.now(UTC))
        status = "queued" if kind == "exports" else "awaiting_upload"
        job = self.job(kind, **options, status=status, progress=0, finished_at=None, created_at=now)
        if kind == "exports":
            return 201, job
        headers = {"Content-Length": str(body["bytes"]), "Content-Type": "application/octet-stream"}
        upload = {"url": f"{ORIGIN}{BASE}/bucket/{job['id']}", "method": "PUT", "headers": headers}
        return 201, {**job, "upload": {**upload, "expires_at": "2099-01-01T00:00:00.000Z"}}

    def _job(self, kind: str, job_id: str) -> dict[str, Any]:
        for job in self.jobs[kind]:
            if job["id"] == job_id:
                return job
        raise Refused(404, "not_found", "Not found")

    def _read_job(self, kind: str, job_id: str, *, query: Body, body: Body) -> Reply:
        return 200, self._job(kind, job_id)

    def _columns(self, kind: str, job_id: str, *, query: Body, body: Body) -> Reply:
        job = self._job(kind, job_id)
        job |= {"status": "queued", "columns": body["columns"]}
        return 200, job

    def _undo_import(self, kind: str, job_id: str, *, query: Body, body: Body) -> Reply:
        job = self._job(kind, job_id)
        job["undo"] = {
            "requested_at": text(datetime.now(UTC)),
            "requested_by": self._actor(body),
            "counts": {},
            "error": None,
            "report_url": None,
        }
        job["status"] = "running"
        return 200, job

    def _actor(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"principal": self.me["principal"], "acting_user": body.get("acting_user") or self.me["person"]}
