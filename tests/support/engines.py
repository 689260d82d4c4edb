"""The engines that the stores' tests run on: Amazon's DynamoDB Local, the local emulator, and moto in this process.

`docs/emulators.md` lists where they differ, and who is right.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from dnc.aws.credentials import Credentials
from dnc.aws.dynamodb import DynamoDB
from infra.local import emulator
from tests.support import moto_client

DYNAMODB_LOCAL, EMULATOR, MOTO = "dynamodb-local", "emulator", "moto"
each_engine = pytest.mark.parametrize("engine", [DYNAMODB_LOCAL, EMULATOR, MOTO], indirect=True)
"""Runs a test, or a module's tests, on every engine."""
_KEYS = {"AWS_ACCESS_KEY_ID": emulator.ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": emulator.SECRET_KEY}


@dataclass(frozen=True)
class Engine:
    """One engine. `client`: boto3's client of it; `own`: the service's own."""

    client: Any
    own: DynamoDB


def client_of(service: str, endpoint: str) -> Any:
    """Return boto3's client of a service at a URL."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=emulator.REGION,
        aws_access_key_id=emulator.ACCESS_KEY,
        aws_secret_access_key=emulator.SECRET_KEY,
    )


@contextmanager
def at(endpoint: str) -> Iterator[Engine]:
    """Connect to an engine that listens at a URL."""
    own = DynamoDB(endpoint, emulator.REGION, Credentials(_KEYS))
    yield Engine(client_of("dynamodb", endpoint), own)
    own.close()


@contextmanager
def moto() -> Iterator[Engine]:
    """Run moto in this process."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        moto_client.connect(patch)
        with at(f"https://dynamodb.{emulator.REGION}.amazonaws.com") as engine:
            yield engine


@contextmanager
def running_emulator(folder: Path) -> Iterator[str]:
    """Start an emulator with its files in a folder, and return its URL."""
    pid, port = emulator.start(folder)
    yield f"http://127.0.0.1:{port}"
    emulator.stop(pid)
