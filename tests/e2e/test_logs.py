"""No log line of any function contains a full phone number or a person's name."""

from infra.local import stack as local
from tests.support.stack import numbers_in, wait_for

NAME = "Zebedee Quillfeather"


def test_no_log_line_contains_a_number_or_a_name(client, stack):
    number = "+14155550180"
    body = {"number": "(415) 555-0180", "consumer_name": NAME, "note": NAME, "acting_user": "u-1"}
    entry = client.numbers("manager", "POST", body=body).json()
    client.check([number, "415 555 0180"])
    client.invoke({"account_id": "nobody", "numbers": [number]})
    client.numbers("manager", "GET", "?q=4155550180&nonsense=+14155550180")
    client.numbers("manager", "DELETE", f"/{number}", {"reason": NAME, "if_version": entry["version"]})
    dynamodb = local.client(stack, "dynamodb")
    key = {"account_id": {"S": client.stack["account_id"]}, "number": {"S": number}}
    dynamodb.delete_item(TableName=stack["tables"]["numbers"], Key=key)
    lines = wait_for(
        lambda: [line for line in local.log_lines(stack) if "deleted_out_of_band" in line[2]] and local.log_lines(stack)
    )
    text = "\n".join(message for _, _, message in lines)
    assert text.count("answered") > 5
    assert NAME not in text
    assert numbers_in(text + " 415 555-0180 ") == ["4155550180"], "a number would be found"
    assert numbers_in(text) == []
