"""The filters of a page of the list: conditions of a Query where possible, otherwise functions of a row."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dnc.entries import entry as entries
from dnc.entries.entry import LISTED, Entry


@dataclass(frozen=True, slots=True)
class Filters:
    """Which entries to list. `prefix`: first digits of E.164, with the plus.

    `digits`: the number contains one of these runs of digits, or starts with it if the run has a plus.
    """

    status: str = LISTED
    prefix: str | None = None
    digits: tuple[str, ...] | None = None
    source: str | None = None
    campaign_id: str | None = None
    listed_from: str | None = None
    listed_to: str | None = None


def unfiltered(filters: Filters) -> bool:
    """Return whether most rows of the key's range match, so that a page need not read more rows than it returns."""
    return filters == Filters(prefix=filters.prefix, status=filters.status) and filters.status != entries.REMOVED


def has_digits(item: dict[str, Any], digits: tuple[str, ...] | None) -> bool:
    """Return whether a row's number matches one of these runs. A Query's filter cannot, as it may not name a key."""
    if digits is None:
        return True
    number = item["number"]["S"]
    return any(number.startswith(run) if run.startswith("+") else run in number for run in digits)


def _only_prefix(digits: tuple[str, ...] | None) -> str | None:
    return digits[0] if digits and len(digits) == 1 and digits[0].startswith("+") else None


def has_status(entry: Entry, wanted: str, moment: datetime) -> bool:
    """Return whether an entry has the wanted status (`listed`, `removed` or `all`) at a moment."""
    return wanted == "all" or entry.status_at(moment) == wanted


def query(filters: Filters) -> dict[str, Any]:
    """Return the key condition and the filters of a Query; the caller fills in `:account`.

    `has_status` decides a row's status. For `removed`, the Query leaves out rows that are certainly not removed.
    """
    names = {"#account": "account_id"}
    values: dict[str, Any] = {}
    key = "#account = :account"
    conditions = []
    prefix = filters.prefix or _only_prefix(filters.digits)
    if prefix:
        key += " AND begins_with(#number, :prefix)"
        names["#number"] = "number"
        values[":prefix"] = {"S": prefix}
    if filters.status == entries.REMOVED:
        conditions.append("#status = :removed")
        names["#status"] = "status"
        values[":removed"] = {"S": entries.REMOVED}
    if filters.source:
        conditions.append("(contains(#sources, :source) OR #source = :source)")
        names |= {"#sources": "sources", "#source": "source"}
        values[":source"] = {"S": filters.source}
    if filters.campaign_id:
        conditions.append("(contains(#campaigns, :campaign) OR #campaign = :campaign)")
        names |= {"#campaigns": "campaign_ids", "#campaign": "campaign_id"}
        values[":campaign"] = {"S": filters.campaign_id}
    if filters.listed_from:
        conditions.append("#listed_at >= :listed_from")
        values[":listed_from"] = {"S": filters.listed_from}
    if filters.listed_to:
        conditions.append("#listed_at < :listed_to")
        values[":listed_to"] = {"S": filters.listed_to}
    if filters.listed_from or filters.listed_to:
        names["#listed_at"] = "listed_at"
    request = {
        "KeyConditionExpression": key,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }
    if conditions:
        request["FilterExpression"] = " AND ".join(conditions)
    return request
