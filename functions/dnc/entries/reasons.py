"""Why a number may leave the list, what each reason must prove, and the reasons that are refused.

A reason is open for an entry only if every one of the entry's sources allows it: a number that the person also asked
for is not removed as an agent's mistake. `remove` is the only function that makes a removed entry, so every way off the
list passes the same judge.
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
    """A valid reason. `requires`: fields of the request, all needed. `either`: fields of which one is enough.

    `for_readings`: a number that was listed only as a reading of another one may leave for it, whatever its sources.
    """

    code: str
    label: str
    guidance: str
    sources: frozenset[Source]
    requires: tuple[str, ...]
    either: tuple[str, ...] = ()
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
        return all(source in sources or (in_undo and source == Source.LEGAL) for source in entry.sources)

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
    """A reason that people give but the rules do not accept, with the rule."""

    code: str
    label: str
    why: str


REASONS: dict[str, Reason] = {
    r.code: r
    for r in (
        Reason(
            "marked_by_mistake",
            "Marked by mistake",
            "The disposition or the button was pressed by mistake; the person did not ask. Describe what happened.",
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
            in_undo=ALL - {Source.LEGAL},
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
            "Say where the signed consent is kept, when it was signed and for what purpose.",
            ALL,
            ("evidence.reference", "evidence.obtained_at", "evidence.purpose"),
        ),
        Reason(
            "request_withdrawn",
            "Request withdrawn by the person",
            "The person contacted you after the last request and took it back. Name that contact.",
            ALL - {Source.LEGAL},
            ("evidence.reference", "evidence.obtained_at"),
        ),
        Reason(
            "number_reassigned",
            "Number reassigned to another person",
            "The reassigned numbers database (47 CFR 64.1200(m)) answered yes on or after the last request. "
            "Keep the receipt of the query and give its reference.",
            ALL - {Source.LEGAL},
            ("evidence.reference", "evidence.checked_on", "evidence.result"),
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

REFUSED: dict[str, Refused] = {
    r.code: r
    for r in (
        Refused(
            "existing_customer",
            "Existing customer",
            "A company do-not-call request ends the established business relationship exemption: it must be honored "
            "whether or not the person goes on doing business with the seller (47 CFR 64.1200(f)(5)(i)).",
        ),
        Refused(
            "new_inquiry",
            "New inquiry",
            "An inquiry is not consent: a do-not-call request holds until the person withdraws it or gives "
            "express written consent (47 CFR 64.1200(d)(3) and (d)(6)).",
        ),
        Refused(
            "agent_disagrees",
            "The agent thinks that the person did not mean it",
            "A request must be recorded and honored as it was made, without being weighed (47 CFR 64.1200(d)(3)).",
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


def open_for(entry: Entry, may_order: bool) -> list[str]:
    """Return the codes of the reasons that are open for an entry. `may_order`: the caller may act on a legal order."""
    return [r.code for r in REASONS.values() if r.open_for(entry, may_order)]


def refuse_unaccepted(code: str) -> None:
    """Raise RemovalRefused, with the rule, for a known reason that is never accepted."""
    refused = REFUSED.get(code)
    if refused:
        raise RemovalRefused(f"{refused.label}: {refused.why}", [FieldError("reason", refused.why)])


def remove(entry: Entry, removal: Mapping[str, Any], write: Write, *, may_order: bool, in_undo: bool = False) -> Entry:
    """Judge a removal, and return the removed entry: the listed one, with the reason, the evidence and the actor.

    `removal`: `reason`, `note`, `correct_number` (E.164) and `evidence`, as the request has them. `may_order`: the
    caller may act on a legal order. `in_undo`: an import that listed the entry is being undone. Raises RemovalRefused.
    """
    _judge(entry, removal, may_order, in_undo, write.at)
    at = times.text(write.at)
    stored = {**removal, "removed_at": at, "removed_by": write.actor.item()}
    if entry.expires_at is not None:
        stored["expires_at"] = times.from_epoch(entry.expires_at)
    return replace(
        entry,
        status=REMOVED,
        removal=stored,
        expires_at=None,
        version=entry.version + 1,
        changed_at=at,
        changed_by=write.actor.item(),
        change=Change.REMOVED,
        request_id=write.request_id,
    )


def _judge(entry: Entry, removal: Mapping[str, Any], may_order: bool, in_undo: bool, moment: datetime) -> None:
    """Raise RemovalRefused unless the removal's reason is open for the entry and its evidence is complete and fits."""
    reason = REASONS[removal["reason"]]
    if not reason.open_for(entry, may_order, in_undo=in_undo):
        raise RemovalRefused(
            _why_closed(reason, entry, may_order), [FieldError("reason", "is not open for this entry")]
        )
    evidence = removal.get("evidence") or {}
    errors = [FieldError(f, "is required for this reason") for f in reason.requires if not _has(f, removal, evidence)]
    if reason.either and not any(removal.get(f) for f in reason.either):
        errors.append(FieldError(reason.either[0], f"{' or '.join(reason.either)} is required for this reason"))
    for name in reason.requires:
        fits = _FITS.get(name)
        if fits and _has(name, removal, evidence):
            message = fits(str(evidence[name.removeprefix("evidence.")]), entry, moment)
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


def _obtained_after_the_request(written: str, entry: Entry, moment: datetime) -> str:
    obtained = times.parse(written)
    if times.text(obtained) <= entry.last_requested_at:
        return f"must be after the last request of {entry.last_requested_at}"
    return "is in the future" if obtained > moment else ""


def _checked_since_the_request(written: str, entry: Entry, moment: datetime) -> str:
    if written < entry.last_requested_at[:10]:
        return f"must be on or after the day of the last request, {entry.last_requested_at[:10]}"
    return "is in the future" if written > moment.date().isoformat() else ""


def _reassigned(written: str, _entry: Entry, _moment: datetime) -> str:
    return "" if written == "yes" else "must be yes: any other answer does not say that the number was reassigned"


_FITS: dict[str, Callable[[str, Entry, datetime], str]] = {
    "evidence.obtained_at": _obtained_after_the_request,
    "evidence.checked_on": _checked_since_the_request,
    "evidence.result": _reassigned,
}
