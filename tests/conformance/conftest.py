"""Fixtures for tests on DynamoDB Local, which has DynamoDB's own semantics."""

import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from dnc.aws.credentials import Credentials
from dnc.aws.dynamodb import DynamoDB
from tests.support import dynamodb_local, tables


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    process, url = dynamodb_local.start()
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


@pytest.fixture(scope="session")
def own(endpoint: str) -> Iterator[DynamoDB]:
    """The service's own client."""
    keys = Credentials({"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"})
    client = DynamoDB(endpoint, "us-east-1", keys)
    yield client
    client.close()


@pytest.fixture
def names(client: Any) -> dict[str, str]:
    """Names of new tables that only this test uses."""
    return tables.create(client, f"-{uuid.uuid4().hex[:8]}")
