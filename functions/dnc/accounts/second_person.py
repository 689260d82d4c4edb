"""Who counts as a second person: a removal that one person requested must be approved by another.

A key is not a person, and anyone who can make keys could make one just to approve their own request. So the approver
needs another credential and another name, and neither key may have made the other, directly or through further keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PERSON = "user:"
"""The prefix of a principal that comes from a person's own token."""


@dataclass(frozen=True, slots=True)
class Party:
    """One side of a removal. `names`: of the person. `made_by`: the principals that made the key, step by step."""

    principal: str
    names: frozenset[str]
    made_by: frozenset[str]

    @classmethod
    def of(cls, actor: Mapping[str, Any], made_by: frozenset[str], person: str | None = None) -> "Party":
        """Return the party of an actor as an entry stores it. `person`: the person of the token, if known."""
        principal = str(actor.get("principal"))
        named = {actor.get("acting_user"), person, principal.removeprefix(PERSON) if _is_person(principal) else None}
        return cls(principal, frozenset(name.strip().casefold() for name in named if isinstance(name, str)), made_by)


def why_not_another(asker: Party, approver: Party, *, only_people: bool) -> str | None:
    """Return why the approver and the asker do not count as two people, or None if they do.

    `only_people`: an OIDC issuer is configured, so that a person can prove who they are.
    """
    if only_people and not _is_person(approver.principal):
        return "An API key cannot approve a removal here. Sign in with the identity provider to approve it."
    if asker.principal == approver.principal:
        return "The removal was requested with this credential. Another person must approve it with another credential."
    if asker.names & approver.names:
        return "The removal was requested by the same person. Another person must approve it."
    if asker.principal in approver.made_by or approver.principal in asker.made_by:
        return "One of the two credentials made the other, so they count as one person. Another person must approve it."
    return None


def _is_person(principal: str) -> bool:
    return principal.startswith(PERSON)
