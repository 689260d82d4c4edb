"""Each function with an event that it answers well, and tables that hold what the event asks for."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3

from benchmarks.servers import ROOT, StandIn
from dnc.access import Role
from dnc.accounts import Accounts
from dnc.times import now

ACCOUNT = "acme"
TABLES = {
    "numbers": {"keys": ["account_id", "number"]},
    "audit": {"keys": ["subject", "event_key"]},
    "accounts": {"keys": ["account_id", "record"]},
}


@dataclass(frozen=True, slots=True)
class World:
    """What a function finds: its environment, and the token of a key that holds."""

    environment: Mapping[str, str]
    token: str


@contextmanager
def world() -> Iterator[World]:
    """Start the stand-in for DynamoDB, with an account, a key and a listed number."""
    row = sample("audit_changes")["Records"][0]["dynamodb"]["NewImage"]
    row["sources"] = {"SS": ["manual"]}
    row["source"] = {"S": "manual"}
    tables = {**TABLES, "numbers": {**TABLES["numbers"], "rows": [row]}}
    with StandIn(tables) as stand_in:
        make: Any = boto3.client
        client = make(
            "dynamodb",
            endpoint_url=stand_in.url,
            region_name="us-east-1",
            aws_access_key_id="measured",
            aws_secret_access_key="measured",  # noqa: S106 - a stand-in looks at no key
        )
        accounts = Accounts(client, "accounts")
        accounts.put(ACCOUNT, {"name": "Acme Solar", "default_region": "US"}, now())
        token = accounts.make_key(ACCOUNT, Role.MANAGER, "measured", None, "measured", now())["token"]
        yield World(
            {
                "AWS_ENDPOINT_URL": stand_in.url,
                "NUMBERS_TABLE": "numbers",
                "AUDIT_TABLE": "audit",
                "ACCOUNTS_TABLE": "accounts",
                "EVENT_BUS": "changes",
                "POWERTOOLS_SERVICE_NAME": "nocall",
                "POWERTOOLS_LOG_LEVEL": "INFO",
                "PYDANTIC_DISABLE_PLUGINS": "__all__",
            },
            token,
        )


def sample(name: str) -> dict[str, Any]:
    """Read a sample event of `events/`."""
    event: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return event


def one_check(number: str = "(415) 555-0100") -> dict[str, Any]:
    """Give the direct check of one number."""
    return {"account_id": ACCOUNT, "numbers": [number], "region": "US"}


def http_check() -> dict[str, Any]:
    """Give the same check as API Gateway sends it."""
    return {**sample("check_numbers_api"), "body": json.dumps({"numbers": ["(415) 555-0100"], "region": "US"})}


def events(token: str) -> dict[str, Any]:
    """Give an event for each function that can be measured here, by its logical id."""
    stats = sample("list_numbers")
    stats["requestContext"] |= {}
    stats |= {"resource": "/accounts/{account_id}/stats", "multiValueQueryStringParameters": None}
    authorize = sample("authorize")
    authorize["headers"] = {"Authorization": f"Bearer {token}"}
    return {
        "AddNumberFunction": sample("add_number"),
        "ListNumbersFunction": sample("list_numbers"),
        "RemoveNumberFunction": sample("remove_number"),
        "CheckNumbersApiFunction": http_check(),
        "AuditChangesFunction": sample("audit_changes"),
        "AuthorizeFunction": authorize,
        "ManageAccountsFunction": sample("manage_accounts"),
        "ReadStatsFunction": stats,
        "ConsoleFunction": {"path": "/console", "pathParameters": None, "headers": {}, "requestContext": {}},
    }


def answered_well(body: bytes) -> bool:
    """Tell whether an answer is no failure, over HTTP or not."""
    answer: Any = json.loads(body)
    return isinstance(answer, dict) and answer.get("statusCode", 200) < 400 and not answer.get("batchItemFailures")
