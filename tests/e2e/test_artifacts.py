"""The built artifacts: each is complete, imports with only its own folder on the path, and has no unused files."""

import importlib.util
import json
import marshal
import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.build import artifact, libraries, trimming
from infra.local import emulator
from infra.templates import ROOT, functions

HANDLERS = {function.id: function.module for function in functions()}
ARTIFACTS = {function.id: function.artifact for function in functions()}
IMPORT = """
import importlib, sys
folder = sys.argv[1]
sys.path[:] = [folder, *(p for p in sys.path if "site-packages" not in p and p)]
importlib.import_module(sys.argv[2])
for name in sys.argv[3:]:
    importlib.import_module(name)
outside = {n for n, m in sys.modules.items() if "site-packages" in (getattr(m, "__file__", None) or "")}
sys.exit(f"imported from outside: {outside}" if outside else 0)
"""
ENDPOINTS = """
import json, sys
sys.path[:] = [sys.argv[1], *(p for p in sys.path if "site-packages" not in p and p)]
import botocore.session
session = botocore.session.get_session()
found = {}
for service in sys.argv[2].split(","):
    for region in ("us-east-1", "eu-central-1", "ap-southeast-4", "us-gov-west-1", "cn-north-1", "us-iso-east-1"):
        client = session.create_client(service, region, aws_access_key_id="a", aws_secret_access_key="b")
        signer = client._request_signer
        signed = [client.meta.endpoint_url, signer.region_name, signer.signing_name]
        found[f"{service} {region}"] = [*signed, sorted(client.meta.method_to_api_mapping)]
        if service == "s3":
            path, _, query = client.generate_presigned_url("put_object", {"Bucket": "b", "Key": "k"}).partition("?")
            found[f"{service} {region}"] += [path, sorted(part.partition("=")[0] for part in query.split("&"))]
print(json.dumps(found))
"""
# An import inside a function, which importing the handler does not run.
LATER = {"AuthorizeFunction": ["jwt", "cryptography.hazmat.primitives.asymmetric.rsa"]}
ZIPPED_CHECK = 1_400_000


@pytest.fixture(scope="session")
def foreign(tmp_path_factory) -> Path:
    """The function with the most compiled libraries, built for the other architecture."""
    folder = tmp_path_factory.mktemp("artifact") / "AuthorizeFunction"
    other = "x86_64" if emulator.architecture() == "arm64" else "arm64"
    artifact.build("AuthorizeFunction", other, ROOT / "functions", folder)
    return folder


def _run(script: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    names = ("NUMBERS_TABLE", "AUDIT_TABLE", "ACCOUNTS_TABLE", "EVENT_BUS", "BULK_BUCKET", "FAILED_RECORDS_BUCKET")
    names += ("IMPORT_MACHINE", "SCRUB_MACHINE", "EXPORT_MACHINE", "NIGHTLY_EXPORTS_MACHINE")
    names += ("IMPORT_CONCURRENCY", "IMPORT_WRITES_PER_SECOND", "IMPORT_SLOW_LAG_SECONDS")
    environment = {
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "PATH": os.environ["PATH"],
        **dict.fromkeys(names, "x"),
    }
    return subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-W", "error", "-c", script, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
    )


def _machine(file: Path) -> str:
    """Return Lambda's name for an ELF file's architecture (e_machine)."""
    head = file.read_bytes()[:20]
    assert head[:4] == b"\x7fELF", file
    return {183: "arm64", 62: "x86_64"}[int.from_bytes(head[18:20], "little")]


def _compiled(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*.so*") if file.is_file()]


@pytest.mark.parametrize("function", sorted(HANDLERS))
def test_an_artifact_imports_with_only_its_folder_on_the_path(build_folder, function):
    folder = build_folder / ARTIFACTS[function]
    done = _run(IMPORT, str(folder), HANDLERS[function], *LATER.get(function, []), cwd=build_folder)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("function", sorted(HANDLERS))
def test_an_artifact_has_no_unused_files(build_folder, function):
    folder = build_folder / ARTIFACTS[function]
    names = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    unwanted = ("tests/", "testing/", "geodata/", "carrierdata/", "tzdata/", ".dist-info/", "bin/", "pip/")
    assert not [name for name in names if name.endswith(".pyi") or any(part in f"/{name}" for part in unwanted)]
    others = {Path(module.replace(".", "/")).parts[0] for module in HANDLERS.values()} - {
        HANDLERS[function].partition(".")[0]
    }
    assert not [name for name in names if name.split("/")[0] in others]


@pytest.mark.parametrize("function", sorted(HANDLERS))
def test_every_module_is_compiled_from_its_source_for_lambdas_python(build_folder, function):
    folder = build_folder / ARTIFACTS[function]
    for source in folder.rglob("*.py"):
        compiled = Path(importlib.util.cache_from_source(str(source))).read_bytes()
        assert compiled[:4] == importlib.util.MAGIC_NUMBER, source
        assert int.from_bytes(compiled[4:8], "little") == 0b01, f"{source}: not an unchecked hash"
        assert compiled[8:16] == importlib.util.source_hash(source.read_bytes()), f"{source}: stale"
    own = next(folder.joinpath("dnc", "__pycache__").glob("settings.*.pyc"))
    assert marshal.loads(own.read_bytes()[16:]).co_filename == "/var/task/dnc/settings.py"


def test_the_checks_artifact_is_small_and_has_no_unused_libraries(build_folder):
    folder = build_folder / "CheckNumbersFunction"
    assert not {"boto3", "botocore", "pydantic", "aws_lambda_powertools"} & {path.name for path in folder.iterdir()}
    from benchmarks.harness.artifacts import zipped

    assert zipped(folder) < ZIPPED_CHECK


def test_an_artifact_for_another_architecture_has_only_files_compiled_for_it(foreign, build_folder):
    native = {_machine(file) for file in _compiled(build_folder / "AuthorizeFunction")}
    other = {_machine(file) for file in _compiled(foreign)}
    assert len(native) == len(other) == 1
    assert native != other
    assert any("cryptography" in str(file) for file in _compiled(foreign))


def test_trimmed_botocore_calls_and_signs_for_the_same_hosts_as_the_complete_one(build_folder):
    folder = build_folder / "ImportNumbersFunction"
    services = sorted(path.name for path in (folder / "botocore" / "data").iterdir() if path.is_dir())
    assert services == ["s3"]
    trimmed = _run(ENDPOINTS, str(folder), ",".join(services), cwd=folder)
    assert trimmed.returncode == 0, trimmed.stderr
    assert json.loads(trimmed.stdout) == json.loads(_complete(services))


def test_each_service_in_the_trimmed_libraries_equals_complete_botocores():
    folder = libraries.installed(emulator.architecture())
    services = sorted(trimming.SERVICES)
    trimmed = _run(ENDPOINTS, str(folder), ",".join(services), cwd=folder)
    assert trimmed.returncode == 0, trimmed.stderr
    assert json.loads(trimmed.stdout) == json.loads(_complete(services))


def _complete(services: list[str]) -> str:
    import botocore

    site = Path(botocore.__file__).parents[1]
    # The script excludes site-packages, but here it must import from there.
    script = ENDPOINTS.replace('"site-packages" not in p', "True")
    complete = _run(script, str(site), ",".join(services), cwd=site)
    assert complete.returncode == 0, complete.stderr
    return complete.stdout


def test_the_trimmed_ca_bundle_loads_and_has_amazons_roots(build_folder):
    import ssl

    bundle = build_folder / ARTIFACTS["WriteImportFunction"] / "botocore" / "cacert.pem"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=bundle)
    names = {dict(part[0] for part in root["subject"]).get("commonName") for root in context.get_ca_certs()}
    assert {f"Amazon Root CA {n}" for n in (1, 2, 3, 4)} <= names
    assert "Starfield Services Root Certificate Authority - G2" in names
    assert len(names) < 12
