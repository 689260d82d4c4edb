"""The names that files and forms use for a country."""

import phonenumbers
import pytest

from dnc.phone import countries, nanp


@pytest.mark.parametrize(
    ("written", "region"),
    [
        ("GB", "GB"),
        ("uk", "GB"),
        ("U.S.A.", "US"),
        ("usa", "US"),
        ("DEU", "DE"),
        ("Germany", "DE"),
        ("Deutschland", "DE"),
        ("Côte d’Ivoire", "CI"),
        ("Türkiye", "TR"),
        ("+44", "GB"),
        ("0052", "MX"),
        ("1", "US"),
        ("Narnia", None),
        ("", None),
        ("999", None),
        ("4155", None),
    ],
)
def test_a_country_is_found_by_its_code_name_or_calling_code(written, region):
    assert countries.country(written) == region


def test_a_shared_calling_code_means_the_default_region_if_it_has_that_code():
    assert countries.country("1", "CA") == "CA"
    assert countries.country("1", "GB") == "US"
    assert countries.country("7", "KZ") == "KZ"


def test_every_region_with_a_numbering_plan_has_a_name():
    named = {countries.country(region) for region in nanp.REGIONS.split()}
    assert named == set(nanp.REGIONS.split())


def test_every_calling_code_of_a_country_is_found():
    for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items():
        expected = None if regions[0] == "001" else regions[0]
        assert countries.country(str(code)) == expected
