"""The meanings of column headers: the words of dialers, CRMs and address books, in ten languages.

Covers VICIdial, Five9, Convoso, Genesys, smrtPhone, HubSpot, Salesforce, Google and Outlook contacts, REsimpli,
BatchLeads and PropStream, and header words in English, German, French, Spanish, Italian, Portuguese, Dutch, Danish,
Swedish and Norwegian. A header is only a hint: `dnc.bulk.uploads.columns` also considers the column's cells.
"""

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache


class Meaning(StrEnum):
    """What a column contains according to its header."""

    PHONE = "phone"
    MAYBE_PHONE = "maybe_phone"
    """A phone if its cells look like one: in some files, `mobile`, `dnc` and `number` are flags or house numbers."""
    OWN_PHONE = "own_phone"
    """The caller's phone, not the phone of the person called: a caller ID, an agent's extension."""
    AREA = "area"
    COUNTRY = "country"
    CALLING_CODE = "calling_code"
    IDENTIFIER = "identifier"
    DATE = "date"
    OTHER = "other"
    """Another word that headers use, such as a name or a city."""
    UNKNOWN = "unknown"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FIELD_NAMES = {
    "requested_at": _words(
        "requested_at request_date requested date_requested date_added added_at added dnc_date date datum fecha"
    ),
    "expires_at": _words("expires_at expires expiry expiry_date expiration expiration_date expire_date expires_on"),
    "note": _words("note notes comment comments"),
    "campaign_id": _words("campaign_id campaign campaign_name"),
    "agent_id": _words("agent_id agent"),
    "call_id": _words("call_id uniqueid"),
    "caller_id": _words("caller_id callerid cid"),
    "consumer_name": _words("consumer_name name full_name customer_name"),
    "seller": _words("seller"),
    "telemarketer": _words("telemarketer"),
    "goods_or_services": _words("goods_or_services goods services product"),
    "channels": _words("channels channel"),
    "listed_at": _words("listed_at listed_on date_listed"),
}
FIELDS = {name: field for field, names in _FIELD_NAMES.items() for name in names}
"""The fields of an entry, by the names that their columns may have."""
CHANGE_NAMES = _words("change change_type add_delete add_del action operation transaction transaction_type")

_PHONE_STEMS = _words(
    "phone telef teleph telemov handy rufnummer msisdn cellul celular movil landline festnetz mobiln mobilt "
    "mobilfunk rufnr tlf tfn telnr telno telenr wireless"
)
_PHONE_WORDS = _words(
    "tel cel fon fono gsm mob ph e164 pager telefax cellphone number1 number2 number3 number4 number5 tele"
)
_PHONE_NAMES = _words(
    "phone_number dnc_number contact_number number_dialed number_called called_number dialed_number lead_number "
    "customer_number_called caller_dnc number_to_call"
)
_MAYBE_WORDS = _words(
    "mobile mobil mobiel cell fax portable fixe fijo fisso fixo vast landlinje hjemme privat callback recapito "
    "contact dnc number numbers nummer numero numeri numeros home work business other alternate alternative alt "
    "to destination dialed called spouse"
)
_OWN_WORDS = _words(
    "did dids caller callerid cid cli agent agents outbound from sender station rep representative trunk gateway "
    "our tracking user extension operator clid"
)
_INBOUND_OR_OUTBOUND = _words("ani dnis")
_NOT_THE_NUMBER = _words(
    "type typ label labels status ext extension durchwahl source date time carrier valid validity verified count "
    "id score tags tag flag optin optout opt consent provider network note notes comment reason attempts calls "
    "duration city timezone zone lookup result disposition is has line name names country state connected "
    "reachable class category quality format rank order confidence preference permission active"
)
_NOT_BESIDE_A_PHONE = _words("email mail address adresse street url website title company job department value city")
"""With `home`, `work` or `contact`, these words name something other than a phone."""
_AREA_NAMES = _words(
    "area_code areacode area npa vorwahl ortsvorwahl prefijo prefisso indicatif ddd netnummer netnumber "
    "riktnummer std_code city_code phone_area phone_area_code telephone_area_code area_prefix"
)
_CODE_NAMES = _words(
    "phone_code dial_code dialing_code dialling_code calling_code country_calling_code country_dial_code "
    "phone_country_code country_phone_code intl_code international_code isd isd_code country_prefix phone_prefix "
    "landesvorwahl landervorwahl laendervorwahl indicatif_pays ddi cc"
)
_COUNTRY_WORDS = _words("country land pays pais paese nation nazione staat landkode landcode landskod countrycode")
_COUNTRY_NAMES = _words("region region_code country_region")
_IDENTIFIERS = _words(
    "id ids ref reference referenz referencia riferimento account acct konto kunde customer order invoice case "
    "ticket ssn policy contract vertrag lead record key zip zipcode plz postal postcode postleitzahl cap cp "
    "serial nr no matricule nif cif nie dni siret siren cnpj cpf vat iban tax imei sku code apn parcel member "
    "client external uuid guid uid rowid vendor list sequence seq loan claim file crm kundennummer kundennr klant "
    "klantnummer cliente codigo codice personnummer personnr cpr orgnr kundenr kundenummer "
    "kundnummer"
)
_DATES = _words(
    "date dates datum fecha data dato time timestamp at on created updated modified day dob birth birthday "
    "geburtstag birthdate called dialed expires expiry expiration hour ts"
)
_OTHER = _words(
    "name first last middle initial mi title salutation suffix prefix nickname surname forename company firm "
    "firma address street city town state province county email mail website url gender sex age notes note "
    "comment comments status source list score seller product campaign agent disposition outcome result duration "
    "language timezone owner vorname nachname anrede strasse ort stadt nom prenom adresse ville societe nombre "
    "apellido apellidos direccion ciudad empresa nome cognome indirizzo citta azienda sobrenome endereco cidade "
    "voornaam achternaam straat plaats bedrijf fornavn efternavn etternavn by fornamn efternamn namn gata stad "
    "foretag firmanavn label type job department organization value estimated beds baths sqft equity latitude "
    "longitude tags stage pipeline line expires mr rank group"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")
_SPLIT_AFTER = re.compile(r"^(phone|tel|mobile|cell|number|telefon|handy|mobil)(\d+)$")


def name_of(header: str) -> str:
    """Return a header in lower case, without accents, and with its words joined by underscores."""
    plain = unicodedata.normalize("NFKD", header.strip().replace("ø", "o").replace("ß", "ss").replace("æ", "ae"))
    ascii_text = "".join(c for c in plain if not unicodedata.combining(c)).lower()
    return re.sub(r"[^a-z0-9]+", "_", ascii_text).strip("_")


@lru_cache(maxsize=2048)
def meaning_of(header: str) -> Meaning:
    """Return the meaning of a header."""
    name = name_of(header)
    words = _words_of(header)
    if not words:
        return Meaning.UNKNOWN
    if name in _AREA_NAMES:
        return Meaning.AREA
    if name in _CODE_NAMES:
        return Meaning.CALLING_CODE
    if name in _COUNTRY_NAMES or words & _COUNTRY_WORDS:
        return Meaning.COUNTRY
    if name in _PHONE_NAMES:
        return Meaning.PHONE
    phone = any(_is_phone_word(word) for word in words)
    if words & _INBOUND_OR_OUTBOUND:
        return Meaning.OWN_PHONE
    if words & _OWN_WORDS and (phone or words & _MAYBE_WORDS or len(words) == 1 or "line" in words or "id" in words):
        return Meaning.OWN_PHONE
    if phone and not words & _NOT_THE_NUMBER and "code" not in words:
        return Meaning.MAYBE_PHONE if "dnc" in words else Meaning.PHONE
    if words & _MAYBE_WORDS and not words & (_NOT_THE_NUMBER | _NOT_BESIDE_A_PHONE):
        return Meaning.IDENTIFIER if words & (_IDENTIFIERS - {"no", "nr"}) else Meaning.MAYBE_PHONE
    return _of_other_words(name, words)


def is_known(header: str) -> bool:
    """Return whether a text is a word that headers use, so its row is a header rather than data."""
    return meaning_of(header) is not Meaning.UNKNOWN or name_of(header) in FIELDS


def _of_other_words(name: str, words: frozenset[str]) -> Meaning:
    if words & _DATES and "id" not in words:
        return Meaning.DATE
    if words & _IDENTIFIERS:
        return Meaning.IDENTIFIER
    if words & _OTHER or name in FIELDS or any(_is_phone_word(word) for word in words) or words & _MAYBE_WORDS:
        return Meaning.OTHER
    return Meaning.UNKNOWN


def _is_phone_word(word: str) -> bool:
    return word in _PHONE_WORDS or any(stem in word for stem in _PHONE_STEMS)


def _words_of(header: str) -> frozenset[str]:
    separated = _CAMEL.sub("_", header.strip()) if not header.isupper() else header
    words = set(name_of(separated).split("_")) | set(name_of(header).split("_"))
    for word in tuple(words):
        joined = _SPLIT_AFTER.match(word)
        if joined:
            words |= {joined[1]}
    return frozenset(word for word in words if word and not word.isdecimal())
