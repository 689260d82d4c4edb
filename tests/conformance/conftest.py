"""The store and the audit on DynamoDB's own semantics. Skipped, loudly, where there is no Java; CI must have it."""

import os
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests.support import dynamodb_local, tables
from tests.support.npm import Missing


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    try:
        process, url = dynamodb_local.start()
    except Missing as missing:
        if os.environ.get("CI"):
            pytest.fail(f"conformance tests cannot run: {missing}")
        pytest.skip(f"CONFORMANCE IS NOT TESTED: {missing}")
    yield url
    process.terminate()
    process.wait(30)


@pytest.fixture(scope="session")
def make_client(endpoint: str) -> Any:
    def make(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )

    return make


@pytest.fixture(scope="session")
def client(make_client: Any) -> Any:
    return make_client("dynamodb")


@pytest.fixture
def names(client: Any) -> dict[str, str]:
    """Tables of this test's own."""
    return tables.create(client, f"-{uuid.uuid4().hex[:8]}")
