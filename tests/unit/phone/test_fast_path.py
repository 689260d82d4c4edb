"""Whichever module reads a number, the answer is what the rules of phonenumbers give: `dnc.phone.rules` reads all."""

import subprocess
import sys

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import phone_numbers
from benchmarks.harness import phone_texts
from dnc.phone import nanp as phone_table
from dnc.phone import plans as phone_plans
from dnc.phone import reader as phone
from dnc.phone import rules as phone_rules
from dnc.problems import InvalidNumber
from infra.generate import phone_table as generator
from infra.local.stack import ROOT


def read(written, region):
    try:
        return phone.read(written, region)
    except InvalidNumber as refused:
        return refused.errors[0].message


def rules_read(written, region):
    looked, why = phone_rules.look(written, region)
    return looked if looked and looked.possible else why


def differs(written, region):
    by_rules = phone_rules.look(written, region)
    same = phone.look(written, region) == by_rules and read(written, region) == rules_read(written, region)
    if same and by_rules[0]:
        e164 = by_rules[0].e164
        same = phone.national(e164) == phone_rules.national(e164) and phone.region_of(e164) == phone_rules.region_of(
            e164
        )
    return not same


def test_strange_texts_read_as_the_rules_read_them():
    tried = list(phone_texts.strange(12_000, seed=20))
    assert [(written, region) for written, region in tried if differs(written, region)] == []
    looked = [phone.look(written, region)[0] for written, region in tried]
    assert sum(1 for number in looked if number is None) > 1000, "the texts must try refusals"
    assert sum(1 for number in looked if number and number.valid) > 1000, "and numbers that are in use"
    assert sum(1 for number in looked if number and number.possible and not number.valid) > 1000, "and others"
    assert sum(1 for number in looked if number and not number.possible) > 1000, "and wrong lengths"


def test_a_mixed_file_reads_as_the_rules_read_it_row_by_row():
    written = phone_texts.mixed(4000, seed=3)
    numbers, asides = phone.look_many(written, "US")
    for row, text in enumerate(written):
        looked, why = phone_rules.look(text, "US")
        assert numbers[row] == (looked.e164 if looked else None)
        if row in asides:
            assert asides[row] == (looked, why)
        else:
            assert looked.valid
            assert not looked.warnings
    assert 0 < len(asides) < 400
    assert phone.look_many([], "US") == ([], {})


@pytest.mark.parametrize("region", [None, "US", "CA", "AG", "GB", "us", ""])
def test_rows_read_as_single_numbers_do_whatever_their_region(region):
    written = [
        *phone_texts.mixed(300, seed=8),
        "4155550132\n",
        "415555\n0132",
        "４１５５５５０１３２",
        "4155550132" + " " * 40,
    ]
    numbers, asides = phone.look_many(iter(written), region)
    for row, text in enumerate(written):
        looked, why = phone_rules.look(text, region)
        plainly = looked is not None and not why and not looked.warnings
        assert (numbers[row], asides.get(row)) == (looked.e164 if looked else None, None if plainly else (looked, why))


@pytest.mark.parametrize("digits", ["3012345678961", "30123456789611", "301234562362384"])
def test_a_valid_number_that_is_too_long_for_e164_is_refused(digits):
    """Germany has valid numbers of 14 and 15 digits after its country code."""
    assert not differs(f"+49{digits}", None)
    assert not differs(f"0{digits}", "DE")
    assert (phone.look(f"+49{digits}", None)[0] is None) == (len(digits) > 13)


@given(
    st.one_of(
        st.from_regex(
            r"(\+?1)?[ .(-]{0,2}[2-9]\d\d[ .)-]{0,2}[0-9]\d\d[ .-]?\d{4}( ?(x|ext\.?|#) ?\d{1,7})?", fullmatch=True
        ),
        st.from_regex(r"[ (+.-]{0,3}\d{1,17}[ ().-]{0,2}", fullmatch=True),
        st.text(alphabet="0123456789 ()-.+x", max_size=24),
    ),
    st.sampled_from(phone_texts.REGIONS),
)
@settings(max_examples=400, deadline=None)
def test_no_text_can_be_found_that_reads_otherwise(written, region):
    assert not differs(written, region)


def test_each_area_code_reads_as_the_rules_read_it():
    edges = {
        code: {int(end) for held in ranges.split() for end in held.split("-")}
        for code, (_, ranges) in phone_table.PARTLY.items()
    }
    for area_code in range(200, 1000):
        beside = {edge + step for edge in edges.get(str(area_code), ()) for step in (-1, 0, 1)}
        for exchange in {99, 100, 211, 555, 999} | {x for x in beside if x < 1000}:
            digits = f"{area_code}{exchange:03}0199"
            assert not differs(f"+1{digits}", None), digits
            assert not differs(digits, ("US", "CA", "JM", "PR", "AG")[area_code % 5]), digits


@pytest.mark.parametrize("lines", phone_table.VARYING.split())
def test_where_the_line_decides_the_rules_are_asked(lines):
    wrong = [line for line in range(0, 10_000, 7) if differs(f"+1{lines}{line:04}", None)]
    assert wrong == []


@pytest.mark.parametrize("region", ["GB", "MX", "DE", "BR", "AR", "IT", "IN", "AU", "FR", "JP"])
def test_national_numbers_of_other_countries_read_as_the_rules_read_them(region):
    for kind in phonenumbers.PhoneNumberType.values():
        example = phonenumbers.example_number_for_type(region, kind)
        if example:
            written = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL)
            for text in (written, written.replace(" ", ""), written[:-1], f"{written}0", f"0{written}"):
                assert not differs(text, region), text


TYPED = st.one_of(st.text(max_size=12), st.text(alphabet="+0123456789 ()-٤４", max_size=12))


@given(TYPED, st.one_of(st.none(), st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS))))
def test_typed_digits_are_those_of_the_rules(written, region):
    digits, trunk = phone_rules.digits_and_trunk(written, region)
    runs = phone.typed_digits(written, region)
    assert [run.lstrip("+") for run in runs[:1]] in ([], [digits], [digits[2:]])
    if runs and not runs[0].startswith("+"):
        assert (runs[1:] == (digits.removeprefix(trunk),)) == bool(
            trunk and digits.startswith(trunk) and digits != trunk
        )


def test_known_regions_are_those_of_the_rules():
    assert {
        region for region in phone_table.REGIONS.split() if phone.known_region(region)
    } == phonenumbers.SUPPORTED_REGIONS
    assert not any(phone.known_region(region) for region in ("", "us", "XX", "001"))


def test_a_check_of_north_american_numbers_does_not_load_the_rules():
    program = """
import sys
from dnc.phone import reader as phone
assert phone.look("(415) 555-0132", "US")[0] == phone.Phone("+14155550132", True)
assert phone.look("+1 242 322 0132", None)[0].valid
assert phone.look("999 555 0132", "CA")[1] and phone.look("5550132", "US")[1] and phone.look(" ", "US")[1]
assert phone.national("+14155550132") == "(415) 555-0132" and phone.region_of("+18765550132") == "JM"
assert phone.known_region("GB") and phone.typed_digits("1415", "US") == ("1415", "415")
loaded = {"phonenumbers", "dnc.phone.rules", "dnc.phone.plans"} & sys.modules.keys()
assert not loaded, loaded
phone.load()
assert "phonenumbers" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT / "functions", check=True)


def test_plans_decide_most_numbers_and_leave_the_odd_ones():
    decided = phone_plans.look("442079460958", None, plus=True)
    assert decided[0].e164 == "+442079460958"
    assert phone_plans.look("5215512345678", None, plus=True) is None, "Mexico's old 1 is dropped by the rules"
    assert phone_plans.look("0044207946", "GB", plus=False) is None, "an international prefix"
    assert phone_plans.look("112", "GB", plus=False) is None, "an emergency number"
    assert phone_plans.look("12", "XX", plus=False) is None, "no such region"
    assert phone_plans.look("999123", None, plus=True) is None, "no such country code"


def test_the_generator_takes_patterns_apart():
    assert list(generator.boxes(r"1(?:2|3[45])\d?")) == [
        (frozenset("1"), frozenset("2")),
        (frozenset("1"), frozenset("2"), frozenset("0123456789")),
        (frozenset("1"), frozenset("3"), frozenset("45")),
        (frozenset("1"), frozenset("3"), frozenset("45"), frozenset("0123456789")),
    ]
    every, some = generator.exchanges(generator.boxes(r"201(?:[23]00\d{4}|4001\d{3})"))
    assert every["201"] == 1 << 200 | 1 << 300
    assert some["201"] == 1 << 400


@pytest.mark.parametrize("pattern", [r"2(?!0)\d", r"[^2]\d", r"2\w", r"(\d)\1"])
def test_the_generator_stops_at_what_it_does_not_understand(pattern):
    with pytest.raises(generator.Unforeseen):
        list(generator.boxes(pattern))


@pytest.mark.parametrize(
    ("name", "attribute", "value", "why"),
    [
        ("AG", "national_prefix_for_parsing", "2|1", "national prefix"),
        ("AG", "international_prefix", "00", "dials"),
        ("US", "number_format", [], "one way"),
    ],
)
def test_the_generator_stops_at_metadata_that_the_table_cannot_say(monkeypatch, name, attribute, value, why):
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(name)
    monkeypatch.setitem(metadata.__dict__, attribute, value)
    with pytest.raises(generator.Unforeseen, match=why):
        generator.written()


def test_the_benchmark_finds_a_difference_where_there_is_one(monkeypatch):
    texts = [("(415) 555-0132", "US"), ("+442079460958", None)]
    assert list(phone_numbers.differences(texts)) == []
    monkeypatch.setattr(phone_rules, "region_of", lambda e164: "CA" if e164.startswith("+1") else "GB")
    assert list(phone_numbers.differences(texts)) == ["region_of +14155550132"]
    monkeypatch.setattr(phone_rules, "look", lambda written, region: (None, "refused"))
    assert len(list(phone_numbers.differences(texts))) == 4
    assert len(list(phone_numbers.sweep(7919))) == 2 * -(-800_000 // 7919)


def test_the_mixed_file_has_the_shares_that_it_states():
    assert sum(phone_texts.SHARES.values()) == 100
    written = phone_texts.mixed(2000)
    assert written == phone_texts.mixed(2000)
    assert sum(text.startswith("(") for text in written) / 2000 == pytest.approx(0.31, abs=0.04)
