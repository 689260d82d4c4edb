"""Why a number may leave the list, what each reason must prove, and the reasons that are refused.

A reason is open for an entry only if every source of the entry allows it: a number that a person also asked to list is
not removed as an agent's mistake. Only `remove` makes a removed entry, so every removal is judged by the same rules.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from dnc import times
from dnc.entries.entry import REMOVED, Change, Entry, Source, Write
from dnc.problems import FieldError, RemovalRefused

ALL = frozenset(Source)
ENTERED_BY_STAFF = frozenset({Source.MANUAL, Source.DISPOSITION, Source.IMPORT, Source.SUPPRESSION})


@dataclass(frozen=True, slots=True)
class Reason:
    """A valid reason. `requires`: fields of the request that are all needed. `either`: fields of which one is enough.

    `sources`: the sources that allow it; `in_undo`: those that allow it while an import is being undone.
    `for_registry`: further fields that are needed for an entry with the source `registry`. `for_readings`: it is open
    for a number that was listed only as a reading of another one, whatever its sources.
    """

    code: str
    label: str
    guidance: str
    sources: frozenset[Source]
    requires: tuple[str, ...]
    either: tuple[str, ...] = ()
    for_registry: tuple[str, ...] = ()
    by_legal_order: bool = False
    in_undo: frozenset[Source] = frozenset()
    for_readings: bool = False

    def open_for(self, entry: Entry, may_order: bool, *, in_undo: bool = False) -> bool:
        """Return whether every source of the entry allows this reason to this caller.

        `may_order`: the caller may act on a legal order. `in_undo`: an import that listed the entry is being undone.
        """
        if self.by_legal_order:
            return may_order
        if Source.LEGAL in entry.sources and not may_order:
            return False
        if self.for_readings and entry.reading_of:
            return True
        sources = self.in_undo if in_undo else self.sources
        return sources.issuperset(entry.sources)

    def required_of(self, entry: Entry) -> tuple[str, ...]:
        """Return all the fields that a removal of an entry must have."""
        return self.requires + (self.for_registry if Source.REGISTRY in entry.sources else ())

    def as_json(self) -> dict[str, Any]:
        """Return the reason as the API shows it."""
        return {
            "code": self.code,
            "label": self.label,
            "guidance": self.guidance,
            "requires": list(self.requires) or [" or ".join(self.either)],
            "sources": sorted(str(s) for s in self.sources),
        }


@dataclass(frozen=True, slots=True)
class Refused:
    """A reason that people give but the rules do not accept. `why`: the rule that refuses it.

    `for_registry`: the rule for a number that only a registry lists, if it differs.
    """

    code: str
    label: str
    why: str
    for_registry: str = ""

    def why_for(self, entry: Entry) -> str:
        """Return the rule that refuses this reason for an entry."""
        return self.for_registry if self.for_registry and entry.sources == {Source.REGISTRY} else self.why

    def as_json(self, entry: Entry | None = None) -> dict[str, str]:
        """Return the reason as the API shows it. With an entry, `why` is the rule for that entry."""
        return {"code": self.code, "label": self.label, "why": self.why_for(entry) if entry else self.why}


REASONS: dict[str, Reason] = {
    r.code: r
    for r in (
        Reason(
            "marked_by_mistake",
            "Marked by mistake",
            "The disposition or button was chosen by mistake; the person did not ask. Describe what happened.",
            ENTERED_BY_STAFF,
            ("note",),
        ),
        Reason(
            "entered_wrong_number",
            "Wrong number entered",
            "Another number was meant. Enter that number, and it is listed at the same moment. "
            "If it is not known, explain why in a note.",
            ALL - {Source.SMS, Source.IVR, Source.INBOUND_CALL},
            (),
            either=("correct_number", "note"),
            for_readings=True,
        ),
        Reason(
            "import_error",
            "Error in an import",
            "The file or its columns were wrong. Name the file and what was wrong with it.",
            frozenset({Source.IMPORT, Source.REGISTRY}),
            ("note",),
            in_undo=ALL,
        ),
        Reason(
            "left_registry",
            "Left the registry",
            "The number is no longer on the registry that it came from. Name the registry's file or query.",
            frozenset({Source.REGISTRY}),
            ("evidence.reference",),
        ),
        Reason(
            "consent_given",
            "Written consent since then",
            "After the last do-not-call request, the person agreed in writing to be called for a stated purpose. "
            "Say where the signed consent is kept, when it was signed and for what purpose. For a number from a "
            "registry, also enter the number that the signed agreement names (16 CFR 310.4(b)(1)(iii)(B)(1)).",
            ALL,
            ("evidence.reference", "evidence.obtained_at", "evidence.purpose"),
            for_registry=("evidence.number",),
        ),
        Reason(
            "request_withdrawn",
            "Request withdrawn by the person",
            "The person contacted you after the last request and took it back. Name that contact.",
            ALL - {Source.LEGAL, Source.REGISTRY},
            ("evidence.reference", "evidence.obtained_at"),
        ),
        Reason(
            "number_reassigned",
            "Number reassigned to another person",
            "Another person made the last request, and the number has been disconnected since. Query the reassigned "
            "numbers database with the day of the last request or a later date. It answers yes if the number was "
            "disconnected on or after that date. Enter the date, the day of the query and its receipt. The database is "
            "a safe harbor for consent (47 CFR 64.1200(m)); this removal is justified only because another person made "
            "the request.",
            ALL - {Source.LEGAL},
            ("evidence.reference", "evidence.compared_date", "evidence.checked_on", "evidence.result"),
        ),
        Reason(
            "test_number",
            "Test number",
            "A number of your own that was listed to test the system.",
            ENTERED_BY_STAFF,
            ("note",),
        ),
        Reason(
            "suppression_ended",
            "Suppression ended",
            "You suppressed the number for reasons of your own (staff, a competitor), and they no longer apply.",
            frozenset({Source.SUPPRESSION}),
            ("note",),
        ),
        Reason(
            "legal_order",
            "Legal order",
            "A court, a regulator or your counsel ordered the removal. Enter the order's reference.",
            ALL,
            ("evidence.reference",),
            by_legal_order=True,
        ),
    )
}

_FOR_EACH_CALL = (
    "Such an exemption belongs to a call, not to the list: it expires, and the number stays on the registry. Decide on "
    "it for each call, and leave the number listed."
)
REFUSED: dict[str, Refused] = {
    r.code: r
    for r in (
        Refused(
            "existing_customer",
            "Existing customer",
            "A company do-not-call request ends the established business relationship exemption: it must be honored "
            "whether or not the person goes on doing business with the seller (47 CFR 64.1200(f)(5)(i)).",
            for_registry="A relationship with a customer may exempt a call from the registry "
            f"(16 CFR 310.4(b)(1)(iii)(B)(2)). {_FOR_EACH_CALL}",
        ),
        Refused(
            "new_inquiry",
            "New inquiry",
            "An inquiry is not consent: a do-not-call request holds until the person withdraws it or gives "
            "express written consent (47 CFR 64.1200(d)(3) and (d)(6)).",
            for_registry="An inquiry may exempt a call within the next three months from the registry "
            f"(16 CFR 310.2(q)(2) and 310.4(b)(1)(iii)(B)(2)). {_FOR_EACH_CALL}",
        ),
        Refused(
            "agent_disagrees",
            "The agent thinks that the person did not mean it",
            "A request must be recorded and honored as it was made. It is not for the agent to judge "
            "(47 CFR 64.1200(d)(3)).",
        ),
        Refused(
            "lead_reimported",
            "The lead was imported again",
            "The request belongs to the number, not to a list: a new lead file does not end it (47 CFR 64.1200(d)(6)).",
        ),
        Refused(
            "other",
            "Other",
            "A removal must be provable later, and 'other' proves nothing (16 CFR 310.5(a)(10), 47 CFR 64.1200(d)).",
        ),
    )
}


def valid_code(code: str) -> str:
    """Return the code of a valid reason unchanged. Raises ValueError, which names all codes, for any other text."""
    if code not in REASONS:
        raise ValueError(f"must be one of {', '.join(REASONS)}")
    return code


def open_for(entry: Entry, may_order: bool) -> list[str]:
    """Return the codes of the reasons that are open for an entry. `may_order`: the caller may act on a legal order."""
    return [r.code for r in REASONS.values() if r.open_for(entry, may_order)]


def refused_for(entry: Entry) -> list[dict[str, str]]:
    """Return the reasons that are never accepted, each with the rule that refuses it for an entry."""
    return [refused.as_json(entry) for refused in REFUSED.values()]


def remove(entry: Entry, removal: Mapping[str, Any], write: Write, *, may_order: bool, in_undo: bool = False) -> Entry:
    """Judge a removal, and return the removed entry: the listed entry with the reason, the evidence and the actor.

    `removal`: `reason`, `note`, `correct_number` (E.164) and `evidence`, as requested. `may_order`: the caller may act
    on a legal order. `in_undo`: an import that listed the entry is being undone. Raises RemovalRefused.
    """
    judge(entry, removal, may_order=may_order, in_undo=in_undo, moment=write.at)
    at = times.text(write.at)
    stored = {**removal, "removed_at": at, "removed_by": write.actor.item()}
    if entry.expires_at is not None:
        stored["expires_at"] = times.from_epoch(entry.expires_at)
    return replace(
        entry,
        status=REMOVED,
        removal=stored,
        pending_removal=None,
        expires_at=None,
        version=entry.version + 1,
        changed_at=at,
        changed_by=write.actor.item(),
        change=Change.REMOVED,
        request_id=write.request_id,
    )


def needs_admin(entry: Entry, code: str) -> bool:
    """Return whether only those who may act on a legal order can remove an entry for this reason."""
    return Source.LEGAL in entry.sources or REASONS[code].by_legal_order


def judge(entry: Entry, removal: Mapping[str, Any], *, may_order: bool, in_undo: bool, moment: datetime) -> None:
    """Raise RemovalRefused unless the removal's reason is open for the entry and its evidence is complete and fits."""
    refused = REFUSED.get(removal["reason"])
    if refused:
        why = refused.why_for(entry)
        raise RemovalRefused(f"{refused.label}: {why}", [FieldError("reason", why)])
    reason = REASONS[removal["reason"]]
    required = reason.required_of(entry)
    if not reason.open_for(entry, may_order, in_undo=in_undo):
        raise RemovalRefused(
            _why_closed(reason, entry, may_order), [FieldError("reason", "is not open for this entry")]
        )
    evidence = removal.get("evidence") or {}
    errors = [FieldError(f, "is required for this reason") for f in required if not _has(f, removal, evidence)]
    if reason.either and not any(removal.get(f) for f in reason.either):
        errors.append(FieldError(reason.either[0], f"{' or '.join(reason.either)} is required for this reason"))
    for name in required:
        fits = _FITS.get(name)
        if fits and _has(name, removal, evidence):
            message = fits(evidence, entry, moment)
            if message:
                errors.append(FieldError(name, message))
    if removal.get("correct_number") == entry.number:
        errors.append(FieldError("correct_number", "must not be the number that is removed"))
    if errors:
        faults = "; ".join(f"{e.field} {e.message}" for e in errors)
        raise RemovalRefused(f"{reason.label}: {faults}. {reason.guidance}", errors)


def _has(name: str, removal: Mapping[str, Any], evidence: Mapping[str, Any]) -> bool:
    inside = name.removeprefix("evidence.")
    return bool(evidence.get(inside) if inside != name else removal.get(name))


def _why_closed(reason: Reason, entry: Entry, may_order: bool) -> str:
    if reason.by_legal_order:
        return f"{reason.label}: only an admin or an operator may act on a legal order."
    if Source.LEGAL in entry.sources and not may_order:
        return "This number was listed for a legal reason: only an admin or an operator may remove it."
    against = sorted(str(s) for s in entry.sources if s not in reason.sources)
    return f"{reason.label}: not accepted for a number that was listed by {', '.join(against)}."


def _obtained_after_the_request(evidence: Mapping[str, Any], entry: Entry, moment: datetime) -> str:
    obtained = times.parse(evidence["obtained_at"])
    if times.text(obtained) <= entry.last_requested_at:
        return f"must be after the last request of {entry.last_requested_at}"
    return "is in the future" if obtained > moment else ""


def _compared_since_the_request(evidence: Mapping[str, Any], entry: Entry, _moment: datetime) -> str:
    if evidence["compared_date"] < entry.last_requested_at[:10]:
        return f"must be on or after the day of the last request, {entry.last_requested_at[:10]}"
    return ""


def _checked_since_compared(evidence: Mapping[str, Any], _entry: Entry, moment: datetime) -> str:
    if evidence["checked_on"] < (evidence.get("compared_date") or ""):
        return "must be on or after compared_date, because the database cannot answer for a later day"
    return "is in the future" if evidence["checked_on"] > moment.date().isoformat() else ""


def _reassigned(evidence: Mapping[str, Any], _entry: Entry, _moment: datetime) -> str:
    yes = evidence["result"] == "yes"
    return "" if yes else "must be yes: no other answer says that the number was reassigned"


def _names_the_entry(evidence: Mapping[str, Any], entry: Entry, _moment: datetime) -> str:
    return "" if evidence["number"] == entry.number else f"must be the number of the entry, {entry.number}"


_FITS: dict[str, Callable[[Mapping[str, Any], Entry, datetime], str]] = {
    "evidence.obtained_at": _obtained_after_the_request,
    "evidence.compared_date": _compared_since_the_request,
    "evidence.checked_on": _checked_since_compared,
    "evidence.result": _reassigned,
    "evidence.number": _names_the_entry,
}
