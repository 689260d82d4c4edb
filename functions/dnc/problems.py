"""The named failures of the service and the one place that maps them to HTTP (RFC 9457).

Handlers raise these; they never build an error response. No error carries a phone number in its type or title,
and none of them is ever read as "clear".
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, ClassVar

CONTENT_TYPE = "application/problem+json"


class FieldError:
    """What is wrong with one field of a request; `field` is its dotted path in the body or query."""

    __slots__ = ("field", "message")

    def __init__(self, field: str, message: str) -> None:
        """Take the field and the words."""
        self.field = field
        self.message = message

    def __repr__(self) -> str:
        """Show both."""
        return f"FieldError({self.field!r}, {self.message!r})"


class DncError(Exception):
    """A failure with a name. `detail` says in words what was wrong and what to do."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(self, detail: str = "", errors: Sequence[FieldError] = ()) -> None:
        """Take the words of the failure and, for a refused request, the fields it is about."""
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = tuple(errors)

    def problem(self, request_id: str) -> dict[str, Any]:
        """Give the RFC 9457 problem of this failure; a 4xx about fields names them in `errors`."""
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
    """Something failed that nobody foresaw. The answer says nothing of the inside."""


class InvalidRequest(DncError):
    """A request that does not have the form of the contract."""

    code, status, title = "invalid_request", 422, "The request is not valid"

    @classmethod
    def of(cls, field: str, message: str) -> InvalidRequest:
        """Refuse one field."""
        return cls(f"{field}: {message}", [FieldError(field, message)])


class InvalidNumber(DncError):
    """What was given is not a number that can be listed."""

    code, status, title = "invalid_number", 422, "The phone number is not valid"

    @classmethod
    def of(cls, message: str, field: str = "number") -> InvalidNumber:
        """Refuse a number, with why."""
        return cls(f"The number was refused: {message}.", [FieldError(field, message)])


class MalformedJson(DncError):
    """A body that is not JSON."""

    code, status, title = "malformed_json", 400, "The body is not valid JSON"


class Unauthenticated(DncError):
    """No credential, or one that does not hold any more."""

    code, status, title = "unauthenticated", 401, "A valid credential is needed"


class Forbidden(DncError):
    """The credential does not allow this."""

    code, status, title = "forbidden", 403, "This credential may not do that"


class NotFound(DncError):
    """There is no such thing."""

    code, status, title = "not_found", 404, "There is no such thing here"


class NotListed(DncError):
    """The number is not on the account's list."""

    code, status, title = "not_listed", 404, "The number is not listed"


class Conflict(DncError):
    """Somebody else changed it in between."""

    code, status, title = "conflict", 409, "It changed in the meantime"


class TooLarge(DncError):
    """More than one request may carry."""

    code, status, title = "too_large", 413, "The request is too large"


class RemovalRefused(DncError):
    """The reason given does not allow this entry to be removed."""

    code, status, title = "removal_refused", 422, "The number may not be removed for this reason"


class Throttled(DncError):
    """Too many requests at once."""

    code, status, title = "throttled", 429, "Too many requests"


class Unavailable(DncError):
    """Storage could not be read or written in time. Try again; until then, do not call."""

    code, status, title = "unavailable", 503, "The service cannot answer right now"


PROBLEMS: tuple[type[DncError], ...] = (
    InvalidRequest,
    InvalidNumber,
    MalformedJson,
    Unauthenticated,
    Forbidden,
    NotFound,
    NotListed,
    Conflict,
    TooLarge,
    RemovalRefused,
    Throttled,
    InternalError,
    Unavailable,
)
