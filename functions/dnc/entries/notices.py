"""What a person should read before a number is taken off the list: why it is there and what its country's rule says.

Short, careful texts, each with its citation and the day when its sources were looked at. They are not legal advice, and
say so.
"""

from dataclasses import dataclass
from typing import Any

from dnc.entries import reasons
from dnc.entries.entry import Entry, Source
from dnc.phone import reader as phone

DISCLAIMER = "This is a summary to help you decide, not legal advice."
HOW_IT_CAME: dict[Source, str] = {
    Source.INBOUND_CALL: "the person called and asked not to be called",
    Source.SMS: "the person asked by text message",
    Source.IVR: "the person chose it in the phone menu",
    Source.WEB: "the person asked on a web form",
    Source.EMAIL: "the person asked by e-mail",
    Source.LETTER: "the person asked by letter",
    Source.COMPLAINT: "the person complained",
    Source.LEGAL: "of a legal demand",
    Source.MANUAL: "a colleague added it by hand",
    Source.DISPOSITION: "an agent ended a call with the disposition DNC",
    Source.IMPORT: "it was in an imported file",
    Source.REGISTRY: "it was on a do-not-call registry",
    Source.SUPPRESSION: "your company suppressed it for reasons of its own",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A country's rule in short, with its citation. `seen_on`: the day when its sources were last looked at.

    `consent_first`: a marketing call needs the person's consent before it, so a number that is not listed needs more
    than a check. `dnc.checks.check` says so too, by calling code.
    """

    text: str
    seen_on: str
    consent_first: bool = False


_UNITED_STATES = Rule(
    "United States and its territories: a request not to be called or texted must be honored within a reasonable time, "
    "at the latest 10 business days after it was received, and for 5 years (47 CFR 64.1200(d)(3), (d)(6) and (e)). "
    "Under the FTC's Telemarketing Sales Rule it has no end (16 CFR 310.4(b)(1)(iii)(A)). Virginia requires 10 years, "
    "for calls and texts (Va. Code 59.1-514), and other states may be stricter. An area code does not prove where a "
    "person lives, so the strictest rule may apply to any of these numbers.",
    "2026-11-26",
)
RULES: dict[str, Rule] = {
    **dict.fromkeys(("US", "PR", "GU", "VI", "MP", "AS"), _UNITED_STATES),
    "CA": Rule(
        "Canada: a number must be on the company's own list within 14 days of the request and stay there for at "
        "least 3 years and 14 days (CRTC Unsolicited Telecommunications Rules, Part III).",
        "2026-11-26",
    ),
    "GB": Rule(
        "United Kingdom: nobody who said that they object may be called for direct marketing, neither individuals "
        "nor companies, until they withdraw it (Privacy and Electronic Communications Regulations 2003, "
        "regulation 21(1)(a)).",
        "2026-11-26",
    ),
    "IM": Rule(
        "Isle of Man: as in the United Kingdom, nobody who said that they object may be called for direct marketing "
        "until they withdraw it (Unsolicited Communications Regulations 2005, which reflect regulations 19 to 33 of "
        "the United Kingdom's of 2003).",
        "2026-11-26",
    ),
    "FR": Rule(
        "France: since August 11, 2026, a consumer may be called for marketing only with prior consent, which the "
        "caller must prove and the consumer may revoke; a call about a current contract is exempt (Code de la "
        "consommation, article L223-1, as amended by Loi 2025-594, article 13). A removal from this list is not "
        "consent.",
        "2026-11-26",
        consent_first=True,
    ),
    "DE": Rule(
        "Germany: a consumer may be called for marketing only with prior express consent, and others only if consent "
        "can be presumed (UWG, section 7(2) no. 1). The caller must document a consumer's consent and keep the record "
        "for 5 years (UWG, section 7a). A removal from this list is not consent.",
        "2026-11-26",
        consent_first=True,
    ),
}
OTHER_RULE = Rule(
    "Most countries let people object to marketing calls, and expect the objection to be honored without delay "
    "until it is withdrawn. Ask your counsel for the rule of this number's country before you remove it.",
    "2026-11-26",
)


def removal_notice(entry: Entry, open_reasons: list[str]) -> dict[str, Any]:
    """Return what to read before removing an entry.

    `why` it is listed, the `rule` of its `country`, a `disclaimer`, the codes of the open `reasons` (`open_reasons`, of
    this caller), and the reasons that are `refused`.
    """
    country = phone.region_of(entry.number)
    ways = [HOW_IT_CAME[Source(s)] for s in sorted(entry.sources) if s in HOW_IT_CAME]
    why = f"Listed on {entry.listed_at[:10] or 'an unknown day'}"
    if ways:
        why += f" because {'; also because '.join(ways)}"
    if entry.last_requested_at > entry.requested_at:
        why += f". Last requested on {entry.last_requested_at[:10]}"
    rule = RULES.get(country or "", OTHER_RULE)
    return {
        "country": country,
        "why": f"{why}.",
        "rule": rule.text,
        "rule_seen_on": rule.seen_on,
        "consent_needed": rule.consent_first,
        "disclaimer": DISCLAIMER,
        "reasons": open_reasons,
        "refused": reasons.refused_for(entry),
    }
