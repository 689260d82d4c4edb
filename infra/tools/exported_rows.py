"""The rows of exported lists as the numbers table stores them: the inverse of `dnc.bulk.exports.format`."""

import csv
import gzip
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

from dnc import times
from dnc.aws import wire
from dnc.bulk.exports.format import ExportFormat
from dnc.bulk.uploads.cells import SEPARATOR, unescaped
from dnc.entries.entry import BOTH_CHANNELS, EXPIRED, LISTED, LISTED_ACCOUNT

_JSON_COLUMNS = frozenset(
    {
        "listed_by",
        "removal",
        "version",
        "changed_by",
        "request_keys",
        "campaign_ids",
        "requests",
        "last_request",
        "other",
    }
)

_SETS = ("sources", "channels")


def rows(file: bytes, form: ExportFormat, account_id: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of an exported file (gzip), in DynamoDB's typed form."""
    text = gzip.decompress(file).decode()
    if form is ExportFormat.JSONL:
        found: Iterator[dict[str, Any]] = map(json.loads, text.rstrip("\n").split("\n") if text else ())
    else:
        found = map(_from_cells, csv.DictReader(io.StringIO(text, newline="")))
    return (stored(row, account_id) for row in found)


def stored(row: Mapping[str, Any], account_id: str) -> dict[str, Any]:
    """Return an entry of an export or of an audit event in DynamoDB's typed form.

    Both have sets as lists. An export also has an expired entry as `expired`, its expiry as RFC 3339, and the channels
    even if the row has none.
    """
    whole = {**row, "account_id": account_id}
    for name in _SETS:
        if isinstance(whole.get(name), list):
            whole[name] = set(whole[name])
    if whole.get("channels") == BOTH_CHANNELS:
        del whole["channels"]
    if isinstance(whole.get("expires_at"), str):
        whole["expires_at"] = int(times.parse(whole["expires_at"]).timestamp())
    if whole.get("status") == EXPIRED:
        whole["status"] = LISTED
    if whole.get("status") == LISTED:
        whole[LISTED_ACCOUNT] = account_id  # the key of the index of listed rows
    item: dict[str, Any] = wire.to_wire(wire.decimals(whole))
    return item


def _from_cells(cells: Mapping[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, cell in cells.items():
        if cell:
            row[name] = _value(name, unescaped(cell))
    for name in _SETS:
        if isinstance(row.get(name), str):
            row[name] = row[name].split(SEPARATOR)
    return {**row.pop("other", {}), **row}


def _value(name: str, text: str) -> Any:
    """Return a cell's value. A cell that is not JSON, which a row edited by hand may have, is text."""
    if name not in _JSON_COLUMNS:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
