"""Forms reported from the field: what each can mean, and which are refused with an explanation."""

import pytest

from dnc.phone import forms, readings, rules, written
from dnc.phone import reader as phone
from dnc.problems import InvalidNumber


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        # The trunk zero is not dialed from abroad (ITU-T E.123).
        ("+48 (0) 22 123 45 67", "US", "+48221234567"),
        ("+420 (0) 212 345 678", "US", "+420212345678"),
        ("+30 (0) 210 123 4567", "US", "+302101234567"),
        ("+56 (0) 2 2123 4567", "US", "+56221234567"),
        ("+372 (0) 321 0994", "US", "+3723210994"),
        ("+852 (0) 2123 0364", "US", "+85221230364"),
        ("+507 (0) 200 0518", "US", "+5072000518"),
        ("+352 (0) 27 12 01 12", "US", "+35227120112"),
        ("+48 (022) 123 45 67", "US", "+48221234567"),
        ("+48 022 123 45 67", None, "+48221234567"),
        ("022 123 45 67", "PL", "+48221234567"),
        ("+49 (0)30 121702", None, "+4930121702"),
        ("+1 (0) 415 555 0142", None, "+14155550142"),
        ("44(0)20 7946 0958", "US", "+442079460958"),
        ("0049 (0)30 121702", "SG", "+4930121702"),
        ("+48 [0] 22 123 45 67", "US", "+48221234567"),
        # A zero that belongs to the number was dropped.
        ("612345678", "IT", "+390612345678"),
        ("612345678.0", "IT", "+390612345678"),
        ("+39 6 1234 5678", "US", "+390612345678"),
        ("197123456", "BJ", "+2290197123456"),
        # 00 where the region has a different international prefix.
        ("0044 20 7946 0958", "US", "+442079460958"),
        ("0044 20 7946 0958", "AU", "+442079460958"),
        ("0044 20 7946 0958", None, "+442079460958"),
        ("00 881 6 1234 5678", "GB", "+881612345678"),
        # Floats of spreadsheets and data frames.
        ("+43123456029.0", "AT", "+43123456029"),
        ("0123456029.0", "AT", "+43123456029"),
        ("30121702.0", "DE", "+4930121702"),
        ("0212340197.0", "IT", "+390212340197"),
        ("412341560.0", "FI", "+358412341560"),
        ("27120112.00", "LU", "+35227120112"),
        ("4155550142.0", "US", "+14155550142"),
        ("4,155,550,142.00", "US", "+14155550142"),
        # Format characters, spaces and variation selectors.
        ("\u202d+14155550144\u202c", "US", "+14155550144"),
        ("\u2068+14155550144\u2069", "US", "+14155550144"),
        ("\u2066+14155550144\u2069", "US", "+14155550144"),
        ("\ufeff4155550144", "US", "+14155550144"),
        ("415\u200c5550144", "US", "+14155550144"),
        ("415\u2007555\u20070144", "US", "+14155550144"),
        ("415\u2009555\u20090144", "US", "+14155550144"),
        ("415\ufe0d5550144", "US", "+14155550144"),
        ("415\u00ad555\u00ad0144", "US", "+14155550144"),
        # Addresses.
        ("whatsapp:+14155550144", "GB", "+14155550144"),
        ("whatsapp:14155550144", "GB", "+14155550144"),
        ("whatsapp://send?phone=14155550144&text=hi", "GB", "+14155550144"),
        ("sip:+14155550144@192.0.2.1", "GB", "+14155550144"),
        ("sip:4155550144@example.com;user=phone", "US", "+14155550144"),
        ("SIPS:+1-415-555-0144:pw@example.com", "GB", "+14155550144"),
        ("sip:020-7946-0958;phone-context=+44@example.com", "US", "+442079460958"),
        ('"Ann O." <sip:+14155550144@192.0.2.1>', "GB", "+14155550144"),
        ("callto:+44 20 7946 0958", "US", "+442079460958"),
        ("callto://+14155550144?call", "GB", "+14155550144"),
        ("tel:%2B14155550144", "GB", "+14155550144"),
        # Forms of other plans.
        ("011 15 2345-6789", "AR", "+5491123456789"),
        ("0 15 11 98765-4321", "BR", "+5511987654321"),
        ("8 (912) 345-67-89", "RU", "+79123456789"),
        ("06 1 234 5678", "HU", "+3612345678"),
        ("8029 123 4567", "BY", "+375291234567"),
        ("+52 01 55 1234 5678", "US", "+525512345678"),
        ("+883 5100 1234 5678", "GB", "+883510012345678"),
    ],
)
def test_a_form_with_one_reading(text, region, number):
    assert phone.read(text, region).numbers == (number,)
    assert number in phone.classify(text, region).lookups


@pytest.mark.parametrize(
    ("text", "region", "numbers"),
    [
        ("4915123456789", "DE", ("+4915123456789", "+494915123456789")),
        ("49(0)345279580", "DE", ("+49345279580", "+49490345279580")),
        ("62218350706", "ID", ("+62218350706", "+6262218350706")),
        ("38344123456", "XK", ("+38344123456", "+38338344123456")),
        ("3906123456", "IT", ("+393906123456", "+3906123456")),
        ("+39 (0)312 1234567", None, ("+393121234567", "+3903121234567")),
        ("030 121702-12", "DE", ("+493012170212", "+4930121702")),
        ("030 121702/12", "DE", ("+493012170212", "+4930121702")),
        ("+49 30 121702 - 12", None, ("+493012170212", "+4930121702")),
        ("+39 [0] 312 1234567", None, ("+393121234567", "+3903121234567")),
        ("+49 30 121702-12", None, ("+493012170212", "+4930121702")),
        ("00 257 79 56 12 34", "HK", ("+25779561234", "+576079561234")),
    ],
)
def test_an_ambiguous_form_is_listed_under_each_reading(text, region, numbers):
    read = phone.read(text, region)
    assert read.numbers == numbers
    assert read.lookups[: len(numbers)] == numbers
    assert all(number in read.warnings[-1] for number in numbers)


def test_a_reading_that_is_not_in_use_is_looked_up_but_not_listed():
    """With the plus that they may have lost, the digits are possible in Indonesia but not in use."""
    read = phone.read("6281234105", "ID")
    assert read.numbers == ("+626281234105",)
    assert read.lookups == ("+626281234105", "+6281234105")


@pytest.mark.parametrize(
    ("text", "region"),
    [("(03) 9123-4567", "AU"), ("03-1234-5678", "JP"), ("(11) 96123-4567", "BR"), ("030 121702", "DE")],
)
def test_an_ordinary_dash_does_not_begin_an_extension(text, region):
    assert len(phone.read(text, region).numbers) == 1


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("4155550142; 2125550143", 2),
        ("4155550142;2125550143", 2),
        ("4155550142,,2125550143", 2),
        ("4155550142, 2125550143", 2),
        ("4155550142/2125550143", 2),
        ("4155550142 ::: 2125550143", 2),
        ("4155550142\n2125550143", 2),
        ("4155550142\u20282125550143", 2),
        ("4155550142 or 2125550143", 2),
        ("4155550142 & 2125550143 | 3105550144", 3),
        ("4155550142 x2125550143", 2),
        ("4155550142;ext=2125550143", 2),
        ("+14155550142+12125550143", 2),
        ("4155550142\t2125550143", 2),
        ("+1 415 555 0142; +44 20 7946 0958", 2),
    ],
)
def test_several_numbers_in_a_cell(text, parts):
    cell = phone.split_cell(text, "US")
    assert len(cell) == parts
    assert phone.read(cell[0], "US").numbers == ("+14155550142",)
    assert all(len(phone.read(part, "US").numbers) == 1 for part in cell)
    with pytest.raises(InvalidNumber, match="more than one number"):
        phone.read(text, "US")
    assert phone.classify(text, "US") == ((), (), (), forms.TWO_NUMBERS, ())


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("4155550142", "US"),
        ("(415) 555-0142", "US"),
        ("4155550142;12", "US"),
        ("4155550142 ext. 12", "US"),
        ("tel:+1-415-555-0142;ext=12", "US"),
        ("030/121702", "DE"),
        ("06131/2345678", "DE"),
        ("+49 30 121702/12", "DE"),
        ("anonymous", "US"),
        ("", "US"),
        ("see notes; ask again", "US"),
    ],
)
def test_a_cell_with_one_number_or_none_stays_whole(text, region):
    assert phone.split_cell(text, region) == [text]


def test_a_local_number_after_a_number_is_not_an_extension():
    assert phone.split_cell("4155550142; 5550143", "US") == ["4155550142", "5550143"]
    with pytest.raises(InvalidNumber, match="more than one number"):
        phone.read("4155550142; 5550143", "US")


def test_an_extension_that_is_not_a_number_is_only_a_warning():
    for text in ("4155550142;12", "4155550142,,12", "415-555-0142 x12", "(415) 555-0142 ext. 1234"):
        assert phone.read(text, "US") == phone.read("4155550142", "US")._replace(warnings=(forms.EXTENSION_DROPPED,))


@pytest.mark.parametrize(
    "text",
    [
        "anonymous",
        "Restricted",
        "UNKNOWN",
        "No Caller ID",
        "private number",
        "sip:anonymous@anonymous.invalid",
        "+266696687",
        "+7378742833",
        "+86282452253",
    ],
)
def test_a_withheld_caller_id_is_refused_as_such(text):
    with pytest.raises(InvalidNumber, match="withheld caller ID"):
        phone.read(text, "US")


def test_the_digits_of_a_withheld_caller_id_may_be_a_number_without_the_plus():
    assert phone.read("7378742833", "US").numbers == ("+17378742833",)
    assert readings.classify("7378742833", "US", rules.classify) == phone.classify("7378742833", "US")


@pytest.mark.parametrize("text", ["4.15555E+09", "4.1555501E9", "4,15555E+09", "+4.9151E+12", "4E9"])
def test_scientific_notation_is_refused_with_advice_on_the_column(text):
    with pytest.raises(InvalidNumber, match="format the column as text"):
        phone.read(text, "US")


@pytest.mark.parametrize("text", ["4l55550142", "41555501４O", "①②③4155550142", "4155550142²", "½4155550142"])
def test_characters_that_only_look_like_digits_are_refused(text):
    with pytest.raises(InvalidNumber):
        phone.read(text, "US")


@pytest.mark.parametrize(
    ("text", "region", "country"),
    [
        ("+229 97 12", "US", "BJ"),
        ("+44 20 7946 09", "US", "GB"),
        ("+881 6 12", "US", "+881"),
        ("0049 30", "GB", "DE"),
        ("12", "US", "US"),
        ("+44 999", "US", "GB"),
    ],
)
def test_a_refusal_names_the_country_of_the_number(text, region, country):
    assert phone.classify(text, region).why.endswith(f" {country}")


def test_the_digits_after_a_float_are_not_added_to_another_number():
    assert phone.classify("415555014.0", "US").numbers == ()


def test_each_candidate_is_classified_by_the_given_function():
    """The readings do not depend on the fast paths, because the function that classifies a candidate is a parameter."""
    candidates = []

    def base(text, region):
        candidates.append(text)
        return phone._rules().classify(text, region)

    assert readings.classify("4915123456789", "DE", base).numbers == phone.read("4915123456789", "DE").numbers
    assert {"4915123456789", "+4915123456789"} <= set(candidates)


def test_texts_are_split_only_if_both_parts_are_numbers():
    assert written.numbers_in("a;b", lambda _: True) == ["a;b"]
    assert written.numbers_in("1234567;7654321", lambda _: False) == ["1234567;7654321"]
    assert written.numbers_in("1234567;7654321", lambda _: True) == ["1234567", "7654321"]
    assert written.numbers_in("1234567/7654321", lambda text: "/" not in text) == ["1234567", "7654321"]
    assert written.numbers_in("1234567/7654321", lambda _: True) == ["1234567/7654321"]
