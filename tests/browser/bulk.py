"""Bulk jobs as the contract has them, answered in the browser, in whatever state a test wants them."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, Request, Route

ACTIONS = {
    "manager": ["read_jobs", "import", "scrub"],
    "auditor": ["read_jobs", "export"],
    "admin": ["read_jobs", "import", "scrub", "export"],
}
ACTOR = {"principal": "key:x", "acting_user": "Ada"}


def job(n: int, **more: Any) -> dict[str, Any]:
    base = {
        "id": f"{n:026d}",
        "status": "done",
        "progress": 1,
        "counts": {},
        "created_at": "2026-11-24T15:00:00.000Z",
        "created_by": ACTOR,
        "finished_at": "2026-11-24T15:02:11.000Z",
        "error": None,
    }
    return base | more


def imported(n: int, **more: Any) -> dict[str, Any]:
    counts = {"rows": 1200, "listed": 1111, "already_listed": 40, "skipped_removed": 0, "invalid": 49}
    own = {"filename": "old.csv", "bytes": 9, "source": "import", "region": "US", "note": None, "dry_run": False}
    own |= {"skip_removed": False, "registry": None, "report_url": None, "files": [], "undo": None, "counts": counts}
    return job(n, **own | more)


def scrubbed(n: int, **more: Any) -> dict[str, Any]:
    own = {"filename": "leads.csv", "bytes": 9, "column": None, "region": "US"}
    own |= {f"{name}_url": f"https://bucket.example/{name}.csv" for name in ("clear", "blocked", "late")}
    return job(n, **own | {"counts": {"rows": 10, "clear": 7, "blocked": 2, "invalid": 1}} | more)


def exported(n: int, **more: Any) -> dict[str, Any]:
    file = {"url": "https://bucket.example/part-1.csv.gz", "rows": 12, "bytes": 3456, "sha256": "9f" * 32}
    own = {"kind": "numbers", "format": "csv", "from": None, "to": None, "files": [file]}
    return job(n, **own | {"manifest_url": "https://bucket.example/manifest.json", "counts": {"rows": 12}} | more)


class Bulk:
    """The routes of bulk jobs in one page. `jobs[kind]`: what is there; `asked`: what the page sent."""

    def __init__(self, page: Page, role: str) -> None:
        self.page = page
        self.jobs: dict[str, list[dict[str, Any]]] = {"imports": [], "scrubs": [], "exports": []}
        self.asked: list[tuple[str, str, Any]] = []
        self.uploads: list[tuple[dict[str, str], bytes]] = []
        self.upload_status = 200
        self.next: list[dict[str, Any]] = []
        self.status = 200
        page.route("**/v1/me", lambda route, request: self._me(route, role))
        page.route(re.compile(r"/v1/accounts/[^/]+/(imports|scrubs|exports)\b"), self._answer)
        page.route("**/upload-here/*", self._upload)

    def _me(self, route: Route, role: str) -> None:
        answer = route.fetch()
        told = answer.json()
        told["may"] = sorted({*told["may"], *ACTIONS.get(role, ())})
        route.fulfill(response=answer, json=told)

    def _upload(self, route: Route, request: Request) -> None:
        if not self.upload_status:
            return route.abort()
        self.uploads.append((request.headers, request.post_data_buffer or b""))
        return route.fulfill(status=self.upload_status, body="")

    def _answer(self, route: Route, request: Request) -> None:
        parts = urlsplit(request.url).path.partition("/v1/accounts/")[2].split("/")
        kind, of = parts[1], parts[2:]
        body = json.loads(request.post_data) if request.post_data else None
        if request.method != "GET":
            self.asked.append((request.method, "/".join(parts[1:]), body))
        if self.status != 200:
            return route.fulfill(status=self.status, json={"code": "unavailable", "detail": "Storage did not answer."})
        if request.method == "POST" and not of:
            return route.fulfill(status=201, json=self._made(kind, body))
        if not of:
            return route.fulfill(json={kind: self.jobs[kind], "next_page_token": None})
        [found] = [one for one in self.jobs[kind] if one["id"] == of[0]]
        if self.next:
            found.update(self.next.pop(0))
        return route.fulfill(json=found)

    def _made(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        own = {name: value for name, value in body.items() if name != "acting_user"}
        made = {"imports": imported, "scrubs": scrubbed, "exports": exported}[kind](
            len(self.jobs[kind]) + 1, **own, status="awaiting_upload", progress=0, counts={}, finished_at=None
        )
        made["created_at"] = self.page.evaluate("new Date().toISOString()")
        self.jobs[kind].insert(0, made)
        if kind == "exports":
            return made
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(self.page.url))
        headers = {"Content-Length": str(body["bytes"]), "Content-Type": "application/octet-stream"}
        headers |= {"If-None-Match": "*", "x-amz-tagging": "kind=upload"}
        upload = {"url": f"{origin}/upload-here/x", "method": "PUT", "headers": headers, "expires_at": "2099-01-01"}
        return {**made, "upload": upload}
