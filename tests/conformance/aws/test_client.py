"""The service's own client and boto3 get the same responses to the same calls on DynamoDB Local."""

import copy

from botocore.exceptions import ClientError

from dnc.aws.errors import AwsError

KEY = {"account_id": {"S": "acme"}, "number": {"S": "+14155550100"}}
ROW = {
    **KEY,
    "status": {"S": "listed"},
    "note": {"S": 'she said "call never" \\ Zoë 🙂'},
    "version": {"N": "3"},
    "sources": {"SS": ["manual", "sms"]},
    "removal": {"NULL": True},
    "listed_by": {"M": {"principal": {"S": "key:1"}, "ok": {"BOOL": True}}},
    "request_keys": {"L": [{"S": "a"}, {"N": "1.5"}]},
}


def keys(count, start=0):
    return [{"account_id": {"S": "acme"}, "number": {"S": f"+1415555{n:04}"}} for n in range(start, start + count)]


def outcome(client, operation, request):
    try:
        response = getattr(client, operation)(**copy.deepcopy(request))
    except (ClientError, AwsError) as failed:
        response = failed.response
        rest = {k: v for k, v in response.items() if k not in ("ResponseMetadata", "Error", "message", "Message")}
        return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], in_order(rest)
    return in_order({name: value for name, value in response.items() if name != "ResponseMetadata"})


def in_order(value):
    """Sort all lists, because sets and batches have no order."""
    if isinstance(value, dict):
        return {name: in_order(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return sorted((in_order(inner) for inner in value), key=repr)
    return value


def calls(table):
    put = {"TableName": table, "Item": ROW}
    if_absent = {
        "ConditionExpression": "attribute_not_exists(account_id)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    yield "get_item", {"TableName": table, "Key": KEY, "ConsistentRead": True}
    yield "put_item", put
    yield "get_item", {"TableName": table, "Key": KEY, "ConsistentRead": True}
    yield (
        "get_item",
        {
            "TableName": table,
            "Key": KEY,
            "ProjectionExpression": "#n, #s, nothing",
            "ExpressionAttributeNames": {"#n": "number", "#s": "status"},
        },
    )
    yield "put_item", {**put, **if_absent}
    yield "batch_write_item", {"RequestItems": {table: [{"PutRequest": {"Item": key}} for key in keys(25)]}}
    yield "batch_get_item", {"RequestItems": {table: {"Keys": keys(100), "ConsistentRead": True}}}
    yield "batch_get_item", {"RequestItems": {table: {"Keys": keys(101)}}}
    yield "batch_get_item", {"RequestItems": {table: {"Keys": keys(1) * 2}}}
    request = {
        "TableName": table,
        "KeyConditionExpression": "account_id = :a",
        "ExpressionAttributeValues": {":a": {"S": "acme"}},
        "ConsistentRead": True,
    }
    yield "query", request
    yield "query", {**request, "Limit": 3}
    yield "query", {**request, "Select": "COUNT"}
    yield (
        "update_item",
        {
            "TableName": table,
            "Key": KEY,
            "UpdateExpression": "SET version = version + :one",
            "ConditionExpression": "version = :seen",
            "ExpressionAttributeValues": {":one": {"N": "1"}, ":seen": {"N": "99"}},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        },
    )
    statement = f"""INSERT INTO "{table}" VALUE {{'account_id': ?, 'number': ?}}"""
    yield (
        "batch_execute_statement",
        {
            "Statements": [
                {"Statement": statement, "Parameters": [key["account_id"], key["number"]]} for key in keys(3, 20)
            ]
        },
    )
    yield (
        "transact_write_items",
        {"TransactItems": [{"Put": {**put, **if_absent}}, {"Put": {"TableName": table, "Item": KEY}}]},
    )
    yield "delete_item", {"TableName": table, "Key": KEY, "ReturnValues": "ALL_OLD"}
    yield "get_item", {"TableName": table, "Key": {"account_id": {"S": "acme"}}}
    yield "get_item", {"TableName": "missing", "Key": KEY}
    yield "get_item", {"TableName": table, "Key": KEY, "ProjectionExpression": "status"}
    yield "query", {"TableName": table}


def test_each_call_has_the_same_outcome_as_with_boto3(client, own, names, make_client):
    from tests.support import tables

    others = tables.create(make_client("dynamodb"), f"{names['numbers'].removeprefix('numbers')}-b")
    mine, theirs = list(calls(names["numbers"])), list(calls(others["numbers"]))
    for (operation, request), (_, other_request) in zip(mine, theirs, strict=True):
        actual = outcome(own, operation, request)
        wanted = outcome(client, operation, other_request)
        expected = repr(wanted).replace(others["numbers"], names["numbers"])
        assert repr(actual) == expected, operation


def test_parallel_calls_each_get_their_own_response(own, names):
    table = names["numbers"]
    own.call_all(
        "BatchWriteItem",
        [{"RequestItems": {table: [{"PutRequest": {"Item": key}} for key in keys(25, n)]}} for n in range(0, 1000, 25)],
    )
    request = [{"RequestItems": {table: {"Keys": keys(100, n), "ConsistentRead": True}}} for n in range(0, 2000, 100)]
    responses = own.call_all("BatchGetItem", request)
    for n, response in enumerate(responses):
        found = sorted(response["Responses"][table], key=lambda key: key["number"]["S"])
        assert found == (keys(100, n * 100) if n < 10 else [])
        assert response["UnprocessedKeys"] == {}
