"""Each example on the page about numbers is read as the page says."""

import re

import pytest

from dnc.phone import reader as phone
from infra.templates import ROOT

PAGE = (ROOT / "docs" / "numbers.md").read_text()
REGIONS = {"any": ["US", "GB", None], "US, AU, …": ["US", "AU"]}


def rows(title, columns):
    section = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:3] == "| `"
    ]
    assert cells
    assert {len(row) for row in cells} == {columns}
    return cells


def codes(cell):
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize(("written", "region", "number", "why"), rows("What is read", 4))
def test_what_is_read(written, region, number, why):
    for where in REGIONS.get(region, [region]):
        assert {phone.read(text, where).numbers for text in codes(written)} == {tuple(codes(number))}


@pytest.mark.parametrize(("written", "region", "readings", "when"), rows("Forms with two readings", 4))
def test_forms_with_two_readings(written, region, readings, when):
    for where in REGIONS.get(region, [region]):
        assert phone.read(codes(written)[0], where).numbers == tuple(codes(readings))


@pytest.mark.parametrize(("written", "why"), rows("What is refused", 2))
def test_what_is_refused(written, why):
    for text in codes(written):
        assert phone.classify(text, "GB" if text == "112" else "US").numbers == ()


def test_one_phone_under_two_numbers():
    section = PAGE.partition("\n## One phone under two numbers\n")[2].partition("\n## ")[0]
    plans = [line.split("|") for line in section.splitlines() if line.startswith("| ") and "`+" in line]
    assert len(plans) == 9
    for plan in plans:
        older, current = codes(plan[2]), codes(plan[3])
        for i, written in enumerate(older):
            if not written.endswith("…"):
                expected = current[i if len(current) > 1 else 0]
                assert phone.read(written, None).numbers == phone.read(expected, None).numbers
                assert phone.read(expected, None).warnings == ()
    for written in re.findall(r"^- \*\*(?:Argentina|Philippines).*?`(\+[^`]+)`", section, re.MULTILINE):
        assert len(phone.classify(written, None).lookups) > 1
