"""The console: one page and its assets, served from the artifact.

The page holds no data and needs no credential. It reads what it shows from the API, as the person who signed in.
"""

from typing import Any

from console import refusals, sign_in
from console.page_files import Page
from dnc.problems import NotFound
from dnc.settings import Settings

settings = Settings.from_env()
page = Page.load()


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Serve API Gateway: the page itself, one of its assets, or the refusal of a request that no route matches."""
    if event.get("resource") == "/{proxy+}":
        return refusals.refuse(event)
    name = (event.get("pathParameters") or {}).get("proxy") or ""
    headers = {key.lower(): value for key, value in (event.get("headers") or {}).items()}
    if name:
        return page.asset(name) or refusals.respond(event, NotFound("Not found. The console is at /v1/console."), {})
    return page.answer(
        sign_in.way_in(settings),
        headers.get("if-none-match"),
        _folder(event),
        settings.bulk_origins,
        settings.console_idle_minutes,
    )


def _folder(event: dict[str, Any]) -> str:
    """Return the path to the assets, relative to the path of the request."""
    return "" if str(event.get("path") or "").endswith("/") else "console/"
