"""The service's named errors, and the one table that maps them to HTTP (RFC 9457).

Handlers raise these errors and never build an error response. The gateway's own error responses are generated from
the same classes. No type or title contains a phone number, and no error can be mistaken for "clear".
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, ClassVar

CONTENT_TYPE = "application/problem+json"

# Messages about a field, shared by the API's models and the direct check, which validates its payload without models.
REQUIRED = "is required"
UNKNOWN_FIELD = "is not a field of this request"
NOT_TEXT = "must be a string"
NOT_UNICODE = "contains half a surrogate pair, which is not a character"
NOT_A_NUMBER_TEXT = "must be a string or an integer"
NOT_A_LIST = "must be a list"
NOT_AN_OBJECT = "must be a JSON object"
NAME_NOT_TEXT = "must have a string as its name"
NOT_A_REGION = "must be an ISO 3166-1 alpha-2 code such as US"
NOT_A_CHANNEL = "must be one of 'text' or 'voice'"
NOT_A_TIME = "must be an RFC 3339 time such as 2026-11-23T17:04:00Z"


def too_short(least: int) -> str:
    """Return the message for a text of fewer than `least` characters."""
    return "must not be empty" if least == 1 else f"must have at least {least:,} characters"


def too_long(most: int) -> str:
    """Return the message for a text of more than `most` characters."""
    return f"must have at most {most:,} characters"


def too_few(least: int) -> str:
    """Return the message for a list of fewer than `least` elements."""
    return "must not be empty" if least == 1 else f"must have at least {least:,} elements"


def too_many(most: int) -> str:
    """Return the message for a list of more than `most` elements."""
    return f"must have at most {most:,} elements"


class FieldError:
    """What is wrong with one field of a request. `field`: its dotted path in the body, query or path."""

    __slots__ = ("field", "message")

    def __init__(self, field: str, message: str) -> None:
        """Store both parts."""
        self.field = field
        self.message = message

    def __repr__(self) -> str:
        """Return a form for test failures and debuggers."""
        return f"FieldError({self.field!r}, {self.message!r})"


class DncError(Exception):
    """Base of all named errors. `detail` says what is wrong, then what to do.

    `headers`: response headers that the status requires or that tell a client when to retry.
    """

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"
    headers: ClassVar[Mapping[str, str]] = {}

    def __init__(self, detail: str = "", errors: Sequence[FieldError] = ()) -> None:
        """Store the explanation and, for a refused request, the fields it concerns."""
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = tuple(errors)

    def problem(self, request_id: str) -> dict[str, Any]:
        """Return the RFC 9457 problem object; a 422 names the fields in `errors`."""
        problem: dict[str, Any] = {
            "type": f"/problems/{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "request_id": request_id,
        }
        if self.errors or self.status == 422:
            problem["errors"] = [{"field": e.field, "message": e.message} for e in self.errors]
        return problem


class InternalError(DncError):
    """An unexpected error. The response reveals nothing about its cause."""


class InvalidRequest(DncError):
    """A request that does not follow the contract."""

    code, status, title = "invalid_request", 422, "Invalid request"

    @classmethod
    def of(cls, field: str, message: str) -> InvalidRequest:
        """Return an error about one field."""
        return cls(f"{field}: {message}", [FieldError(field, message)])


class InvalidNumber(DncError):
    """A text that is not a phone number that can be listed."""

    code, status, title = "invalid_number", 422, "Invalid phone number"

    @classmethod
    def of(cls, message: str, field: str = "number") -> InvalidNumber:
        """Return an error that says why the number was refused."""
        return cls(f"The number was refused: {message}.", [FieldError(field, message)])


class MalformedJson(DncError):
    """A body that is not JSON in UTF-8."""

    code, status, title = "malformed_json", 400, "Malformed JSON"


class Unauthenticated(DncError):
    """A missing, unreadable, expired or revoked credential."""

    code, status, title = "unauthenticated", 401, "Authentication required"
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": "Bearer"}


class Forbidden(DncError):
    """A request that the credential's role or account does not allow."""

    code, status, title = "forbidden", 403, "Forbidden"


class NotFound(DncError):
    """An unknown path, account, key or job."""

    code, status, title = "not_found", 404, "Not found"


class NotListed(DncError):
    """A number that is not on the account's list."""

    code, status, title = "not_listed", 404, "Number not listed"


class MethodNotAllowed(DncError):
    """A known path without this method. The response's `Allow` header names the methods that it has."""

    code, status, title = "method_not_allowed", 405, "Method not allowed"


class Conflict(DncError):
    """A write that lost a race, or that does not fit the current state."""

    code, status, title = "conflict", 409, "Conflict"


class TooLarge(DncError):
    """A request over one of the size limits."""

    code, status, title = "too_large", 413, "Request too large"


class RemovalRefused(DncError):
    """A removal for a reason that is not open for the entry, or with insufficient evidence."""

    code, status, title = "removal_refused", 422, "Removal refused"


class Throttled(DncError):
    """Too many requests at once."""

    code, status, title = "throttled", 429, "Too many requests"
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "1"}


class Unavailable(DncError):
    """Storage could not be read or written in time. Try again; until then, do not call."""

    code, status, title = "unavailable", 503, "Service unavailable"
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "1"}


PROBLEMS: tuple[type[DncError], ...] = (
    InvalidRequest,
    InvalidNumber,
    MalformedJson,
    Unauthenticated,
    Forbidden,
    NotFound,
    NotListed,
    MethodNotAllowed,
    Conflict,
    TooLarge,
    RemovalRefused,
    Throttled,
    InternalError,
    Unavailable,
)
