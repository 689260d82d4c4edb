"""A request may cover one channel. It then blocks checks for that channel, and checks that name none."""

import itertools

import pytest

from dnc.aws import clients
from dnc.entries.channel_words import channels_named

NUMBER = "+14155550100"
BOTH = ["text", "voice"]


def statuses(gateway, number=NUMBER):
    return [gateway.check([number], channel=channel)["results"][0]["status"] for channel in (None, "text", "voice")]


@pytest.mark.parametrize(
    ("fields", "channels", "warnings"),
    [
        ({}, BOTH, 0),
        ({"channels": None}, BOTH, 0),
        ({"channels": []}, BOTH, 0),
        ({"channels": ["text"], "note": "STOP"}, ["text"], 0),
        ({"channels": ["Voice"], "call_id": "c-1"}, ["voice"], 0),
        ({"channels": ["SMS", "phone calls"]}, BOTH, 0),
        ({"channels": ["voice;text"]}, BOTH, 0),
        ({"channels": ["text"]}, BOTH, 1),
        ({"channels": ["text"], "note": " "}, BOTH, 1),
        ({"channels": ["fax"], "note": "STOP"}, BOTH, 1),
        ({"channels": ["text", "fax"], "note": "STOP"}, BOTH, 1),
        ({"channels": ["", "\ud800"], "note": "STOP"}, BOTH, 1),
    ],
)
def test_a_request_covers_the_channels_that_it_proves(gateway, fields, channels, warnings):
    entry = gateway.add(NUMBER, **fields)
    assert (entry["channels"], len(entry["warnings"])) == (channels, warnings)
    expected = ["listed", *("listed" if channel in channels else "clear" for channel in BOTH)]
    assert statuses(gateway) == expected


@pytest.mark.parametrize("channels", ["text", {"text": True}, [1], [["text"]], True])
def test_channels_of_another_json_type_are_refused(gateway, channels):
    reply = gateway.numbers("manager", "POST", body={"number": NUMBER, "channels": channels})
    assert (reply.status, reply.code) == (422, "invalid_request")


def test_a_row_without_channels_blocks_both_and_so_does_one_that_cannot_be_read(gateway):
    row = {"account_id": {"S": "acme"}, "number": {"S": NUMBER}, "status": {"S": "listed"}}
    for channels in ({}, {"SS": ["fax"]}, {"SS": ["voice", "fax"]}, {"S": "voice"}, {"L": []}, {"NULL": True}):
        item = {**row, **({"channels": channels} if channels else {})}
        clients.client("dynamodb").put_item(TableName="numbers", Item=item)
        assert statuses(gateway) == ["listed", "listed", "listed"]


def test_further_requests_only_widen(gateway):
    for channels, expected in ((["text"], ["text"]), (["text"], ["text"]), (["voice"], BOTH), (["text"], BOTH)):
        assert gateway.add(NUMBER, channels=channels, note="x")["channels"] == expected
    last = gateway.numbers("manager", "GET", f"/{NUMBER}").body["last_request"]
    assert last["channels"] == ["text"]


def test_the_channels_of_a_new_listing_do_not_come_from_the_removed_one(gateway):
    gateway.add(NUMBER)
    removal = {"reason": "test_number", "note": "ours", "if_version": 1, "acting_user": "u-1"}
    assert gateway.numbers("manager", "DELETE", f"/{NUMBER}", removal).body["channels"] == BOTH
    assert gateway.add(NUMBER, channels=["text"], note="STOP")["channels"] == ["text"]
    restored = gateway.numbers("manager", "DELETE", f"/{NUMBER}", {**removal, "if_version": 3})
    assert restored.body["channels"] == ["text"]
    body = {"if_version": 4, "acting_user": "u-1"}
    assert gateway.numbers("manager", "POST", f"/{NUMBER}/restore", body).body["channels"] == ["text"]


def test_the_correct_number_gets_the_channels_of_the_wrong_one(gateway):
    gateway.add(NUMBER, channels=["text"], note="STOP")
    removal = {"reason": "entered_wrong_number", "correct_number": "+14155550148", "if_version": 1}
    assert gateway.numbers("manager", "DELETE", f"/{NUMBER}", {**removal, "acting_user": "u-1"}).status == 200
    assert statuses(gateway, "+14155550148") == ["listed", "listed", "clear"]


def test_the_order_and_wording_of_channels_do_not_change_the_content(gateway):
    gateway.add(NUMBER, channels=["text", "voice"], request_key="k")
    for same in ({"channels": ["voice", "Text"]}, {}, {"channels": ["both"]}):
        entry = gateway.add(NUMBER, request_key="k", **same)
        assert (entry["version"], entry["warnings"]) == (1, [])
    assert gateway.add(NUMBER, request_key="k", channels=["text"], note="x")["version"] == 2


def test_over_http_a_check_takes_a_channel_and_refuses_any_other_word(gateway):
    gateway.add(NUMBER, channels=["text"], note="STOP")

    def check(channel):
        return gateway.call("dialer", "POST", "/accounts/acme/checks", {"numbers": [NUMBER], "channel": channel})

    assert [check(channel).body["blocked"] for channel in ("text", "voice", None)] == [1, 0, 1]
    assert check("fax").fields == ["channel"]


def test_a_listing_of_another_reading_counts_only_for_its_channel(gateway):
    ambiguous = "+39 (0)312 1234567"
    readings = gateway.check([ambiguous])["results"][0]["readings"]
    gateway.add(readings[-1], channels=["voice"], note="x")
    blocked = [gateway.check([ambiguous], channel=channel)["blocked"] for channel in (None, "text", "voice")]
    assert blocked == [1, 0, 1]


@pytest.mark.parametrize(
    ("texts", "named"),
    [
        (["voice"], {"voice"}),
        (["TEXT"], {"text"}),
        (["calls and texts"], set(BOTH)),
        (["voice", "sms"], set(BOTH)),
        (["voice;text"], set(BOTH)),
        (["Phone Call"], {"voice"}),
        (["any"], set(BOTH)),
        (["fax"], None),
        (["voice, fax"], None),
        ([""], None),
        ([], None),
    ],
)
def test_words_for_channels(texts, named):
    for order in itertools.permutations(texts):
        assert channels_named(order) == named
