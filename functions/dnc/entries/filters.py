"""What to list: the filters of a page, as DynamoDB's conditions where it can judge them, else as functions of a row."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dnc.entries import entry as entries
from dnc.entries.entry import LISTED


@dataclass(frozen=True, slots=True)
class Filters:
    """What to list. `prefix`: E.164 with plus; `digits`: one of these must be in the number, a plus at its start."""

    status: str = LISTED
    prefix: str | None = None
    digits: tuple[str, ...] | None = None
    source: str | None = None
    campaign_id: str | None = None
    listed_from: str | None = None
    listed_to: str | None = None


def unfiltered(filters: Filters) -> bool:
    """Tell whether every row of the key's range is wanted, but for its status."""
    return filters == Filters(prefix=filters.prefix, status=filters.status)


def has_digits(item: dict[str, Any], digits: tuple[str, ...] | None) -> bool:
    """Tell whether a row's number has one of these runs. DynamoDB's own filters may not name a key attribute."""
    if digits is None:
        return True
    number = item["number"]["S"]
    return any(number.startswith(run) if run.startswith("+") else run in number for run in digits)


def _only_prefix(digits: tuple[str, ...] | None) -> str | None:
    return digits[0] if digits and len(digits) == 1 and digits[0].startswith("+") else None


def query(filters: Filters, moment: datetime) -> dict[str, Any]:
    """Give the key condition and the filters of a Query; `:account` is left for the one table to fill."""
    names = {"#account": "account_id"}
    values: dict[str, Any] = {}
    key = "#account = :account"
    conditions = []
    prefix = filters.prefix or _only_prefix(filters.digits)
    if prefix:
        key += " AND begins_with(#number, :prefix)"
        names["#number"] = "number"
        values[":prefix"] = {"S": prefix}
    if filters.status == LISTED:
        conditions.append("#status <> :removed AND (attribute_not_exists(#expires) OR #expires > :now)")
        names |= {"#status": "status", "#expires": "expires_at"}
        values |= {":removed": {"S": entries.REMOVED}, ":now": {"N": str(int(moment.timestamp()))}}
    elif filters.status == entries.REMOVED:
        conditions.append("#status = :removed")
        names["#status"] = "status"
        values[":removed"] = {"S": entries.REMOVED}
    if filters.source:
        conditions.append("contains(#sources, :source)")
        names["#sources"] = "sources"
        values[":source"] = {"S": filters.source}
    for name, operator, value in (
        ("campaign_id", "=", filters.campaign_id),
        ("listed_at", ">=", filters.listed_from),
        ("listed_at", "<", filters.listed_to),
    ):
        if value:
            marker = f":{name}{'_to' if operator == '<' else ''}"
            conditions.append(f"#{name} {operator} {marker}")
            names[f"#{name}"] = name
            values[marker] = {"S": value}
    asked = {
        "KeyConditionExpression": key,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }
    if conditions:
        asked["FilterExpression"] = " AND ".join(conditions)
    return asked
