"""What is left out of the libraries, and why that is safe. `tests/e2e/test_artifacts.py` verifies each claim.

This module removes what no function can use. `infra.build.artifact` selects each function's service models.
"""

import gzip
import json
import re
import shutil
from pathlib import Path
from typing import Any

# Requirements that differ from a library's own metadata: it names more than is used here or, for an extra, less.
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
    # Only its Logger and metrics are used. Of the utilities, they need only jmespath_utils.
    "aws_lambda_powertools": ["event_handler", "middleware_factory", "metrics/provider/datadog", "utilities/[!_j]*"],
}
_SERVICE_FILES = ("service-2", "endpoint-rule-set-1", "paginators-1", "service-2.sdk-extras", "paginators-1.sdk-extras")
# Amazon's own roots (amazontrust.com/repository), and DigiCert's for the endpoints in China.
_ROOTS = re.compile(
    r"CN=Amazon Root CA [1-4] |CN=Starfield Services Root Certificate Authority - G2 "
    r"|OU=Starfield Class 2 Certification Authority|CN=DigiCert Global Root (CA|G2|G3) "
)


def trim(folder: Path) -> None:
    """Trim installed libraries to what a function can use."""
    for pattern in _NOT_RUN:
        for path in sorted(folder.glob(pattern)):
            _remove(path)
    for library, patterns in _LEFT_OUT.items():
        for pattern in patterns:
            for path in sorted((folder / library).glob(pattern)):
                _remove(path)
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
    endpoints.write_text(_compact(_endpoints_of_services(json.loads(endpoints.read_text()))))
    certificates = botocore / "cacert.pem"
    certificates.write_text(_needed_roots(certificates.read_text()))


def _trim_service(service: Path) -> None:
    """Keep the newest version of a service's model, without its documentation."""
    *old, version = sorted(service.iterdir())
    for path in old:
        _remove(path)
    for file in version.iterdir():
        name = file.name.removesuffix(".gz").removesuffix(".json")
        if name not in _SERVICE_FILES:
            _remove(file)
            continue
        text = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        _remove(file)
        (version / f"{name}.json").write_text(_compact(_without_documentation(json.loads(text))))


def _without_documentation(model: Any) -> Any:
    if isinstance(model, dict):
        # A member named "documentation" is a shape, not a text. The key stays, because botocore reads it.
        return {
            name: "" if name == "documentation" and isinstance(value, str) else _without_documentation(value)
            for name, value in model.items()
        }
    if isinstance(model, list):
        return [_without_documentation(value) for value in model]
    return model


def _endpoints_of_services(endpoints: dict[str, Any]) -> dict[str, Any]:
    """Keep every partition and region, and only the services that are used.

    The prefix of an endpoint is not always the service's name: Step Functions uses `states`.
    """
    prefixes = {"dynamodb", "events", "s3", "scheduler", "states", "sts"}
    for partition in endpoints["partitions"]:
        partition["services"] = {name: value for name, value in partition["services"].items() if name in prefixes}
    return endpoints


def _needed_roots(bundle: str) -> str:
    blocks = re.findall(r"# Issuer: .*?-----END CERTIFICATE-----\n", bundle, re.DOTALL)
    return "\n".join(block for block in blocks if _ROOTS.search(_subject(block)))


def _subject(block: str) -> str:
    subject = re.search(r"^# Subject: (.*)$", block, re.MULTILINE)
    return f"{subject[1]} " if subject else ""


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    elif path.exists():  # unless its folder is already gone
        path.unlink()
