"""Generated layouts, compared with a simple model: what an import lists, and what a scrub of the same bytes clears.

The model knows each row's numbers. Every one is listed or reported, no other number is listed, a scrub of an imported
file clears none of its rows, and a row with a listed number is never clear.
"""

import csv
import gzip
import io
import string
import zipfile
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dnc.bulk.uploads.columns import ColumnsNeeded
from tests.support.file_jobs import imported, scrubbed

PHONES = (
    "phone", "Phone Number", "alt_phone", "Phone 1", "Phone 2 - Value", "Home Phone", "Telefonnummer", "Rufnummer",
    "Téléphone", "Teléfono móvil", "Cellulare", "Telemóvel", "Mobilnummer", "Telefoonnummer", "tlf", "Cell Phone",
)  # fmt: skip
AREAS = ("205", "212", "303", "312", "404", "415", "512", "617", "702", "713")
FORMS = ("{0}{1}{2}", "({0}) {1}-{2}", "+1{0}{1}{2}", "1-{0}-{1}-{2}", "{0}.{1}.{2}", "+1 {0} {1} {2}")
NAMES = st.text(string.ascii_letters + " ÄÖüé'", min_size=1, max_size=10).map(str.strip).filter(bool)
OTHERS = {
    "First Name": NAMES,
    "Notizen": st.sampled_from(["", "call back", "x, y; z", 'said "no"', "two\nlines"]),
    "lead_id": st.integers(1, 99_999).map(str),
    "call_date": st.dates().map(lambda day: day.strftime("%d.%m.%Y")),
    "Phone 1 Type": st.sampled_from(["Mobile", "Landline", ""]),
    "did": st.just("8005550199"),
    "zip": st.integers(10_000, 99_999).map(str),
}


@dataclass(frozen=True)
class Layout:
    """A file and its model. `rows`: the numbers (E.164) of each row, in order."""

    data: bytes
    rows: list[list[str]]
    region: str


@st.composite
def layouts(draw):
    """Generate a file of leads in one of the layouts that products export."""
    phones = draw(st.lists(st.sampled_from(PHONES), min_size=1, max_size=3, unique=True))
    others = draw(st.lists(st.sampled_from(sorted(OTHERS)), max_size=3, unique=True))
    country = draw(st.sampled_from(["", "country", "phone_code"]))
    columns = draw(st.permutations([*phones, *others, *([country] if country else [])]))
    rows, model, used = [], [], set()
    for _ in range(draw(st.integers(1, 6))):
        cells, numbers = {}, []
        for name in columns:
            if name in phones:
                number = draw(_numbers(used))
                if number and (draw(st.integers(0, 5)) or not numbers):
                    numbers.append(f"+1{''.join(number)}")
                    cells[name] = draw(st.sampled_from(FORMS)).format(*number)
            elif name == country:
                cells[name] = draw(st.sampled_from(["US", "USA", "United States"])) if name == "country" else "1"
            else:
                cells[name] = draw(OTHERS[name])
        if any(cells.values()):  # blank lines are skipped, and are tested elsewhere
            rows.append([cells.get(name, "") for name in columns])
            model.append(numbers)
    data = _written(draw, columns, rows)
    return Layout(_packed(draw, data), model, "GB" if country else "US")


@st.composite
def _numbers(draw, used):
    number = (draw(st.sampled_from(AREAS)), "555", f"{draw(st.integers(100, 199)):04}")
    if number in used:
        return None
    used.add(number)
    return number


def _written(draw, columns, rows):
    out = io.StringIO(newline="")
    separator = draw(st.sampled_from([",", ";", "\t", "|"]))
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    if draw(st.booleans()) and separator != "\t":
        out.write(f"sep={separator}{end}")
    csv.writer(out, delimiter=separator, quoting=quoting, lineterminator=end).writerows([columns, *rows])
    return out.getvalue().encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"])), "replace")


def _packed(draw, data):
    way = draw(st.sampled_from(["plain", "gzip", "zip"]))
    if way == "gzip":
        return gzip.compress(data)
    if way == "plain":
        return data
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("leads.csv", data)
    return out.getvalue()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(layouts(), st.data())
def test_every_phone_of_every_row_is_listed_and_no_row_of_an_imported_file_is_clear(layout, data):
    try:
        found = imported(layout.data, layout.region)
    except ColumnsNeeded:
        return
    expected = {number for numbers in layout.rows for number in numbers}
    assert found.listed == expected
    lines = sorted(found.requests)
    for line, numbers in zip(lines, layout.rows, strict=True):
        assert set(found.numbers(line)) == set(numbers)
        assert numbers or found.remarks[line], "a row without a number is reported"
    assert scrubbed(layout.data, expected, layout.region).clear == []
    listed = {number for number in expected if data.draw(st.booleans())}
    for by in ("row", "cell"):
        _assert_scrub_matches_model(layout, listed, by)


def _assert_scrub_matches_model(layout, listed, by):
    """Compare a scrub with the model, and check that the clear file has no listed number."""
    found = scrubbed(layout.data, listed, layout.region, by)
    clear = found.outcome.clear.decode("utf-8", "surrogateescape")
    clear_numbers = {f"+{number}" for number in found.outcome.numbers}
    assert not clear_numbers & listed
    wholly_clear = sum(1 for numbers in layout.rows if numbers and not set(numbers) & listed)
    partly_clear = sum(1 for numbers in layout.rows if set(numbers) & listed and set(numbers) - listed)
    assert found.outcome.counts["clear"] == wholly_clear + (partly_clear if by == "cell" else 0)
    digits = "".join(character for character in clear if character.isdecimal() or character in "\r\n,;|\t")
    assert not any(number[2:] in digits for number in listed)
