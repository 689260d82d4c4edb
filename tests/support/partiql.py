"""Runs the PartiQL batches of `dnc.entries.batch_store` as conditional writes, because moto's INSERT has no parameters.

`tests/conformance` runs the same statements against DynamoDB Local.
"""

import re

from dnc.aws import errors as aws_errors

INSERT = re.compile(r"INSERT INTO \"(?P<table>[^\"]+)\" VALUE \{(?P<pairs>.+)\}")
UPDATE = re.compile(r"UPDATE \"(?P<table>[^\"]+)\" (?P<clauses>.+) WHERE (?P<where>.+)")


class WithPartiQL:
    """A moto client with `batch_execute_statement`."""

    def __init__(self, client):
        self._client = client

    def __getattr__(self, name):
        return getattr(self._client, name)

    def batch_execute_statement(self, *, Statements):
        assert 1 <= len(Statements) <= 25
        return {"Responses": [self._execute(s["Statement"], list(s["Parameters"])) for s in Statements]}

    def _execute(self, statement, parameters):
        inserting = INSERT.fullmatch(statement)
        match = inserting or UPDATE.fullmatch(statement)
        try:
            if inserting:
                names = re.findall(r"'(\w+)': \?", match["pairs"])
                row = dict(zip(names, parameters, strict=True))
                condition = {"ConditionExpression": "attribute_not_exists(account_id)"}
            else:
                row, condition = self._updated(match, parameters)
            self._client.put_item(TableName=match["table"], Item=row, **condition)
        except aws_errors.refused() as failed:
            assert aws_errors.error_code(failed) == "ConditionalCheckFailedException"
            return {"Error": {"Code": "DuplicateItem" if inserting else "ConditionalCheckFailed"}}
        return {"TableName": match["table"]}

    def _updated(self, match, parameters):
        assert match["where"] == '"account_id"=? AND "number"=? AND "version"=?'
        account, number, version = parameters[-3:]
        key = {"account_id": account, "number": number}
        row = self._client.get_item(TableName=match["table"], Key=key, ConsistentRead=True).get("Item", dict(key))
        values = iter(parameters[:-3])
        for verb, name in re.findall(r"(SET|REMOVE) \"(\w+)\"", match["clauses"]):
            if verb == "SET":
                row[name] = next(values)
            else:
                row.pop(name, None)
        return row, {"ConditionExpression": "version = :v", "ExpressionAttributeValues": {":v": version}}
