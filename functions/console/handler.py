"""The console: one page and its assets, served from the artifact.

The page holds no data and needs no credential. It reads what it shows from the API, as the person who signed in.
"""

import json
from typing import Any

from console import sign_in
from console.page_files import Page
from dnc.logs import logger as logs
from dnc.problems import CONTENT_TYPE, NotFound
from dnc.settings import Settings

settings = Settings.from_env()
page = Page.load()


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Serve API Gateway: the page itself, or one of its assets."""
    name = (event.get("pathParameters") or {}).get("proxy") or ""
    headers = {key.lower(): value for key, value in (event.get("headers") or {}).items()}
    if name:
        return page.asset(name) or _not_found(event)
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


def _not_found(event: dict[str, Any]) -> dict[str, Any]:
    request_id = str((event.get("requestContext") or {}).get("requestId") or "unknown")
    logs.logger.info("no such asset", extra={"request_id": request_id})
    problem = NotFound("Not found. The console is at /v1/console.").problem(request_id)
    return {
        "statusCode": 404,
        "headers": {"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
        "body": json.dumps(problem),
    }
