"""Reading all pages and whole batches, and conditional writes, on a client that records its requests."""

import pytest

from dnc.aws import queries
from dnc.aws.errors import AwsError
from dnc.problems import Unavailable


def error(code, **more):
    return AwsError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": 400}, **more})


class Client:
    """Returns the next response to each request, or raises it if it is an exception."""

    def __init__(self, *responses):
        self.responses = list(responses)
        self.requests = []

    def respond(self, **request):
        self.requests.append(request)
        response = self.responses.pop(0) if len(self.responses) > 1 else self.responses[0]
        if isinstance(response, Exception):
            raise response
        return response

    query = batch_get_item = put_item = transact_write_items = respond


def test_every_page_is_read_and_the_callers_query_is_not_modified():
    client = Client({"Items": [1], "LastEvaluatedKey": "a"}, {"Items": [], "LastEvaluatedKey": "b"}, {"Items": [2]})
    query = {"TableName": "t", "ExclusiveStartKey": "start"}
    assert list(queries.rows(client, query)) == [1, 2]
    assert [request["ExclusiveStartKey"] for request in client.requests] == ["start", "a", "b"]
    assert query == {"TableName": "t", "ExclusiveStartKey": "start"}


def test_a_batch_requests_unprocessed_keys_again():
    unread = {"t": {"ConsistentRead": True, "Keys": [2]}}
    client = Client({"Responses": {"t": [1]}, "UnprocessedKeys": unread}, {"Responses": {"t": [2]}})
    assert list(queries.batch(client, "t", [1, 2])) == [1, 2]
    assert client.requests[0] == {"RequestItems": {"t": {"ConsistentRead": True, "Keys": [1, 2]}}}
    assert client.requests[1] == {"RequestItems": unread}


def test_a_batch_of_any_size_is_read_a_hundred_keys_at_a_time():
    client = Client({"Responses": {}})
    assert list(queries.batch(client, "t", list(range(250)))) == []
    assert [len(request["RequestItems"]["t"]["Keys"]) for request in client.requests] == [100, 100, 50]


def test_a_key_that_stays_unread_is_never_treated_as_absent():
    client = Client({"Responses": {}, "UnprocessedKeys": {"t": {"Keys": [1]}}})
    with pytest.raises(Unavailable):
        list(queries.batch(client, "t", [1], patience=0.05))
    assert len(client.requests) < 20, "there is no pause between attempts"


def test_a_conditional_write_reports_what_is_stored_instead():
    refused = error("ConditionalCheckFailedException", Item={"a": {"S": "b"}})
    client = Client({}, refused, error("ConditionalCheckFailedException"), error("ValidationException"))
    assert queries.write_if(client.put_item, Item={}) == (True, None)
    assert queries.write_if(client.put_item, Item={}) == (False, {"a": {"S": "b"}})
    assert queries.write_if(client.put_item, Item={}) == (False, None)
    with pytest.raises(AwsError, match="ValidationException"):
        queries.write_if(client.put_item, Item={})


def test_a_transaction_reports_whether_it_was_canceled():
    client = Client({}, error("TransactionCanceledException"), error("ThrottlingException"), error("AccessDenied"))
    assert queries.transact_if(client, [{}]) is True
    assert queries.transact_if(client, [{}]) is False
    with pytest.raises(Unavailable):
        queries.transact_if(client, [{}])
    with pytest.raises(AwsError, match="AccessDenied"):
        queries.transact_if(client, [{}])
