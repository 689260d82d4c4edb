"""What a person should read before removing a number: why it is listed, and what the rule of its country says.

The texts are short. Each cites its sources and names the day on which they were last read. They are not legal advice,
and say so.
"""

from dataclasses import dataclass
from typing import Any

from dnc.entries import reasons
from dnc.entries.entry import Entry, Source
from dnc.phone import reader as phone

DISCLAIMER = "This is a summary to help you decide, not legal advice."
WHY_LISTED: dict[Source, str] = {
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
    """A country's rule in brief, with its citation. `seen_on`: the day on which its sources were last read.

    `consent_first`: a marketing call requires prior consent, so it is not enough that a check finds the number
    unlisted. `dnc.checks.check` reports this as well, by calling code.
    """

    text: str
    seen_on: str
    consent_first: bool = False


_UNITED_STATES = Rule(
    "United States and its territories: a request not to be called or texted must be honored within a reasonable time, "
    "at the latest 10 business days after it was received, and for 5 years (47 CFR 64.1200(d)(3), (d)(6) and (e)). "
    "Under the FTC's Telemarketing Sales Rule, it never expires (16 CFR 310.4(b)(1)(iii)(A)). Virginia requires "
    "10 years, for calls and texts (Va. Code 59.1-514), and other states may be stricter. An area code does not prove "
    "where a person lives, so the strictest rule may apply to any of these numbers.",
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
        "United Kingdom: no individual or company that has objected to direct marketing may be called for it until "
        "they withdraw the objection (Privacy and Electronic Communications Regulations 2003, regulation 21(1)(a)).",
        "2026-11-26",
    ),
    "IM": Rule(
        "Isle of Man: as in the United Kingdom, no one who has objected to direct marketing may be called for it until "
        "they withdraw the objection (Unsolicited Communications Regulations 2005, which reflect regulations 19 to 33 "
        "of the United Kingdom's regulations of 2003).",
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

    The notice has `why` the number is listed, its `country` and that country's `rule`, a `disclaimer`, the codes of
    the `reasons` that are open to the caller (`open_reasons`), and the reasons that are `refused`.
    """
    country = phone.region_of(entry.number)
    causes = [WHY_LISTED[Source(s)] for s in sorted(entry.sources) if s in WHY_LISTED]
    why = f"Listed on {entry.listed_at[:10] or 'an unknown day'}"
    if causes:
        why += f" because {'; also because '.join(causes)}"
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
