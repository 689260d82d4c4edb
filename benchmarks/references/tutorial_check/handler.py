"""The same check as written in serverless tutorials: a resolver with validation, Tracer, `boto3.resource`, pydantic."""

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
    """The request."""

    numbers: list[str] = Field(min_length=1, max_length=1000)
    region: str | None = None


class Result(BaseModel):
    """The result of one number."""

    input: str
    number: str | None
    callable: bool
    status: str


class Checked(BaseModel):
    """The response."""

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
        results=[look_up(account_id, written, str(region)) for written in request.numbers],
    )


def look_up(account_id: str, written: str, region: str) -> Result:
    """Look up one number."""
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
    """Handle an API Gateway event."""
    return app.resolve(event, context)
