"""Read the list, one number, its history, and the account's audit."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from dnc import times
from dnc.accounts.access import Action
from dnc.accounts.store import Accounts
from dnc.api import entry_view, page_tokens, path_number
from dnc.api.fields import Paged
from dnc.api.http import Answer, Api, Call
from dnc.api.queries import ListNumbers, ReadAudit
from dnc.audit import chain as audit
from dnc.audit.chain import Head
from dnc.audit.changes import EventType
from dnc.audit.reader import AuditLog
from dnc.aws import clients
from dnc.entries import notices, reasons
from dnc.entries.entry import LISTED, Entry
from dnc.entries.filters import Filters
from dnc.entries.related import numbers_of, prefixes_of
from dnc.entries.removal_store import Removals
from dnc.entries.store import Numbers
from dnc.phone import reader as phone
from dnc.problems import InvalidRequest
from dnc.settings import Settings

LONGEST_SPAN = timedelta(days=31)
DEFAULT_SPAN = timedelta(days=7)
LONGEST_LAG = timedelta(minutes=5)
"""After this time, a change without an event is a gap. A change is usually recorded within a second."""

api = Api()
settings = Settings.from_env("NUMBERS_TABLE", "AUDIT_TABLE", "ACCOUNTS_TABLE")
accounts = Accounts(clients.dynamodb(), settings.accounts_table)


@api.route("GET", "/accounts/{account_id}/numbers")
def list_numbers(call: Call, query: ListNumbers) -> Answer:
    """List the account's numbers, ordered by number."""
    profile = accounts.remembered(call.account_id)
    filters = _filters(query, profile.default_region)
    bound = query.model_dump(mode="json", exclude={"page_size", "page_token"})
    after = page_tokens.key_of(call.account_id, bound, query.page_token)
    now = times.now()
    found, last = _numbers(call).page(filters, query.page_size, after, now)
    return Answer(
        200,
        {
            "numbers": [entry_view.as_json(entry, now, call.caller, profile) for entry in found],
            "next_page_token": page_tokens.token(call.account_id, bound, last) if last else None,
        },
    )


@api.route("GET", "/accounts/{account_id}/pending-removals")
def list_pending_removals(call: Call, query: Paged) -> Answer:
    """List the numbers whose removal waits for a second person, ordered by number."""
    profile = accounts.remembered(call.account_id)
    bound = {"pending": "removals"}
    after = page_tokens.key_of(call.account_id, bound, query.page_token)
    removals = Removals(clients.dynamodb(), settings.numbers_table, call.account_id, settings.accounts_table)
    now = times.now()
    found, last = removals.waiting(query.page_size, after, now)
    return Answer(
        200,
        {
            "numbers": [entry_view.as_json(entry, now, call.caller, profile) for entry in found],
            "next_page_token": page_tokens.token(call.account_id, bound, last) if last else None,
        },
    )


@api.route("GET", "/accounts/{account_id}/numbers/{number}")
def read_number(call: Call) -> Answer:
    """Read one number's entry, even if it was removed, with the notice to read before removing it."""
    profile = accounts.remembered(call.account_id)
    prefixes = profile.prefixes
    entry = path_number.entry_at(_numbers(call), call.path["number"])
    if entry is None:
        why = "This number was never on the list."
        raise path_number.not_listed(why, call.path["number"], profile.default_region, prefixes)
    now = times.now()
    body = entry_view.as_json(entry, now, call.caller, profile)
    notice = notices.removal_notice(entry, _open_reasons(entry, call) if _is_listed(entry) else [])
    body["removal_notice"] = {**notice, "blocked_prefixes": prefixes_of(numbers_of(entry), prefixes)}
    return Answer(200, body)


@api.route("GET", "/accounts/{account_id}/numbers/{number}/history")
def read_history(call: Call, query: Paged) -> Answer:
    """Read every recorded event of a number, and whether the record is intact."""
    default_region = accounts.remembered(call.account_id).default_region
    number = phone.from_path(call.path["number"])
    log = AuditLog(clients.dynamodb(), settings.audit_table, call.account_id)
    # Read the entry before its events, so that a change between the two reads cannot look like one without an event.
    entry = _numbers(call).read(number)
    rows, head = log.history(number)
    if not rows and head is None and entry is None and phone.current_form(number) != number:
        number = phone.current_form(number)
        entry = _numbers(call).read(number)
        rows, head = log.history(number)
    if not rows and head is None and entry is None:
        why = "This number was never on the list, and it has no recorded events."
        raise path_number.not_listed(why, call.path["number"], default_region)
    bound = {"history": number}
    begin = int(page_tokens.key_of(call.account_id, bound, query.page_token, page_tokens.is_position) or 0)
    end = begin + query.page_size
    return Answer(
        200,
        {
            "events": [audit.as_json(row) for row in rows[begin:end]],
            "chain": audit.verify(rows, head, current=_recorded_by_now(entry, head), is_gone=entry is None),
            "next_page_token": page_tokens.token(call.account_id, bound, str(end)) if end < len(rows) else None,
        },
    )


@api.route("GET", "/accounts/{account_id}/audit")
def read_audit(call: Call, query: ReadAudit) -> Answer:
    """Read the account's events by the time of recording, newest first."""
    accounts.remembered(call.account_id)
    bound = query.model_dump(mode="json", exclude={"page_size", "page_token"})
    until = query.until or times.now() + timedelta(milliseconds=1)
    since = query.since or until - DEFAULT_SPAN
    if since >= until:
        raise InvalidRequest.of("from", "must be before to")
    if until - since > LONGEST_SPAN:
        raise InvalidRequest.of("from", "must be at most 31 days before to")
    if query.type and query.type not in set(EventType):
        raise InvalidRequest.of("type", f"must be one of {', '.join(EventType)}")
    log = AuditLog(clients.dynamodb(), settings.audit_table, call.account_id)
    before = page_tokens.key_of(call.account_id, bound, query.page_token, page_tokens.is_moment)
    rows, last = log.timeline(since, until, query.page_size, before, _wanted(query))
    return Answer(
        200,
        {
            "events": [audit.as_json(row) for row in rows],
            "next_page_token": page_tokens.token(call.account_id, bound, last) if last else None,
        },
    )


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve API Gateway."""
    return api.answer(event, context)


def _recorded_by_now(entry: Entry | None, head: Head | None) -> dict[str, Any] | None:
    """Return an entry's row, or None while its last change may not have been recorded yet."""
    if entry is None:
        return None
    is_held = head is not None and head.held
    is_recent = entry.changed_at > times.text(times.now() - LONGEST_LAG)
    return None if is_recent and not is_held else entry.item()


def _numbers(call: Call) -> Numbers:
    return Numbers(clients.dynamodb(), settings.numbers_table, call.account_id)


def _is_listed(entry: Entry) -> bool:
    return entry.status_at(times.now()) == LISTED


def _open_reasons(entry: Entry, call: Call) -> list[str]:
    return reasons.open_for(entry, call.caller.may(Action.REMOVE_BY_LEGAL_ORDER))


def _filters(query: ListNumbers, default_region: str | None) -> Filters:
    return Filters(
        status=query.status,
        prefix=f"+{query.prefix.lstrip('+ ')}" if query.prefix else None,
        digits=phone.typed_digits(query.q, query.region or default_region) if query.q else None,
        source=query.source,
        campaign_id=query.campaign_id,
        listed_from=times.text(query.listed_from) if query.listed_from else None,
        listed_to=times.text(query.listed_to) if query.listed_to else None,
    )


def _wanted(query: ReadAudit) -> Callable[[dict[str, Any]], bool] | None:
    """Return whether an event passes all filters of a query, as a function, or None if it has no filter."""
    number = phone.from_path(query.number) if query.number else None
    if not (query.type or query.actor or query.reason or number):
        return None

    def passes(row: dict[str, Any]) -> bool:
        return (
            (not query.type or row["type"] == query.type)
            and (not query.actor or query.actor in row["actor"].values())
            and (not query.reason or row.get("reason") == query.reason)
            and (not number or row["subject"].rpartition("#")[2] == number)
        )

    return passes
