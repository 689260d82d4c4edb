"""The host of an AWS service in a Region. A test compares the partitions' DNS suffixes with botocore's data."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_SUFFIXES = {
    "cn": "amazonaws.com.cn",
    "eusc": "amazonaws.eu",
    "us-iso": "c2s.ic.gov",
    "us-isob": "sc2s.sgov.gov",
    "eu-isoe": "cloud.adc-e.uk",
    "us-isof": "csp.hci.ic.gov",
}
"""DNS suffixes by the start of a Region's name. The commercial Regions and GovCloud have `amazonaws.com`."""
_VARIANTS = ("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT")


def region_of(environment: Mapping[str, str]) -> str:
    """Return the Region of an environment. Raises KeyError if none is set."""
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    if not region:
        raise KeyError("set AWS_REGION or AWS_DEFAULT_REGION")
    return region


def suffix(region: str) -> str:
    """Return the DNS suffix of a Region's partition."""
    first, _, rest = region.partition("-")
    return _SUFFIXES.get(first) or _SUFFIXES.get(f"{first}-{rest.partition('-')[0]}") or "amazonaws.com"


def url(service: str, variable: str, environment: Mapping[str, str]) -> str:
    """Return a service's endpoint: the environment's own (`variable`, or for all services), or its Region's.

    Raises ValueError if the environment selects FIPS or dual-stack endpoints, whose names follow no single rule.
    """
    own = environment.get(variable) or environment.get("AWS_ENDPOINT_URL")
    if own:
        return own
    refuse_variants(variable, environment)
    region = region_of(environment)
    return f"https://{service}.{region}.{suffix(region)}"


def refuse_variants(variable: str, environment: Mapping[str, str]) -> None:
    """Raise ValueError if the environment selects FIPS or dual-stack endpoints."""
    for name in _VARIANTS:
        if environment.get(name, "").lower() == "true":
            raise ValueError(f"{name} is not supported: set {variable} to the endpoint instead")
