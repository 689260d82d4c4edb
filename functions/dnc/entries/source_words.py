"""The words that forms, CRMs and files use for a source. Requests and files share this table."""

import re

from dnc.entries.entry import Source

_WORDS = {
    Source.INBOUND_CALL: "call inbound incoming_call incoming phone phone_call telephone voice voicemail",
    Source.SMS: "text text_message texting mms whatsapp sms_reply sms_opt_out stop",
    Source.IVR: "dtmf keypress key_press phone_menu",
    Source.WEB: "form web_form webform website web_site online internet landing_page chat",
    Source.EMAIL: "e_mail mail_reply unsubscribe",
    Source.LETTER: "mail post postal postal_mail written",
    Source.COMPLAINT: "complaints",
    Source.LEGAL: "lawyer attorney court court_order litigator legal_request",
    Source.MANUAL: "manually by_hand hand entered",
    Source.DISPOSITION: "dispo call_disposition agent_disposition dnc_disposition outcome",
    Source.IMPORT: "imported upload uploaded file csv bulk spreadsheet",
    Source.REGISTRY: "national_registry dnc_registry national_dnc_registry ndnc federal federal_dnc state_dnc tps ctps",
    Source.SUPPRESSION: "suppressed suppression_list internal internal_dnc staff competitor competitors",
}
_SOURCES = {word: source for source, words in _WORDS.items() for word in (str(source), *words.split())}


def source_named(written: str) -> Source | None:
    """Return the source that a word names, in any case and with any separators (`Web Form`), or None."""
    return _SOURCES.get(re.sub(r"[\W_]+", "_", written.casefold()).strip("_"))
