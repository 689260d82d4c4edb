"""The console: one page and its assets, served from the artifact.

The page contains no data and needs no credential. It reads its data from the API, as the person who is signed in.
"""

from typing import Any

from console import sign_in
from console.page_files import Page
from dnc.settings import Settings

settings = Settings.from_env()
page = Page.load()


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Serve API Gateway: the page, one of its assets, or the refusal of a request that matches no route."""
    if event.get("resource") == "/{proxy+}":
        return _refuse(event)
    name = (event.get("pathParameters") or {}).get("proxy") or ""
    headers = {key.lower(): value for key, value in (event.get("headers") or {}).items()}
    if name:
        return page.asset(name) or _refuse(event)
    return page.respond(
        sign_in.sign_in_options(settings),
        headers.get("if-none-match"),
        _folder(event),
        settings.bulk_origins,
        settings.console_idle_minutes,
    )


def _refuse(event: dict[str, Any]) -> dict[str, Any]:
    from console import refusals  # noqa: PLC0415 - it loads the table of routes, which the page does not use

    return refusals.refuse(event)


def _folder(event: dict[str, Any]) -> str:
    """Return the path to the assets, relative to the path of the request."""
    return "" if str(event.get("path") or "").endswith("/") else "console/"
