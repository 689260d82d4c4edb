"""The same check as serverless tutorials write it: a resolver with validation, Tracer, `boto3.resource`, pydantic."""

import os
from datetime import UTC, datetime
from typing import Any

import boto3
import phonenumbers
from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from pydantic import BaseModel, Field

logger = Logger()
tracer = Tracer()
app = APIGatewayRestResolver(enable_validation=True)
dynamodb = boto3.resource("dynamodb")
accounts = dynamodb.Table(os.environ["ACCOUNTS_TABLE"])
numbers = dynamodb.Table(os.environ["NUMBERS_TABLE"])


class Check(BaseModel):
    """What is asked."""

    numbers: list[str] = Field(min_length=1, max_length=1000)
    region: str | None = None


class Result(BaseModel):
    """What is known of one number."""

    input: str
    number: str | None
    callable: bool
    status: str


class Checked(BaseModel):
    """The answer."""

    account_id: str
    checked_at: datetime
    results: list[Result]


@app.post("/accounts/<account_id>/checks")
@tracer.capture_method
def check(account_id: str, request: Check) -> Checked:
    """Check numbers against the account's list."""
    profile = accounts.get_item(Key={"account_id": account_id, "record": "profile"})["Item"]
    region = request.region or profile.get("default_region")
    return Checked(
        account_id=account_id,
        checked_at=datetime.now(UTC),
        results=[look(account_id, written, str(region)) for written in request.numbers],
    )


def look(account_id: str, written: str, region: str) -> Result:
    """Look one number up."""
    try:
        parsed = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return Result(input=written, number=None, callable=False, status="invalid")
    if not phonenumbers.is_valid_number(parsed):
        return Result(input=written, number=None, callable=False, status="invalid")
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    row = numbers.get_item(Key={"account_id": account_id, "number": number}, ConsistentRead=True).get("Item")
    listed = row is not None and row["status"] == "listed"
    return Result(input=written, number=number, callable=not listed, status="listed" if listed else "clear")


@logger.inject_lambda_context
@tracer.capture_lambda_handler
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve API Gateway."""
    return app.resolve(event, context)
