"""Numbers in any written form."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from dnc.phone import reader as phone
from dnc.problems import InvalidNumber

FORMS = (
    PhoneNumberFormat.NATIONAL,
    PhoneNumberFormat.INTERNATIONAL,
    PhoneNumberFormat.RFC3966,
    PhoneNumberFormat.E164,
)


def examples():
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in PhoneNumberType.values():
            example = phonenumbers.example_number_for_type(region, kind)
            if example:
                e164 = phonenumbers.format_number(example, PhoneNumberFormat.E164)
                yield from ((region, e164, phonenumbers.format_number(example, form)) for form in FORMS)


def test_every_form_of_every_example_number_is_read_as_that_number():
    written_forms = list(examples())
    assert len(written_forms) > 5000
    wrong = [
        (region, number, written)
        for region, number, written in written_forms
        if phone.current_form(number) not in phone.read(written, region).numbers
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("written", "region", "e164"),
    [
        ("(415) 555-2671", "US", "+14155552671"),
        ("415.555.2671", "US", "+14155552671"),
        ("+1 415 555 2671", None, "+14155552671"),
        ("001 415 555 2671", "GB", "+14155552671"),
        ("011 44 20 7946 0958", "US", "+442079460958"),
        ("tel:+1-415-555-2671", None, "+14155552671"),
        ("tel:020-7946-0958;phone-context=+44", None, "+442079460958"),
        ("+1 (415) 555‑2671", None, "+14155552671"),
        ("４１５５５５２６７１", "US", "+14155552671"),
        ("+52 1 55 1234 5678", None, "+525512345678"),
        ("+5215512345678", None, "+525512345678"),
        ("044 55 1234 5678", "MX", "+525512345678"),
        ("  415 555 2671\t", "US", "+14155552671"),
    ],
)
def test_many_forms_of_one_number(written, region, e164):
    try:
        assert phone.read(written, region).numbers == (e164,)
    except InvalidNumber:
        assert written.startswith("044"), "Mexico's old prefix is no longer dialed; it may be refused, but not misread"


@pytest.mark.parametrize("written", ["+1 415 555 2671 ext. 12", "415-555-2671x12", "tel:+1-415-555-2671;ext=12"])
def test_an_extension_is_dropped_with_a_warning(written):
    read = phone.read(written, "US")
    assert read.numbers == ("+14155552671",)
    assert "extension" in read.warnings[0]


@pytest.mark.parametrize(
    ("written", "region", "why"),
    [
        ("", "US", "empty"),
        (" \t", "US", "empty"),
        ("12", "US", "too short"),
        ("9" * 40, "US", "too long"),
        ("4" * 300, "US", "too long"),
        ("911", "US", "emergency"),
        ("112", "GB", "emergency"),
        ("999", "GB", "emergency"),
        ("311", "US", "short code"),
        ("1-800-FLOWERS", "US", "letters"),
        ("tel:1-800-FLOWERS", "US", "letters"),
        ("415 555 267l", "US", "letters"),
        ("☎ 415 555 2671", "US", "characters"),
        ("415😀5552671", "US", "characters"),
        ("' OR 1=1; --", "US", "letters"),
        ("4155552671; DROP", "US", "letters"),
        ("+999 123456789", None, "no country"),
        ("4155552671", None, "needs its region"),
        ("5552671", "US", "local number"),
        ("null", "US", "letters"),
    ],
)
def test_other_text_is_refused_with_the_reason(written, region, why):
    with pytest.raises(InvalidNumber) as refused:
        phone.read(written, region)
    assert why in refused.value.errors[0].message
    assert phone.classify(written, region).why == refused.value.errors[0].message


def test_a_possible_number_in_an_unknown_range_is_listed_but_not_callable():
    read = phone.read("+15555552671", None)
    assert (read.numbers, read.valid, read.why) == (("+15555552671",), (), "not a number that is in use")
    assert "not known to be in use" in read.warnings[0]


ANYTHING = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="+0123456789 ()-.x#;=telph", max_size=40),
    st.from_regex(r"\+?[0-9]{0,20}", fullmatch=True),
)
REGIONS = st.one_of(st.none(), st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)))


@given(ANYTHING, REGIONS)
def test_any_text_is_read_or_refused(written, region):
    classified = phone.classify(written, region)
    assert bool(classified.why) == (not classified.valid)
    assert set(classified.valid) <= set(classified.numbers) <= set(classified.lookups)
    assert all(phone.from_path(number) == number for number in classified.lookups)
    try:
        assert phone.read(written, region) == classified
    except InvalidNumber as refused:
        assert classified.numbers == ()
        assert refused.errors[0].message == classified.why


@given(st.from_regex(r"\+[1-9][0-9]{1,14}", fullmatch=True))
def test_a_stored_number_is_always_reachable_and_formatted(e164):
    for written in (e164, e164[1:], f" {e164[1:]}"):
        assert phone.from_path(written) == e164
    assert phone.national(e164)
    phone.region_of(e164)
    hidden = len(e164) - 1 - sum(c.isdigit() for c in phone.mask(e164))
    assert hidden >= min(3, len(e164) - 2)


@pytest.mark.parametrize("path", ["", "+", "0", "01", "1", "1" * 16, "abc", "++14", "1 4", "１４１５", "+1415\n"])
def test_a_malformed_path_is_refused(path):
    with pytest.raises(InvalidNumber):
        phone.from_path(path)


@pytest.mark.parametrize(
    ("typed", "region", "runs"),
    [
        ("415 555", "US", ("415555",)),
        ("+1 415", "US", ("+1415",)),
        ("0044 20", "US", ("+4420", "004420")),
        ("020 7946", "GB", ("0207946", "207946")),
        ("smith", "US", ()),
        ("", "US", ()),
    ],
)
def test_the_digits_that_a_person_types(typed, region, runs):
    assert phone.typed_digits(typed, region) == runs
