"""Builds what the benchmarks measure: this project as `sam build` builds it, with and without its own build step."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import zipfile
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from benchmarks.harness.sandbox import CannotMeasure
from benchmarks.harness.servers import ROOT
from infra import templates
from infra.local import emulator

BENCH = ROOT / ".local" / "bench"
REFERENCES = Path(__file__).parents[1] / "references"
_TUTORIAL_EXTRAS = ("aws-xray-sdk", "wrapt")
_PLAIN_TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Resources:
  Measured:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Architectures: [{architecture}]
      CodeUri: source/
      Handler: {handler}
"""
_ON_BOTO3 = """

class _OnBoto3:
    # boto3's client with the two methods of the service's own that take a request as JSON.
    def __init__(self) -> None:
        self._client = client("dynamodb")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def call(self, operation: str, request: bytes) -> Any:
        import json

        from botocore import xform_name

        return getattr(self._client, xform_name(operation))(**json.loads(request))

    def call_all(self, operation: str, requests: list[bytes]) -> list[Any]:
        return [self.call(operation, request) for request in requests]


@cache
def dynamodb() -> Any:
    return _OnBoto3()


@cache
def event_bridge() -> Any:
    return client("events")


@cache
def step_functions() -> Any:
    return client("stepfunctions")


def client(service: str, **settings: Any) -> Any:
    import boto3
    from botocore.config import Config

    return boto3.client(service, config=Config(**settings))
"""


def functions() -> dict[str, str]:
    """Return the handler of each function in the templates, by logical id."""
    return {function.id: function.handler for function in templates.functions()}


@cache
def built() -> Path:
    """Build the real template for this machine, and return the folder of its artifacts."""
    folder = BENCH / "built"
    _sam("--template-file", str(ROOT / "template.yaml"), "--build-dir", str(folder))
    return folder


def built_of(function: str) -> Path:
    """Return the folder of a function's artifact."""
    artifacts = {described.id: described.artifact for described in templates.functions()}
    return built() / artifacts[function]


@cache
def plain(*, on_boto3: bool = False) -> Path:
    """Build the functions with plain `sam build`: pip and every source. They all share one artifact.

    `on_boto3`: with boto3's clients instead of this project's own and botocore's.
    """
    source = _fresh(BENCH / ("plain-boto3" if on_boto3 else "plain") / "source")
    shutil.copytree(ROOT / "functions", source, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    if on_boto3:
        aws = source / "dnc" / "aws" / "clients.py"
        aws.write_text(aws.read_text() + _ON_BOTO3)
    return _plain(source.parent, "add_number.handler.lambda_handler")


@cache
def tutorial() -> Path:
    """Build the check as written in tutorials with plain `sam build`, with the same versions of the same libraries."""
    source = _fresh(BENCH / "tutorial" / "source")
    shutil.copyfile(REFERENCES / "tutorial_check" / "handler.py", source / "handler.py")
    requirements = (ROOT / "functions" / "requirements.txt").read_text()
    try:
        extras = [f"{name}=={importlib.metadata.version(name)}" for name in _TUTORIAL_EXTRAS]
    except importlib.metadata.PackageNotFoundError as missing:
        raise CannotMeasure(f"{missing.name} is not installed. 'make bench' installs it.") from None
    unneeded = ("pyjwt", "cryptography", "cffi", "pycparser")
    pinned = re.findall(r"^[\w.-]+==[\w.]+", requirements, re.MULTILINE)
    needed = [requirement for requirement in pinned if not requirement.startswith(unneeded)]
    (source / "requirements.txt").write_text("\n".join([*needed, *extras]) + "\n")
    return _plain(source.parent, "handler.lambda_handler")


def zipped(folder: Path) -> int:
    """Return the size of an artifact as uploaded, in bytes."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder))
    return out.tell()


def _plain(folder: Path, handler: str) -> Path:
    text = _PLAIN_TEMPLATE.format(architecture=emulator.architecture(), handler=handler)
    (folder / "template.yaml").write_text(text)
    _sam("--template-file", str(folder / "template.yaml"), "--build-dir", str(folder / "build"))
    return folder / "build" / "Measured"


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _sam(*arguments: str) -> None:
    BENCH.mkdir(parents=True, exist_ok=True)
    command: Any = (
        *(sys.executable, "-m", "samcli", "build", "--no-cached", *arguments),
        *("--parameter-overrides", f"Architecture={emulator.architecture()}"),
    )
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "SAM_CLI_TELEMETRY": "0", "__SAM_CLI_APP_DIR": str(BENCH / "sam")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotMeasure(f"'sam build' failed:\n{done.stderr[-2000:]}")
