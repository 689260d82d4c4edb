"""Which column of a file means what: by its header, or by what stands in it. Functions of a sample of rows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from dnc.bulk.uploads.source import FileRefused


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


NUMBER_NAMES = _names(
    "number numbers phone phone_number phone_numbers phonenumber phone_no phone1 telephone telephone_number tel mobile "
    "mobile_number cell cell_phone cellphone msisdn e164 e_164 dnc_number dnc did contact_number"
)
AREA_NAMES = _names("area_code areacode area npa")
_NAMES_OF_FIELDS = {
    "requested_at": _names(
        "requested_at request_date requested date_requested date_added added_at added dnc_date date"
    ),
    "expires_at": _names("expires_at expires expiry expiry_date expiration expiration_date expire_date expires_on"),
    "note": _names("note notes comment comments"),
    "campaign_id": _names("campaign_id campaign campaign_name"),
    "agent_id": _names("agent_id agent"),
    "call_id": _names("call_id uniqueid"),
    "caller_id": _names("caller_id callerid cid"),
    "consumer_name": _names("consumer_name name full_name customer_name"),
    "seller": _names("seller"),
    "telemarketer": _names("telemarketer"),
    "goods_or_services": _names("goods_or_services goods services product"),
    "region": _names("region country country_iso"),
}
FIELD_NAMES = {name: meant for meant, names in _NAMES_OF_FIELDS.items() for name in names}
EXPORTED = _names("number status sources last_requested_at removal version request_keys")
"""A header that holds all of these is that of an export of this service, whose `status` is then known to mean that."""
OF_EXPORTS = ("status", "source", "sources", "last_requested_at")
CHANGE_NAMES = _names("change change_type add_delete add_del action operation transaction transaction_type")
ADDITIONS = _names("a add added addition i insert new +")
DELETIONS = _names("d del delete deleted deletion r remove removed -")
_DIGITS = re.compile(r"\d")
CHANGE_FILE = (
    "This looks like a registry's change file: additions and deletions mixed. It is not read, since a deletion taken "
    "for an addition, or the other way round, would be wrong. Get the registry's full list and import that."
)


@dataclass(frozen=True, slots=True)
class Columns:
    """Places of columns, from 0. `area`: a column with the area code that the number lacks. `header`: rows to skip.

    `exported`: the file is an export of this service, and what is removed in it is not to be listed.
    """

    number: int
    area: int | None = None
    fields: dict[int, str] = field(default_factory=dict)
    header: bool = False
    exported: bool = False

    def written(self, cells: Sequence[str]) -> str:
        """Give the number of a row as it was written."""
        number = cells[self.number] if self.number < len(cells) else ""
        if self.area is None or self.area >= len(cells):
            return number
        area = cells[self.area].strip()
        if not area or len(_DIGITS.findall(number)) > len("5550100"):
            return number
        return f"{area}{' ' if self.header else ','}{number.strip()}"


def columns_of(sample: Sequence[Sequence[str]]) -> Columns:
    """Tell the columns by the first rows of a file. Raises FileRefused when no column holds numbers."""
    names = [_name(cell) for cell in sample[0]]
    header = _is_header(sample[0], names)
    rows = sample[1:] if header else sample
    _refuse_a_change_file(names if header else [], rows)
    if not header:
        return _without_header(rows)
    number = next((i for i, name in enumerate(names) if name in NUMBER_NAMES), None)
    if number is None:
        number = _looks_like_numbers(rows)
    if number is None:
        raise FileRefused(
            "No column is known to hold phone numbers. Name it 'number' in the first line, and upload again."
        )
    area = next((i for i, name in enumerate(names) if name in AREA_NAMES), None)
    fields: dict[int, str] = {}
    for i, name in enumerate(names):
        meant = FIELD_NAMES.get(name)
        if meant and i != number and meant not in fields.values():
            fields[i] = meant
    exported = set(names) >= EXPORTED
    if exported:
        fields |= {names.index(name): name for name in OF_EXPORTS if name in names}
    return Columns(number, area, fields, header=True, exported=exported)


def says_deleted(cells: Sequence[str], columns: Columns) -> bool:
    """Tell whether a row of a registry's file says that it is a deletion, in a column of its own."""
    return any(
        cell.strip().lower() in DELETIONS
        for i, cell in enumerate(cells)
        if i not in columns.fields and i not in (columns.number, columns.area)
    )


def _name(cell: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", cell.strip().lower()).strip("_")


def _is_header(cells: Sequence[str], names: Sequence[str]) -> bool:
    if any(len(_DIGITS.findall(cell)) >= 5 for cell in cells):
        return False
    if any(name in NUMBER_NAMES or name in AREA_NAMES for name in names):
        return True
    return len(cells) > 1 and all(any(c.isalpha() for c in cell) or not cell.strip() for cell in cells)


def _without_header(rows: Sequence[Sequence[str]]) -> Columns:
    two = [row for row in rows if len(row) >= 2]
    if two and len(two) > 0.9 * len(rows):
        fitting = sum(1 for row in two if _is_area(row[0]) and re.fullmatch(r"\d{7}", row[1].strip(), re.ASCII))
        if fitting >= 0.5 * len(two):
            return Columns(number=1, area=0)
    number = _looks_like_numbers(rows)
    if number is None and max((len(row) for row in rows), default=0) > 1:
        raise FileRefused(
            "No column looks like phone numbers. Add a first line that names it 'number', and upload again."
        )
    return Columns(number or 0)


def _is_area(cell: str) -> bool:
    return bool(re.fullmatch(r"[2-9]\d{2}", cell.strip(), re.ASCII))


def _looks_like_numbers(rows: Sequence[Sequence[str]]) -> int | None:
    width = max((len(row) for row in rows), default=0)
    best, best_share = None, 0.5
    for i in range(width):
        cells = [row[i].strip() for row in rows if i < len(row) and row[i].strip()]
        fitting = sum(1 for cell in cells if _could_be_a_number(cell))
        if cells and fitting / len(cells) > best_share and fitting > 0.5 * len(rows):
            best, best_share = i, fitting / len(cells)
    return best


def _could_be_a_number(cell: str) -> bool:
    digits = len(_DIGITS.findall(cell))
    if not 7 <= digits <= 15 or re.match(r"\d{4}-\d{2}-\d{2}", cell):
        return False
    return digits >= 0.5 * len(cell) and not any(c.isalpha() for c in cell)


def _refuse_a_change_file(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    width = max((len(row) for row in rows), default=0)
    for i in range(width):
        values = {row[i].strip().lower() for row in rows if i < len(row) and row[i].strip()}
        if not values or not values <= ADDITIONS | DELETIONS:
            continue
        named = i < len(names) and names[i] in CHANGE_NAMES
        if named or (values & ADDITIONS and values & DELETIONS):
            raise FileRefused(CHANGE_FILE)
