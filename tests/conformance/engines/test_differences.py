"""Where the engines differ from DynamoDB, in behavior that this service depends on.

Each behavior has the outcome that AWS documents, and the engines that are known to have another one. Both are tested,
so an engine that changes shows here. `docs/emulators.md` must say the same.
"""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from dnc.aws.errors import AwsError, error_code
from infra.templates import ROOT
from tests.support.engines import DYNAMODB_LOCAL, EMULATOR, MOTO, Engine, each_engine

PAGE = ROOT / "docs" / "emulators.md"
API = "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/"
GUIDE = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
ENGINES = {DYNAMODB_LOCAL: "DynamoDB Local", EMULATOR: "the emulator", MOTO: "moto"}
REFUSED = "ValidationException"


class Place:
    """An account of its own for one behavior. `key`: of a row in it. `own`: the service's client."""

    def __init__(self, engine: Engine, table: str) -> None:
        self.engine, self.own, self.table = engine, engine.own, table
        self.key = {"account_id": {"S": f"t-{uuid.uuid4().hex[:8]}"}, "number": {"S": "+14155550100"}}

    def put(self, row: dict[str, Any], **more: Any) -> Any:
        return self.own.put_item(TableName=self.table, Item=self.key | row, **more)

    def get(self, **more: Any) -> dict[str, Any]:
        return self.own.get_item(TableName=self.table, Key=self.key, ConsistentRead=True, **more).get("Item", {})

    def query(self, **more: Any) -> Any:
        values = {":account": self.key["account_id"], **more.pop("values", {})}
        request = {"KeyConditionExpression": "account_id = :account", "ExpressionAttributeValues": values, **more}
        return self.own.query(TableName=self.table, ConsistentRead=True, **request)

    def transact(self, *rows: dict[str, Any], **more: Any) -> Any:
        puts = [{"Put": {"TableName": self.table, **row}} for row in rows]
        return self.own.transact_write_items(TransactItems=puts, **more)

    def execute(self, statement: str, *parameters: dict[str, str]) -> str:
        """Run a PartiQL statement, with boto3: in the tests, the service's client does not send those to moto."""
        request = {"Statement": statement, "Parameters": list(parameters)}
        [one] = self.engine.client.batch_execute_statement(Statements=[request])["Responses"]
        return one.get("Error", {}).get("Code", "done")


type Run = Callable[[Place], Any]


@dataclass(frozen=True)
class Behavior:
    """`rule`: what AWS documents, at `source`. `run` returns `right` on engines that follow it; `wrong`: the others."""

    rule: str
    source: str
    run: Run
    right: Any
    wrong: tuple[str, ...] = ()


def a_transaction_that_is_repeated(place: Place) -> Any:
    once = {"Item": place.key, "ConditionExpression": "attribute_not_exists(account_id)"}
    token = uuid.uuid4().hex
    for _ in range(2):
        place.transact(once, ClientRequestToken=token)
    return "done"


def another_transaction_with_the_same_token(place: Place) -> Any:
    token = uuid.uuid4().hex
    for version in "12":
        place.transact({"Item": place.key | {"version": {"N": version}}}, ClientRequestToken=token)


def a_canceled_transaction(place: Place) -> Any:
    other = {"Item": place.key | {"number": {"S": "+14155550101"}}}
    try:
        place.transact({"Item": place.key}, other | {"ConditionExpression": "attribute_exists(account_id)"})
    except AwsError as failed:
        return failed.code, [one["Code"] for one in failed.response["CancellationReasons"]], place.get()


def one_row_twice_in_a_transaction(place: Place) -> Any:
    place.transact({"Item": place.key}, {"Item": place.key})


def the_row_of_a_failed_condition(place: Place) -> Any:
    place.put({})
    absent = {"ConditionExpression": "attribute_not_exists(account_id)"}
    try:
        place.put({}, **absent, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    except AwsError as failed:
        return failed.code, failed.response["Item"] == place.key


def an_insert(place: Place) -> Any:
    statement = f"INSERT INTO \"{place.table}\" VALUE {{'account_id': ?, 'number': ?}}"
    return [place.execute(statement, *place.key.values()) for _ in range(2)]


def an_update_of_another_version(place: Place) -> Any:
    place.put({"version": {"N": "2"}})
    statement = f'UPDATE "{place.table}" SET "status"=? WHERE "account_id"=? AND "number"=? AND "version"=?'
    return place.execute(statement, {"S": "removed"}, *place.key.values(), {"N": "1"}), "status" in place.get()


def the_last_page_that_is_full(place: Place) -> Any:
    place.put({})
    return "LastEvaluatedKey" in place.query(Limit=1)


def rows_that_a_filter_leaves_out(place: Place) -> Any:
    for i in range(6):
        place.put({"number": {"S": f"+1415555010{i}"}, "note": {"S": "x" * 300_000}})
    return "LastEvaluatedKey" in place.query(FilterExpression="note = :x", values={":x": {"S": "x"}})


def a_part_of_a_map(place: Place) -> Any:
    place.put({"removal": {"M": {"reason": {"S": "r"}, "note": {"S": "n"}}}})
    return place.get(ProjectionExpression="removal.reason, removal.nothing")


def a_consistent_read_of_an_index(place: Place) -> Any:
    place.query(IndexName="listed", KeyConditionExpression="listed_account = :account")


def keys(*numbers: str) -> Run:
    def read(place: Place) -> None:
        rows = [place.key | {"number": {"S": number}} for number in numbers]
        place.own.batch_get_item(RequestItems={place.table: {"Keys": rows, "ConsistentRead": True}})

    return read


def row(**more: Any) -> Run:
    return lambda place: place.put(more)


BEHAVIORS = [
    Behavior(
        "A repeated transaction with the same `ClientRequestToken` succeeds and changes nothing",
        f"{API}API_TransactWriteItems.html",
        a_transaction_that_is_repeated,
        "done",
        (MOTO,),
    ),
    Behavior(
        "Another transaction with the same token is refused",
        f"{API}API_TransactWriteItems.html",
        another_transaction_with_the_same_token,
        "IdempotentParameterMismatchException",
        (MOTO,),
    ),
    Behavior(
        "A canceled transaction writes nothing, and gives a reason for each write",
        f"{API}API_TransactWriteItems.html",
        a_canceled_transaction,
        ("TransactionCanceledException", ["None", "ConditionalCheckFailed"], {}),
    ),
    Behavior(
        "A transaction names each row at most once",
        f"{API}API_TransactWriteItems.html",
        one_row_twice_in_a_transaction,
        REFUSED,
    ),
    Behavior(
        "A failed condition returns the stored row if it is asked to",
        f"{API}API_PutItem.html",
        the_row_of_a_failed_condition,
        ("ConditionalCheckFailedException", True),
    ),
    Behavior(
        "A PartiQL `INSERT` with parameters fails if the row exists",
        f"{GUIDE}ql-reference.insert.html",
        an_insert,
        ["done", "DuplicateItem"],
        (MOTO,),
    ),
    Behavior(
        "A PartiQL `UPDATE` changes nothing if its condition fails",
        f"{GUIDE}ql-reference.update.html",
        an_update_of_another_version,
        ("ConditionalCheckFailed", False),
        (MOTO,),
    ),
    Behavior(
        "A page that reaches its `Limit` has a `LastEvaluatedKey`, even at the end",
        f"{GUIDE}Query.Pagination.html",
        the_last_page_that_is_full,
        True,
        (MOTO,),
    ),
    Behavior(
        "A page ends at 1 MB, counted before the filter",
        f"{API}API_Query.html",
        rows_that_a_filter_leaves_out,
        True,
        (DYNAMODB_LOCAL,),
    ),
    Behavior(
        "A projection returns a part of a map, without the parts that do not exist",
        f"{GUIDE}Expressions.ProjectionExpressions.html",
        a_part_of_a_map,
        {"removal": {"M": {"reason": {"S": "r"}}}},
    ),
    Behavior(
        "An index cannot be read consistently",
        f"{API}API_Query.html",
        a_consistent_read_of_an_index,
        REFUSED,
    ),
    Behavior("A batch names each key at most once", f"{API}API_BatchGetItem.html", keys("+1", "+1"), REFUSED),
    Behavior(
        "A batch has at most 100 keys", f"{API}API_BatchGetItem.html", keys(*(f"+{i}" for i in range(101))), REFUSED
    ),
    Behavior(
        "A set has no value twice",
        f"{GUIDE}HowItWorks.NamingRulesDataTypes.html",
        row(sources={"SS": ["web", "web"]}),
        REFUSED,
        (MOTO,),
    ),
    Behavior("A set is not empty", f"{GUIDE}HowItWorks.NamingRulesDataTypes.html", row(sources={"SS": []}), REFUSED),
    Behavior(
        "A number has at most 38 digits",
        f"{GUIDE}HowItWorks.NamingRulesDataTypes.html",
        row(version={"N": "1" * 39}),
        REFUSED,
        (MOTO,),
    ),
    Behavior("A key is not empty", f"{GUIDE}HowItWorks.NamingRulesDataTypes.html", row(number={"S": ""}), REFUSED),
    Behavior("A row has at most 400 KB", f"{GUIDE}Constraints.html", row(note={"S": "x" * 410_000}), REFUSED),
    Behavior(
        "A reserved word needs a placeholder",
        f"{GUIDE}ReservedWords.html",
        lambda place: place.put({}, ConditionExpression="attribute_not_exists(status)"),
        REFUSED,
    ),
]


def outcome(behavior: Behavior, place: Place) -> Any:
    """Return what an engine does. moto, which runs in this process, fails with a TypeError where it lacks something."""
    try:
        return behavior.run(place)
    except (AwsError, ClientError, TypeError) as failed:
        return error_code(failed)


@each_engine
def test_each_engine_does_what_aws_documents_but_for_the_known_differences(engine, names, request):
    name = request.node.callspec.params["engine"]
    found = {one.rule: outcome(one, Place(engine, names["numbers"])) for one in BEHAVIORS}
    differs = {one.rule: found[one.rule] for one in BEHAVIORS if found[one.rule] != one.right}
    assert list(differs) == [one.rule for one in BEHAVIORS if name in one.wrong], differs


def test_the_page_has_a_row_for_each_behavior():
    found = re.findall(r"^\| (.+?) \| (.+?) \| (\[AWS\].+?) \|$", PAGE.read_text(), re.MULTILINE)
    expected = [
        (one.rule, ", ".join(map(ENGINES.get, one.wrong)) or "none", f"[AWS]({one.source})") for one in BEHAVIORS
    ]
    assert found == expected
