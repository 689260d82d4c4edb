"""The names that files and forms use for a country: alpha-2, alpha-3, English and native names, calling codes.

It is needed only for a number that comes with its own country, so a check does not load it. The codes are those of ISO
3166-1, and libphonenumber's XK for Kosovo.
"""

import unicodedata
from functools import lru_cache

from dnc.phone import nanp

_ISO = """
AC ASC Ascension Island|AD AND Andorra|AE ARE United Arab Emirates,UAE,Emirates|AF AFG Afghanistan
AG ATG Antigua and Barbuda,Antigua|AI AIA Anguilla|AL ALB Albania|AM ARM Armenia|AO AGO Angola|AR ARG Argentina
AS ASM American Samoa|AT AUT Austria,Österreich|AU AUS Australia|AW ABW Aruba|AX ALA Åland Islands,Åland
AZ AZE Azerbaijan|BA BIH Bosnia and Herzegovina,Bosnia|BB BRB Barbados|BD BGD Bangladesh
BE BEL Belgium,België,Belgique,Belgien|BF BFA Burkina Faso|BG BGR Bulgaria|BH BHR Bahrain|BI BDI Burundi|BJ BEN Benin
BL BLM Saint Barthélemy,St Barthelemy|BM BMU Bermuda|BN BRN Brunei,Brunei Darussalam
BO BOL Bolivia,Bolivia Plurinational State of|BQ BES Bonaire Sint Eustatius and Saba,Caribbean Netherlands,Bonaire
BR BRA Brazil,Brasil|BS BHS Bahamas,The Bahamas|BT BTN Bhutan|BW BWA Botswana|BY BLR Belarus|BZ BLZ Belize
CA CAN Canada|CC CCK Cocos Islands,Cocos Keeling Islands|CD COD Democratic Republic of the Congo,DR Congo,Congo Kinshasa
CF CAF Central African Republic|CG COG Congo,Republic of the Congo,Congo Brazzaville
CH CHE Switzerland,Schweiz,Suisse,Svizzera|CI CIV Côte d'Ivoire,Ivory Coast|CK COK Cook Islands|CL CHL Chile
CM CMR Cameroon|CN CHN China,People's Republic of China|CO COL Colombia|CR CRI Costa Rica|CU CUB Cuba
CV CPV Cabo Verde,Cape Verde|CW CUW Curaçao|CX CXR Christmas Island|CY CYP Cyprus
CZ CZE Czechia,Czech Republic,Česko|DE DEU Germany,Deutschland,Allemagne|DJ DJI Djibouti|DK DNK Denmark,Danmark
DM DMA Dominica|DO DOM Dominican Republic|DZ DZA Algeria|EC ECU Ecuador|EE EST Estonia,Eesti|EG EGY Egypt
EH ESH Western Sahara|ER ERI Eritrea|ES ESP Spain,España,Espagne,Spanien|ET ETH Ethiopia|FI FIN Finland,Suomi|FJ FJI Fiji
FK FLK Falkland Islands,Falkland Islands Malvinas|FM FSM Micronesia,Federated States of Micronesia
FO FRO Faroe Islands|FR FRA France,Frankreich,Francia|GA GAB Gabon
GB GBR United Kingdom,UK,U.K.,Great Britain,Britain,England,Scotland,Wales,Northern Ireland,United Kingdom of Great Britain and Northern Ireland
GD GRD Grenada|GE GEO Georgia|GF GUF French Guiana|GG GGY Guernsey|GH GHA Ghana|GI GIB Gibraltar|GL GRL Greenland
GM GMB Gambia,The Gambia|GN GIN Guinea|GP GLP Guadeloupe|GQ GNQ Equatorial Guinea|GR GRC Greece,Hellas
GT GTM Guatemala|GU GUM Guam|GW GNB Guinea-Bissau|GY GUY Guyana|HK HKG Hong Kong,Hong Kong SAR|HN HND Honduras
HR HRV Croatia,Hrvatska|HT HTI Haiti|HU HUN Hungary,Magyarország|ID IDN Indonesia|IE IRL Ireland,Republic of Ireland,Éire
IL ISR Israel|IM IMN Isle of Man|IN IND India|IO IOT British Indian Ocean Territory|IQ IRQ Iraq
IR IRN Iran,Islamic Republic of Iran|IS ISL Iceland,Ísland|IT ITA Italy,Italia,Italien,Italie|JE JEY Jersey|JM JAM Jamaica
JO JOR Jordan|JP JPN Japan|KE KEN Kenya|KG KGZ Kyrgyzstan|KH KHM Cambodia|KI KIR Kiribati|KM COM Comoros
KN KNA Saint Kitts and Nevis,St Kitts and Nevis|KP PRK North Korea|KR KOR South Korea,Korea,Republic of Korea
KW KWT Kuwait|KY CYM Cayman Islands|KZ KAZ Kazakhstan|LA LAO Laos,Lao People's Democratic Republic|LB LBN Lebanon
LC LCA Saint Lucia,St Lucia|LI LIE Liechtenstein|LK LKA Sri Lanka|LR LBR Liberia|LS LSO Lesotho|LT LTU Lithuania,Lietuva
LU LUX Luxembourg,Luxemburg|LV LVA Latvia,Latvija|LY LBY Libya|MA MAR Morocco|MC MCO Monaco
MD MDA Moldova,Republic of Moldova|ME MNE Montenegro|MF MAF Saint Martin,St Martin|MG MDG Madagascar
MH MHL Marshall Islands|MK MKD North Macedonia,Macedonia|ML MLI Mali|MM MMR Myanmar,Burma|MN MNG Mongolia
MO MAC Macao,Macau|MP MNP Northern Mariana Islands|MQ MTQ Martinique|MR MRT Mauritania|MS MSR Montserrat|MT MLT Malta
MU MUS Mauritius|MV MDV Maldives|MW MWI Malawi|MX MEX Mexico,México|MY MYS Malaysia|MZ MOZ Mozambique|NA NAM Namibia
NC NCL New Caledonia|NE NER Niger|NF NFK Norfolk Island|NG NGA Nigeria|NI NIC Nicaragua
NL NLD Netherlands,The Netherlands,Nederland,Holland,Niederlande|NO NOR Norway,Norge|NP NPL Nepal|NR NRU Nauru
NU NIU Niue|NZ NZL New Zealand|OM OMN Oman|PA PAN Panama,Panamá|PE PER Peru,Perú|PF PYF French Polynesia
PG PNG Papua New Guinea|PH PHL Philippines,The Philippines|PK PAK Pakistan|PL POL Poland,Polska
PM SPM Saint Pierre and Miquelon|PR PRI Puerto Rico|PS PSE Palestine,State of Palestine|PT PRT Portugal|PW PLW Palau
PY PRY Paraguay|QA QAT Qatar|RE REU Réunion|RO ROU Romania,România|RS SRB Serbia,Srbija
RU RUS Russia,Russian Federation|RW RWA Rwanda|SA SAU Saudi Arabia|SB SLB Solomon Islands|SC SYC Seychelles
SD SDN Sudan|SE SWE Sweden,Sverige|SG SGP Singapore|SH SHN Saint Helena,St Helena|SI SVN Slovenia,Slovenija
SJ SJM Svalbard and Jan Mayen,Svalbard|SK SVK Slovakia,Slovensko|SL SLE Sierra Leone|SM SMR San Marino|SN SEN Senegal
SO SOM Somalia|SR SUR Suriname|SS SSD South Sudan|ST STP Sao Tome and Principe,São Tomé and Príncipe
SV SLV El Salvador|SX SXM Sint Maarten|SY SYR Syria,Syrian Arab Republic|SZ SWZ Eswatini,Swaziland
TA TAA Tristan da Cunha|TC TCA Turks and Caicos Islands|TD TCD Chad|TG TGO Togo|TH THA Thailand|TJ TJK Tajikistan
TK TKL Tokelau|TL TLS Timor-Leste,East Timor|TM TKM Turkmenistan|TN TUN Tunisia|TO TON Tonga|TR TUR Turkey,Türkiye
TT TTO Trinidad and Tobago,Trinidad|TV TUV Tuvalu|TW TWN Taiwan|TZ TZA Tanzania,United Republic of Tanzania
UA UKR Ukraine|UG UGA Uganda
US USA United States,United States of America,U.S.A.,U.S.,America,Estados Unidos,Etats-Unis,Vereinigte Staaten
UY URY Uruguay|UZ UZB Uzbekistan|VA VAT Vatican City,Holy See,Vatican|VC VCT Saint Vincent and the Grenadines,St Vincent
VE VEN Venezuela|VG VGB British Virgin Islands|VI VIR US Virgin Islands,U.S. Virgin Islands,Virgin Islands
VN VNM Vietnam,Viet Nam|VU VUT Vanuatu|WF WLF Wallis and Futuna|WS WSM Samoa|XK XKX Kosovo|YE YEM Yemen
YT MYT Mayotte|ZA ZAF South Africa,RSA|ZM ZMB Zambia|ZW ZWE Zimbabwe
"""  # noqa: E501
_LONGEST_CODE = 3


@lru_cache(maxsize=4096)
def country(written: str, default: str | None = None) -> str | None:
    """Return the region (ISO 3166-1 alpha-2) that a text names, or None if it names none.

    `written`: alpha-2, alpha-3, a common name in any case, or a calling code (`44`, `+44`, `0044`). `default`: if
    several regions share a calling code and this is one of them, the code stands for it.
    """
    text = _folded(written)
    digits = text.removeprefix("00").lstrip("0") if text.isdecimal() else ""
    if digits:
        return _of_calling_code(digits, default) if len(digits) <= _LONGEST_CODE else None
    return _names().get(text)


def _of_calling_code(digits: str, default: str | None) -> str | None:
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE  # noqa: PLC0415 - a file without such a column does not need it

    regions: tuple[str, ...] = COUNTRY_CODE_TO_REGION_CODE.get(int(digits), ())
    if default in regions:
        return default
    return regions[0] if regions and regions[0] != "001" else None


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    known = frozenset(nanp.REGIONS.split())
    names: dict[str, str] = {}
    for line in _ISO.split("\n"):
        for entry in filter(None, line.split("|")):
            alpha2, alpha3, more = entry.split(" ", 2)
            if alpha2 in known:
                names |= {_folded(name): alpha2 for name in (alpha2, alpha3, *more.split(","))}
    return names


def _folded(text: str) -> str:
    """Return the letters and digits of a text, in lower case and without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("ø", "o"))
    return "".join(c for c in plain if c.isalnum())
