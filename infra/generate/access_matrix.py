"""`docs/access.md`: the status of every route for every role, account and state of a credential.

The page is generated from the document's routes and the rules below. A test sends a request for each of its cells.
"""

import json

from dnc.accounts.access import ALLOWED, ROUTES, Action, Role
from infra.generate import openapi

FILE = openapi.ROOT / "docs" / "access.md"
OWN, FOREIGN, MISSING, SUSPENDED = ACCOUNTS = ("own", "foreign", "missing", "suspended")
CREDENTIALS = ("none", "malformed", "mistyped", "unknown", "revoked", "expired", "expired JWT", "JWT")
ROLES = tuple(Role)
_SUCCESS = {
    ("POST", "/accounts/{account_id}/numbers"): 201,
    ("POST", "/accounts/{account_id}/numbers/{number}/removal/approve"): 409,
    ("POST", "/accounts/{account_id}/numbers/{number}/removal/reject"): 409,
    ("POST", "/accounts/{account_id}/numbers/{number}/removal/withdraw"): 409,
    ("POST", "/accounts/{account_id}/imports"): 201,
    ("POST", "/accounts/{account_id}/imports/{id}/undo"): 409,
    ("POST", "/accounts/{account_id}/imports/{id}/columns"): 409,
    ("POST", "/accounts/{account_id}/scrubs/{id}/columns"): 409,
    ("POST", "/accounts/{account_id}/scrubs"): 201,
    ("POST", "/accounts/{account_id}/exports"): 201,
    ("POST", "/accounts/{account_id}/keys"): 201,
    ("DELETE", "/accounts/{account_id}/keys/{key_id}"): 204,
}
"""The status of a permitted request if it is not 200. No removal is pending, and the jobs wait for files: 409."""
_INTRODUCTION = """\
# Who gets which status

Each cell is the status of one request that is valid in itself: the number is listed, and the job and the key exist. The
tables are generated from `openapi.json`, and a test sends every one of their requests.

- **own**: the account that the credential belongs to. An operator's credential belongs to none and has access to all.
- **foreign**: another account that exists.
- **missing**: an account that does not exist. Only an operator can tell it from a foreign one.
- **suspended**: the credential's own account, suspended. Its credentials are refused, except that an `intake`
  credential still adds, so that no opt-out is lost. An operator still has access to it.

An `intake` credential gets 202 for an add. A job that is still waiting for its file has no columns to choose and cannot
be undone (409). No removal waits for a second person, so none can be approved, rejected or withdrawn (409).
"""
_CREDENTIALS = """\
## States of a credential

Each request is on the credential's own account. A valid JWT of a manager works like a manager's key.
"""


def routes() -> list[tuple[str, str]]:
    """Return the method and the resource of every documented route, in the document's order."""
    paths = json.loads(openapi.written())["paths"]
    return [(method.upper(), path) for path, methods in paths.items() for method in methods]


def expected(method: str, resource: str, role: Role, account: str) -> int | None:
    """Return the status of a valid request with a valid key, or None for an account on a route that names none."""
    operator, intake = role is Role.OPERATOR, role is Role.INTAKE
    if account == SUSPENDED and not operator and not intake:
        return 401
    if "{account_id}" not in resource and account != OWN and not (account == SUSPENDED and intake):
        return None
    action = ROUTES[method, resource]
    if action not in ALLOWED[role] or (account in {FOREIGN, MISSING} and not operator):
        return 403
    if account == MISSING:
        return 201 if (method, resource) == ("PUT", "/accounts/{account_id}") else 404
    if account == SUSPENDED and action is Action.CHECK:
        return 403
    if intake and (method, resource) == ("POST", "/accounts/{account_id}/numbers"):
        return 202
    return _SUCCESS.get((method, resource), 200)


def expected_of_credential(method: str, resource: str, credential: str) -> int:
    """Return the status of a valid request with a credential in this state, on its own account."""
    return expected(method, resource, Role.MANAGER, OWN) or 0 if credential == "JWT" else 401


def written() -> str:
    """Return the content of the page."""
    lines = [_INTRODUCTION]
    for account in ACCOUNTS:
        lines += [f"## On the {account} account\n", _row("route", *ROLES), _row("---", *("---" for _ in ROLES))]
        for method, resource in routes():
            statuses = [expected(method, resource, role, account) for role in ROLES]
            if any(statuses):
                lines.append(_row(f"`{method} {resource}`", *(status or "-" for status in statuses)))
        lines.append("")
    lines += [_CREDENTIALS, _row("route", *CREDENTIALS), _row("---", *("---" for _ in CREDENTIALS))]
    for method, resource in routes():
        cells = [expected_of_credential(method, resource, credential) for credential in CREDENTIALS]
        lines.append(_row(f"`{method} {resource}`", *cells))
    return "\n".join(lines) + "\n"


def _row(*cells: object) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"
