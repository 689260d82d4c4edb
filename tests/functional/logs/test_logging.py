"""No log line contains a full number, a name, a note or a token."""

import io
import re

import pytest

from dnc.aws import clients
from dnc.logs import logger as logs

NUMBER = "+14155550123"
SECRETS = ("Zebedee Quillfeather", "a private note")


def digits_of(text):
    return re.sub(r"(?<=\d)[ ().-]+(?=\d)", "", text)


@pytest.fixture
def logged(capsys, monkeypatch):
    """A function that returns everything logged and printed. The logger keeps the stream it had when it was created."""
    written = io.StringIO()
    for handler in logs.logger.handlers:
        monkeypatch.setattr(handler, "stream", written)
    capsys.readouterr()
    return lambda: written.getvalue() + capsys.readouterr().out


def test_the_main_flows_log_only_ids_and_masked_numbers(gateway, stream, dynamodb, logged):
    name, note = SECRETS
    gateway.add("(415) 555-0123", consumer_name=name, note=note, acting_user=name)
    stream.deliver()
    gateway.check([NUMBER, "415 555 0123"])
    gateway.numbers("manager", "GET", "?q=415 555 0123&colour=4155550123")
    gateway.numbers("manager", "POST", body={"number": NUMBER, name: note})
    gateway.numbers("manager", "DELETE", f"/{NUMBER}", {"reason": name, "if_version": 1, "acting_user": "u"})
    gateway.numbers("manager", "GET", f"/{NUMBER}/history")
    dynamodb.delete_item(TableName="numbers", Key={"account_id": {"S": "acme"}, "number": {"S": NUMBER}})
    stream.deliver()
    gateway.numbers("manager", "GET", token=gateway.tokens["manager"][:-1])
    text = logged()
    assert "+1415***0123" in text
    assert text.count('"answered"') >= 5
    assert "4155550123" not in digits_of(text)
    for secret in (*SECRETS, *gateway.tokens.values(), gateway.tokens["manager"].rpartition(".")[2]):
        assert secret not in text


def test_a_failure_is_logged_without_its_message(gateway, stream, dynamodb, monkeypatch, logged):
    class Talkative:
        def __getattr__(self, name):
            def fail(**arguments):
                raise RuntimeError(f"{name} of {arguments} failed: {NUMBER}")

            return fail

    gateway.add(NUMBER)
    records = stream.changes()
    writer = gateway.modules["audit_changes.handler"].writer
    monkeypatch.setattr(writer, "record", lambda *_: Talkative().write(number=NUMBER))
    assert len(stream.deliver(records)) == 1
    monkeypatch.setattr(clients, "dynamodb", Talkative)
    check = gateway.modules["check_numbers.handler"]
    monkeypatch.setattr(check, "accounts", type(check.accounts)(Talkative(), "accounts"))
    assert gateway.numbers("manager", "GET").status == 500
    with pytest.raises(Exception) as raised:
        gateway.check([NUMBER])
    assert NUMBER not in str(raised.value)
    text = logged()
    assert "RuntimeError" in text
    assert "4155550123" not in digits_of(text)
