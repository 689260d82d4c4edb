"""The links of `docs/openapi.json`: which requests can follow a response, and which of its values they use.

They say what a schema cannot: where a version, an id or a page token comes from. Clients may follow them, and generated
sequences of requests do.
"""

from typing import Any

type Link = dict[str, Any]

_ACCOUNT = {"account_id": "$request.path.account_id"}
_NUMBER = {**_ACCOUNT, "number": "$response.body#/number"}
_SAME_NUMBER = {**_ACCOUNT, "number": "$request.path.number"}
_JOB = {**_ACCOUNT, "id": "$response.body#/id"}
_PAGE = "query.page_token"
_PERSON = {"acting_user": "u-17"}
_SEEN = {"if_version": "$response.body#/version", **_PERSON}
_REMOVAL = {"reason": "marked_by_mistake", "note": "pressed by mistake", **_SEEN}


def _link(operation: str, description: str, parameters: Link, body: Link | None = None) -> Link:
    link = {"operationId": operation, "description": description, "parameters": parameters}
    return {**link, "requestBody": body} if body else link


_OF_A_NUMBER = {
    "Read": _link("read_number", "Read the entry", _NUMBER),
    "History": _link("read_history", "Read what happened to the number", _NUMBER),
    "Check": _link("check_numbers", "Check the number", _ACCOUNT, {"numbers": ["$response.body#/number"]}),
}
_OF_A_LISTED_NUMBER = {
    **_OF_A_NUMBER,
    "Remove": _link("remove_number", "Remove the version that was read", _NUMBER, _REMOVAL),
    "RemoveByPost": _link("remove_number_by_post", "Remove the version that was read", _NUMBER, _REMOVAL),
}
_OF_A_REMOVED_NUMBER = {
    **_OF_A_NUMBER,
    "Restore": _link("restore_number", "Reverse the removal", _NUMBER, _SEEN),
}
_OF_A_WAITING_REMOVAL = {
    **_OF_A_NUMBER,
    "Pending": _link("list_pending_removals", "List the removals that wait for a second person", _ACCOUNT),
    "Approve": _link("approve_removal", "Approve the removal", _NUMBER, _SEEN),
    "Reject": _link("reject_removal", "Reject the removal", _NUMBER, _SEEN),
    "Withdraw": _link("withdraw_removal", "Withdraw the removal", _NUMBER, _SEEN),
}


def _next_page(operation: str, parameters: Link) -> dict[str, Link]:
    page = {**parameters, _PAGE: "$response.body#/next_page_token"}
    return {"Next": _link(operation, "Read the next page, if there is one", page)}


LINKS: dict[tuple[str, int], dict[str, Link]] = {
    ("add_number", 201): _OF_A_LISTED_NUMBER,
    ("add_number", 200): _OF_A_LISTED_NUMBER,
    ("read_number", 200): {"History": _link("read_history", "Read what happened to the number", _SAME_NUMBER)},
    ("remove_number", 200): _OF_A_REMOVED_NUMBER,
    ("remove_number", 202): _OF_A_WAITING_REMOVAL,
    ("remove_number_by_post", 200): _OF_A_REMOVED_NUMBER,
    ("remove_number_by_post", 202): _OF_A_WAITING_REMOVAL,
    ("approve_removal", 200): _OF_A_REMOVED_NUMBER,
    ("reject_removal", 200): _OF_A_LISTED_NUMBER,
    ("withdraw_removal", 200): _OF_A_LISTED_NUMBER,
    ("restore_number", 200): _OF_A_LISTED_NUMBER,
    ("make_import", 201): {
        "Read": _link("read_import", "Read the import", _JOB),
        "ChooseColumns": _link("choose_import_columns", "Continue an import that waits for its columns", _JOB),
        "Undo": _link("undo_import", "Undo the import when it is done", _JOB, _PERSON),
    },
    ("read_import", 200): {"Undo": _link("undo_import", "Undo the import when it is done", _JOB, _PERSON)},
    ("undo_import", 200): {"Read": _link("read_import", "Read the progress of the undo", _JOB)},
    ("make_scrub", 201): {
        "Read": _link("read_scrub", "Read the scrub", _JOB),
        "ChooseColumns": _link("choose_scrub_columns", "Continue a scrub that waits for its columns", _JOB),
    },
    ("make_export", 201): {"Read": _link("read_export", "Read the export", _JOB)},
    ("make_key", 201): {
        "List": _link("list_keys", "List the account's keys", _ACCOUNT),
        "Revoke": _link("revoke_key", "Revoke the key", {**_ACCOUNT, "key_id": "$response.body#/key_id"}),
    },
    ("put_account", 201): {"Read": _link("get_account", "Read the account", _ACCOUNT)},
    ("put_account", 200): {"Read": _link("get_account", "Read the account", _ACCOUNT)},
    ("list_accounts", 200): _next_page("list_accounts", {}),
    ("list_numbers", 200): _next_page("list_numbers", _ACCOUNT),
    ("list_imports", 200): _next_page("list_imports", _ACCOUNT),
    ("list_scrubs", 200): _next_page("list_scrubs", _ACCOUNT),
    ("list_exports", 200): _next_page("list_exports", _ACCOUNT),
    ("list_pending_removals", 200): _next_page("list_pending_removals", _ACCOUNT),
    ("read_audit", 200): _next_page("read_audit", _ACCOUNT),
    ("read_history", 200): _next_page("read_history", _SAME_NUMBER),
}
"""The links of responses, by `operationId` and status."""
