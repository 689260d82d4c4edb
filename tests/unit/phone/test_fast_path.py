"""The fast paths read every number exactly as the rules do."""

import subprocess
import sys

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import phone_numbers
from benchmarks.harness import phone_texts
from dnc.phone import forms, nanp, plans, readings, rules
from dnc.phone import reader as phone
from infra.generate import phone_table as generator
from infra.local.stack import ROOT


def by_rules(written, region):
    return readings.classify(written, region, rules.classify)


def differs(written, region):
    expected = by_rules(written, region)
    return phone.classify(written, region) != expected or any(
        phone.national(number) != rules.national(number) or phone.region_of(number) != rules.region_of(number)
        for number in expected.lookups
    )


def is_plain(expected):
    return len(expected.valid) == 1 and expected.lookups == expected.valid and not expected.warnings


def test_unusual_texts_are_read_as_the_rules_read_them():
    samples = list(phone_texts.strange(12_000, seed=20))
    assert [(written, region) for written, region in samples if differs(written, region)] == []
    read = [phone.classify(written, region) for written, region in samples]
    assert sum(1 for one in read if not one.lookups) > 1000, "the texts must include refused ones"
    assert sum(1 for one in read if one.valid) > 1000, "and numbers that are in use"
    assert sum(1 for one in read if one.numbers and not one.valid) > 1000, "and others"
    assert sum(1 for one in read if one.lookups and not one.numbers) > 1000, "and wrong lengths"
    assert sum(1 for one in read if len(one.numbers) > 1) > 20, "and several readings"


def test_each_row_of_a_mixed_file_is_read_as_the_rules_read_it():
    written = phone_texts.mixed(4000, seed=3)
    numbers, exceptions = phone.classify_many(written, "US")
    for row, text in enumerate(written):
        expected = by_rules(text, "US")
        if row in exceptions:
            assert (numbers[row], exceptions[row]) == (None, expected)
        else:
            assert numbers[row] == expected.valid[0]
            assert is_plain(expected)
    assert 0 < len(exceptions) < 400
    assert phone.classify_many([], "US") == ([], {})


@pytest.mark.parametrize("region", [None, "US", "CA", "AG", "GB", "us", ""])
def test_rows_are_read_as_single_numbers_in_any_region(region):
    written = [
        *phone_texts.mixed(300, seed=8),
        "4155550132\n",
        "415555\n0132",
        "４１５５５５０１３２",
        "4155550132" + " " * 40,
        "415555013.0",
        "4155550132.0 ",
        "+43123456029.00",
        "+39 (0)312 1234567",
        "+49 30 121702-12",
    ]
    numbers, exceptions = phone.classify_many(iter(written), region)
    for row, text in enumerate(written):
        expected = by_rules(text, region)
        plain = is_plain(expected)
        assert (numbers[row], exceptions.get(row)) == ((expected.valid[0], None) if plain else (None, expected))


@pytest.mark.parametrize("digits", ["3012345678961", "30123456789611", "301234562362384"])
def test_a_valid_number_that_is_too_long_for_e164_is_refused(digits):
    """Germany has valid numbers of 14 and 15 digits after its country code."""
    assert not differs(f"+49{digits}", None)
    assert not differs(f"0{digits}", "DE")
    assert (phone.classify(f"+49{digits}", None).numbers == ()) == (len(digits) > 13)


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
def test_no_generated_text_is_read_differently(written, region):
    assert not differs(written, region)


def test_every_area_code_is_read_as_the_rules_read_it():
    edges = {
        code: {int(end) for span in ranges.split() for end in span.split("-")}
        for code, (_, ranges) in nanp.PARTLY.items()
    }
    for area_code in range(200, 1000):
        neighbors = {edge + step for edge in edges.get(str(area_code), ()) for step in (-1, 0, 1)}
        for exchange in {99, 100, 211, 555, 999} | {x for x in neighbors if x < 1000}:
            digits = f"{area_code}{exchange:03}0199"
            assert not differs(f"+1{digits}", None), digits
            assert not differs(digits, ("US", "CA", "JM", "PR", "AG")[area_code % 5]), digits


@pytest.mark.parametrize("lines", nanp.VARYING.split())
def test_the_rules_decide_if_validity_depends_on_the_line(lines):
    wrong = [line for line in range(0, 10_000, 7) if differs(f"+1{lines}{line:04}", None)]
    assert wrong == []


@pytest.mark.parametrize("region", ["GB", "MX", "DE", "BR", "AR", "IT", "IN", "AU", "FR", "JP"])
def test_national_numbers_of_other_countries_are_read_as_the_rules_read_them(region):
    for kind in phonenumbers.PhoneNumberType.values():
        example = phonenumbers.example_number_for_type(region, kind)
        if example:
            written = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL)
            for text in (written, written.replace(" ", ""), written[:-1], f"{written}0", f"0{written}"):
                assert not differs(text, region), text


TYPED = st.one_of(st.text(max_size=12), st.text(alphabet="+0123456789 ()-٤４", max_size=12))


@given(TYPED, st.one_of(st.none(), st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS))))
def test_typed_digits_match_the_rules(written, region):
    digits, trunk = rules.digits_and_trunk(written, region)
    runs = phone.typed_digits(written, region)
    assert [run.lstrip("+") for run in runs[:1]] in ([], [digits], [digits[2:]])
    if runs and not runs[0].startswith("+"):
        assert (runs[1:] == (digits.removeprefix(trunk),)) == bool(
            trunk and digits.startswith(trunk) and digits != trunk
        )


def test_known_regions_match_the_rules():
    assert {region for region in nanp.REGIONS.split() if phone.known_region(region)} == phonenumbers.SUPPORTED_REGIONS
    assert not any(phone.known_region(region) for region in ("", "us", "XX", "001"))


def test_a_check_of_north_american_numbers_does_not_load_the_rules():
    program = """
import sys
from dnc.phone import reader as phone
assert phone.classify("(415) 555-0132", "US").valid == ("+14155550132",)
assert phone.classify("+1 242 322 0132", None).valid
assert all(phone.classify(text, "US").why for text in ("999 555 0132", "5550132", " "))
assert phone.lookups("+14155550132") == ("+14155550132",) and phone.split_cell("415-555-0132", "US") == ["415-555-0132"]
assert phone.national("+14155550132") == "(415) 555-0132" and phone.region_of("+18765550132") == "JM"
assert phone.known_region("GB") and phone.typed_digits("1415", "US") == ("1415", "415")
lazy = {f"dnc.phone.{name}" for name in ("plans", "readings", "renumbered", "rules", "written")}
loaded = {"phonenumbers", *lazy} & sys.modules.keys()
assert not loaded, loaded
phone.load()
assert "phonenumbers" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT / "functions", check=True)


def test_plans_decide_most_numbers_and_leave_the_rare_cases():
    decided = plans.classify("442079460958", None, plus=True)
    assert decided.number == "+442079460958"
    assert plans.classify("0044207946", "GB", plus=False) is None, "an international prefix"
    assert plans.classify("112", "GB", plus=False) is None, "an emergency number"
    assert plans.classify("12", "XX", plus=False) is None, "no such region"
    assert plans.classify("999123", None, plus=True) is None, "no such country code"


def test_the_generator_expands_patterns():
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
def test_the_generator_stops_at_a_pattern_that_it_does_not_understand(pattern):
    with pytest.raises(generator.UnexpectedMetadata):
        list(generator.boxes(pattern))


@pytest.mark.parametrize(
    ("name", "attribute", "value", "why"),
    [
        ("AG", "national_prefix_for_parsing", "2|1", "national prefix"),
        ("AG", "international_prefix", "00", "dialing prefix"),
        ("US", "number_format", [], "one format"),
    ],
)
def test_the_generator_stops_at_metadata_that_the_table_cannot_express(monkeypatch, name, attribute, value, why):
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(name)
    monkeypatch.setitem(metadata.__dict__, attribute, value)
    with pytest.raises(generator.UnexpectedMetadata, match=why):
        generator.written()


def test_the_benchmark_detects_a_difference(monkeypatch):
    texts = [("(415) 555-0132", "US"), ("+442079460958", None)]
    assert list(phone_numbers.differences(texts)) == []
    monkeypatch.setattr(rules, "region_of", lambda e164: "CA" if e164.startswith("+1") else "GB")
    assert list(phone_numbers.differences(texts)) == ["region_of +14155550132"]
    monkeypatch.setattr(rules, "classify", lambda written, region: forms.refused("refused"))
    assert len(list(phone_numbers.differences(texts))) == 4
    assert len(list(phone_numbers.sweep(7919))) == 2 * -(-800_000 // 7919)


def test_the_mixed_file_has_its_documented_shares():
    assert sum(phone_texts.SHARES.values()) == 100
    written = phone_texts.mixed(2000)
    assert written == phone_texts.mixed(2000)
    assert sum(text.startswith("(") for text in written) / 2000 == pytest.approx(0.31, abs=0.04)
