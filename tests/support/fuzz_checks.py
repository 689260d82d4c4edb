"""Schemathesis' check of valid requests, with the rules that no schema can state.

Schemathesis loads it through `schemathesis.toml`, so it imports nothing of the project.
"""

import json
import re

import schemathesis

_ACCEPTED = {401, 403, 404, 409, 429, 503}
"""The statuses besides 2xx that a valid request may get: they depend on the credential and on what is stored."""
_BEYOND_A_SCHEMA = re.compile(
    "|".join(
        (
            "is not a token for this list and these filters",
            r"must (not be after|be before|be at most 31 days before|be less than 92 days before) to",
            "must be in the future|must be more than five minutes ago",
            "must be (a time )?in the years",
            "must be an ISO 3166-1 alpha-2 code",
            "must be one of inbound_call, ",  # the source of an add, for which any common word is accepted
            "no country has this code|must have a country code|must be the first digits|must have at most 7 digits",
        )
    )
)
"""Rules that depend on stored data, on the clock, on two fields at once or on the meaning of a text."""
_CODES_BEYOND_A_SCHEMA = {"invalid_number", "removal_refused"}


@schemathesis.check
def valid_requests_are_accepted(_ctx, response, case):
    """Fail if a request that follows the document is refused for anything that the document could have said."""
    generated = case.meta
    if generated is None or not generated.generation.mode.is_positive:
        return
    if response.status_code < 300 or response.status_code in _ACCEPTED:
        return
    problem = json.loads(response.content)
    if response.status_code == 422:
        if problem["code"] in _CODES_BEYOND_A_SCHEMA:
            return
        if all(_BEYOND_A_SCHEMA.search(error["message"]) for error in problem["errors"]):
            return
    raise AssertionError(f"a valid request was refused: {problem}")
