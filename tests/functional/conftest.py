"""The handlers on moto, behind a gateway."""

import base64
import copy
import gc
import json
import os
from collections.abc import Callable
from typing import Any

import botocore.loaders
import botocore.session
import pytest
from moto import mock_aws
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID

from dnc import times
from dnc.accounts.access import Role
from dnc.accounts.store import Accounts
from dnc.accounts.tokens import PLATFORM
from dnc.aws import clients
from dnc.aws.presigned import presigner
from dnc.bulk.files import s3
from tests.support import moto_client, tables
from tests.support.gateway import ACCOUNT, BUCKET, BUS, ENVIRONMENT, Gateway, loaded_modules

OTHER = "globex"


@pytest.fixture(scope="session", autouse=True)
def loaded_models():
    """Share botocore's service models and its clients. Otherwise each test would read and make them again."""
    loader = botocore.loaders.create_loader()
    made: dict[str, Any] = {}
    make = clients.client

    def client(service: str, **settings: Any) -> Any:
        wanted = repr((service, settings, sorted(pair for pair in os.environ.items() if pair[0].startswith("AWS_"))))
        if wanted not in made:
            made[wanted] = make(service, **settings)
        return made[wanted]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", lambda _path=None: loader)
        patch.setattr(clients, "client", client)
        gc.freeze()  # so that collecting the garbage of a test does not search all loaded libraries
        yield


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    moto_client.connect(monkeypatch)
    # A test may replace one of these clients.
    cached = (clients.dynamodb, clients.event_bridge, clients.step_functions, s3, presigner)
    for client in cached:
        client.cache_clear()
    with mock_aws():
        yield
    for client in cached:
        client.cache_clear()


_written: dict[str, Any] = {}
"""moto's tables after each preparation, and what it returned."""


@pytest.fixture
def prepared(environment):
    """Return a function that runs a preparation of the tables for the first test that needs it.

    For later tests, it copies the tables, which takes a tenth of the time, and returns a copy of the same result.
    """

    def prepare(name: str, write: Callable[[], Any]) -> Any:
        tables_of_moto = get_backend("dynamodb")[DEFAULT_ACCOUNT_ID]["us-east-1"].tables
        if name not in _written:
            result = write()
            _written[name] = copy.deepcopy((dict(tables_of_moto), result))
        stored, result = copy.deepcopy(_written[name])
        tables_of_moto.update(stored)
        return result

    return prepare


@pytest.fixture
def dynamodb(prepared):
    client = clients.client("dynamodb")
    prepared("empty tables", lambda: tables.create(client))
    clients.client("events").create_event_bus(Name=BUS)
    s3().create_bucket(Bucket=BUCKET)
    s3().create_bucket(Bucket="failed")
    return client


@pytest.fixture
def modules(dynamodb):
    """The handlers, reloaded, so that each test begins with a cold start."""
    return loaded_modules()


def _made_tokens(client: Any) -> dict[str, str]:
    accounts = Accounts(client, "accounts")
    now = times.now()
    accounts.put(ACCOUNT, {"name": "Acme Solar", "default_region": "US"}, now)
    accounts.put(OTHER, {"name": "Globex", "default_region": "GB"}, now)

    def key(partition, role):
        return accounts.make_key(partition, role, "test", None, "test", now)["token"]

    by_role = {str(role): key(ACCOUNT, role) for role in Role if role is not Role.OPERATOR}
    return by_role | {"operator": key(PLATFORM, Role.OPERATOR), "other_admin": key(OTHER, Role.ADMIN)}


@pytest.fixture
def tokens(dynamodb, prepared):
    return prepared("accounts and keys", lambda: _made_tokens(dynamodb))


@pytest.fixture
def gateway(modules, tokens):
    return Gateway(modules, tokens)


def _with_bytes(value: dict[str, Any]) -> dict[str, Any]:
    if value.keys() == {"B"}:
        return {"B": base64.b64decode(value["B"])}
    return {"BS": [base64.b64decode(one) for one in value["BS"]]} if value.keys() == {"BS"} else value


class Stream:
    """The numbers table's stream, computed from its rows, because moto's stream differs from DynamoDB's."""

    def __init__(self, dynamodb: Any, handler: Any) -> None:
        self._dynamodb = dynamodb
        self._handler = handler
        self._rows: dict[tuple[str, str], Any] = {}
        self._sequence = 100_000_000_000_000_000_000

    def set_row(self, row: dict[str, Any]) -> None:
        """Store a row, bypassing the service. `row`: in DynamoDB's typed form, with binary values in base64."""
        stored = json.loads(json.dumps(row), object_hook=_with_bytes)
        self._dynamodb.put_item(TableName="numbers", Item=stored)

    def changes(self, identity: dict[str, str] | None = None) -> list[dict[str, Any]]:
        """Return the records of all changes since the last call."""
        now = {
            (row["account_id"]["S"], row["number"]["S"]): row
            for row in self._dynamodb.scan(TableName="numbers")["Items"]
        }
        records = []
        for key in sorted(self._rows.keys() | now.keys()):
            before, after = self._rows.get(key), now.get(key)
            if before != after:
                self._sequence += 1
                change = {"ApproximateCreationDateTime": times.now().timestamp(), "SequenceNumber": str(self._sequence)}
                change |= {"OldImage": before} if before else {}
                change |= {"NewImage": after} if after else {}
                name = "INSERT" if not before else "MODIFY" if after else "REMOVE"
                records.append({"eventName": name, "dynamodb": change, "userIdentity": identity})
        self._rows = now
        return json.loads(json.dumps(records, default=lambda value: base64.b64encode(value).decode()))

    def deliver(self, records: list[dict[str, Any]] | None = None) -> list[str]:
        """Deliver these records, or else all changes. Return the sequence numbers of the records that failed."""
        delivered = self.changes() if records is None else records
        response = self._handler.lambda_handler(json.loads(json.dumps({"Records": delivered})), None)
        return [failure["itemIdentifier"] for failure in response["batchItemFailures"]]


@pytest.fixture
def stream(dynamodb, modules):
    return Stream(dynamodb, modules["audit_changes.handler"])
