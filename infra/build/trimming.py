"""What is left out of the libraries, and why that is safe. `tests/e2e/test_artifacts.py` holds each of these claims.

Which services' models ship is decided for each function, in `infra.build.artifact`; here, what none can use.
"""

import gzip
import json
import re
import shutil
from pathlib import Path
from typing import Any

# What a library needs where its own metadata says more, or, by an extra, less than is used here.
NEEDS = {
    "pyjwt": ["cryptography"],
    "cryptography": ["cffi"],
    "cffi": [],
}
SERVICES = frozenset({"s3"})
_NOT_RUN = ("*.dist-info", "bin", "**/tests", "**/testing", "**/*.pyi", "**/py.typed", "**/__pycache__", "**/*.h")
_LEFT_OUT = {
    "phonenumbers": ["geodata", "carrierdata", "tzdata", "geocoder.py", "carrier.py", "timezone.py"],
    "boto3": ["data", "examples"],
    "pydantic": ["v1", "mypy.py"],
    # Its Logger and metrics are used; of the utilities they need jmespath_utils.
    "aws_lambda_powertools": ["event_handler", "middleware_factory", "metrics/provider/datadog", "utilities/[!_j]*"],
}
_SERVICE_FILES = ("service-2", "endpoint-rule-set-1", "paginators-1", "service-2.sdk-extras", "paginators-1.sdk-extras")
# Amazon's own roots (amazontrust.com/repository) and, for the endpoints in China, DigiCert's.
_ROOTS = re.compile(
    r"CN=Amazon Root CA [1-4] |CN=Starfield Services Root Certificate Authority - G2 "
    r"|OU=Starfield Class 2 Certification Authority|CN=DigiCert Global Root (CA|G2|G3) "
)


def trim(folder: Path) -> None:
    """Cut installed libraries to what a function can use."""
    for pattern in _NOT_RUN:
        for place in sorted(folder.glob(pattern)):
            _remove(place)
    for library, places in _LEFT_OUT.items():
        for pattern in places:
            for place in sorted((folder / library).glob(pattern)):
                _remove(place)
    _trim_botocore(folder / "botocore")


def _trim_botocore(botocore: Path) -> None:
    models = botocore / "data"
    for service in models.iterdir():
        if service.is_dir():
            if service.name in SERVICES:
                _trim_service(service)
            else:
                _remove(service)
    endpoints = models / "endpoints.json"
    endpoints.write_text(_written(_endpoints_of_services(json.loads(endpoints.read_text()))))
    certificates = botocore / "cacert.pem"
    certificates.write_text(_amazons(certificates.read_text()))


def _trim_service(service: Path) -> None:
    """Keep the newest version of a service's model, without its documentation."""
    *old, version = sorted(service.iterdir())
    for place in old:
        _remove(place)
    for file in version.iterdir():
        name = file.name.removesuffix(".gz").removesuffix(".json")
        if name not in _SERVICE_FILES:
            _remove(file)
            continue
        text = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        _remove(file)
        (version / f"{name}.json").write_text(_written(_without_documentation(json.loads(text))))


def _without_documentation(told: Any) -> Any:
    if isinstance(told, dict):
        # A member that is itself named so is a shape, and no text. The name stays: of some parts botocore asks for it.
        return {
            name: "" if name == "documentation" and isinstance(value, str) else _without_documentation(value)
            for name, value in told.items()
        }
    if isinstance(told, list):
        return [_without_documentation(value) for value in told]
    return told


def _endpoints_of_services(endpoints: dict[str, Any]) -> dict[str, Any]:
    """Keep every partition and region, and of the services those that are used.

    The prefix of an endpoint is not always the service's name: Step Functions' is `states`.
    """
    prefixes = {"dynamodb", "events", "s3", "scheduler", "states", "sts"}
    for partition in endpoints["partitions"]:
        partition["services"] = {name: told for name, told in partition["services"].items() if name in prefixes}
    return endpoints


def _amazons(bundle: str) -> str:
    blocks = re.findall(r"# Issuer: .*?-----END CERTIFICATE-----\n", bundle, re.DOTALL)
    kept = [block for block in blocks if _ROOTS.search(_subject(block))]
    return "\n".join(kept)


def _subject(block: str) -> str:
    found = re.search(r"^# Subject: (.*)$", block, re.MULTILINE)
    return f"{found[1]} " if found else ""


def _written(told: Any) -> str:
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)


def _remove(place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place)
    elif place.exists():  # or it went with its folder
        place.unlink()
