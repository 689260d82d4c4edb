"""What a person should read before a number is taken off the list: why it is there and what its country's rule says.

Short, careful texts about the rules as they stood in November 2026. They are not legal advice, and say so.
"""

from typing import Any

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
_UNITED_STATES = (
    "United States: a request not to be called must be honored at once, at the latest 10 business days after it was "
    "made, and for at least 5 years (47 CFR 64.1200(d)). The FTC's Telemarketing Sales Rule names no end, so it never "
    "expires by itself (16 CFR 310.4(b)(1)(iii)(A)). States may be stricter."
)
RULES: dict[str, str] = {
    "US": _UNITED_STATES,
    "CA": "Canada: a number must be on the company's own list within 14 days of the request and stay there for at "
    "least 3 years and 14 days (CRTC Unsolicited Telecommunications Rules, Part III).",
    "GB": "United Kingdom: nobody who said that they object may be called for direct marketing, neither individuals "
    "nor companies, until they withdraw it (Privacy and Electronic Communications Regulations 2003, "
    "regulation 21(1)(a)).",
}
OTHER_RULE = (
    "Most countries let people object to marketing calls, and expect the objection to be honored without delay "
    "until it is withdrawn. Ask your counsel for the rule of this number's country before you remove it."
)


def removal_notice(entry: Entry, open_reasons: list[str]) -> dict[str, Any]:
    """Give what to read before removing an entry: `why`, `country`, `rule`, `disclaimer` and the open `reasons`."""
    country = phone.region_of(entry.number)
    ways = [HOW_IT_CAME[Source(s)] for s in sorted(entry.sources) if s in HOW_IT_CAME]
    why = f"Listed on {entry.listed_at[:10] or 'an unknown day'}"
    if ways:
        why += f" because {'; also because '.join(ways)}"
    if entry.last_requested_at > entry.requested_at:
        why += f". Last requested on {entry.last_requested_at[:10]}"
    return {
        "country": country,
        "why": f"{why}.",
        "rule": RULES.get(country or "", OTHER_RULE),
        "disclaimer": DISCLAIMER,
        "reasons": open_reasons,
    }
