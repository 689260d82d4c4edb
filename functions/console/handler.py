"""The DNC Numbers console: one page and its assets, out of the artifact, without a build step.

The page holds no data and needs no credential; what it shows it asks the API for, as whoever signed in.
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
    answer: dict[str, Any] | None
    if not name:
        answer = page.answer(
            sign_in.way_in(settings), headers.get("if-none-match"), _folder(event), settings.bulk_origins
        )
    else:
        answer = page.asset(name)
    return answer or _not_found(event)


def _folder(event: dict[str, Any]) -> str:
    """Give where the page's assets are, relative to how the page was asked for."""
    return "" if str(event.get("path") or "").endswith("/") else "console/"


def _not_found(event: dict[str, Any]) -> dict[str, Any]:
    request_id = str((event.get("requestContext") or {}).get("requestId") or "unknown")
    logs.logger.info("no such asset", extra={"request_id": request_id})
    problem = NotFound("There is no such page here. The console is at /v1/console.").problem(request_id)
    return {
        "statusCode": 404,
        "headers": {"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
        "body": json.dumps(problem),
    }
