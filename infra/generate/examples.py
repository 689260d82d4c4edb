"""Examples of requests for `docs/openapi.json`, valid for the account `acme` in the US, which the local stack has."""

from typing import Any

PATHS: dict[str, dict[str, Any]] = {
    "account_id": {"example": "acme"},
    "number": {"example": "+14155550100"},
}
"""The examples of path parameters that can be known before a request."""

_REMOVAL = {
    "reason": "entered_wrong_number",
    "correct_number": "+14155550101",
    "if_version": 1,
    "acting_user": "u-17",
}
_DECISION = {"if_version": 1, "acting_user": "u-17"}
_COLUMNS = {"columns": ["phone"]}
_NUMBERS = ["(415) 555-0100", "+442079460958", 4155550101]

BODIES: dict[str, dict[str, Any]] = {
    "add_number": {
        "number": "(415) 555-0100",
        "region": "US",
        "source": "disposition",
        "note": "asked twice",
        "call_id": "c-991",
        "acting_user": "u-17",
    },
    "add_numbers": {"numbers": [{"number": "+14155550100", "source": "manual"}, {"number": "(415) 555-0101"}]},
    "approve_removal": _DECISION,
    "change_policy": {"note": "Agreed with counsel.", "approve_reasons": ["consent_given"]},
    "check_numbers": {"numbers": _NUMBERS, "region": "US", "channel": "voice"},
    "choose_import_columns": _COLUMNS,
    "choose_scrub_columns": _COLUMNS,
    "make_export": {"kind": "numbers", "format": "csv"},
    "make_import": {"filename": "leads.csv", "bytes": 1024, "source": "import", "region": "US", "acting_user": "u-17"},
    "make_key": {"role": "dialer", "name": "night-shift dialer"},
    "make_scrub": {"filename": "leads.csv", "bytes": 1024, "region": "US", "by": "row", "acting_user": "u-17"},
    "put_account": {"name": "Acme Solar", "default_region": "US"},
    "read_numbers": {"numbers": _NUMBERS, "region": "US"},
    "reject_removal": _DECISION,
    "remove_number": _REMOVAL,
    "remove_number_by_post": _REMOVAL,
    "restore_number": _DECISION,
    "undo_import": {"acting_user": "u-17"},
    "withdraw_removal": _DECISION,
}
"""The example of each operation's body, by `operationId`."""
