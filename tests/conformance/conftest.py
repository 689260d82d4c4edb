"""Fixtures for tests on DynamoDB Local, which has DynamoDB's own semantics, and on the other engines beside it."""

import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from dnc.aws.dynamodb import DynamoDB
from tests.support import dynamodb_local, engines, tables
from tests.support.engines import Engine


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    process, url = dynamodb_local.start()
    yield url
    process.terminate()
    process.wait(30)


@pytest.fixture(scope="session")
def emulator_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with engines.running_emulator(tmp_path_factory.mktemp("emulator")) as url:
        yield url


@pytest.fixture(scope="session")
def make_client(endpoint: str) -> Any:
    return partial(engines.client_of, endpoint=endpoint)


@pytest.fixture(scope="session")
def local(endpoint: str) -> Iterator[Engine]:
    with engines.at(endpoint) as engine:
        yield engine


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """DynamoDB Local, or another engine in the tests of `each_engine`."""
    name = getattr(request, "param", engines.DYNAMODB_LOCAL)
    if name == engines.MOTO:
        with engines.moto() as engine:
            yield engine
    elif name == engines.EMULATOR:
        with engines.at(request.getfixturevalue("emulator_url")) as engine:
            yield engine
    else:
        yield request.getfixturevalue("local")


@pytest.fixture
def client(engine: Engine) -> Any:
    return engine.client


@pytest.fixture
def own(engine: Engine) -> DynamoDB:
    """The service's own client."""
    return engine.own


@pytest.fixture
def names(client: Any) -> dict[str, str]:
    """Names of new tables that only this test uses."""
    return tables.create(client, f"-{uuid.uuid4().hex[:8]}")
