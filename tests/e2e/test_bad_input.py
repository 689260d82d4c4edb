"""Invalid input gets a 4xx that names the field."""

import gzip

import pytest


@pytest.mark.parametrize(
    "number",
    ["1-800-FLOWERS", "tel:+1-800-FLOWERS", "911", "311", "9" * 40, "☎ 415 555 0100", "' OR 1=1; --", "", "   ", "12"],
)
def test_text_that_is_not_a_number_is_refused_with_the_field(client, number):
    response = client.numbers("agent", "POST", body={"number": number})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_number"), response.text
    assert response.json()["errors"][0]["field"] == "number"
    result = client.check([number])["results"][0]
    assert (result["status"], result["callable"]) == ("invalid", False)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"number": 415.5}, "number"),
        ({"number": None}, "number"),
        ({"number": ["+14155550100"]}, "number"),
        ({}, "number"),
        ([], "body"),
        ("text", "body"),
        (None, "body"),
        ({"number": "+14155550100", "expires_att": "2099-01-01T00:00:00Z"}, "expires_att"),
        ({"number": "+14155550100", "source": "fax"}, "source"),
        ({"number": "+14155550100", "region": "XX"}, "region"),
        ({"number": "+14155550100", "note": ["x"]}, "note"),
        ({"number": "+14155550100", "seller": 7}, "seller"),
        ({"number": "+14155550100", "requested_at": True}, "requested_at"),
    ],
)
def test_a_bad_field_is_named(client, body, field):
    response = client.numbers("manager", "POST", body=body, **({"raw": "null"} if body is None else {}))
    assert response.status_code == 422, response.text
    assert field in [e["field"] for e in response.json()["errors"]]
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("raw", ['{"number": "+14155550100",}', "{", "nonsense", '{"number": NaN}', "[" * 5000])
def test_invalid_json_is_400(client, raw):
    response = client.numbers("agent", "POST", raw=raw)
    assert (response.status_code, response.json()["code"]) == (400, "malformed_json"), response.text


def test_a_body_of_a_megabyte_is_413(client):
    response = client.numbers("agent", "POST", raw='{"number": "' + "4" * 1_000_000 + '"}')
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


def test_a_check_takes_1_to_1000_numbers(client):
    path = f"/accounts/{client.stack['account_id']}/checks"
    assert client.call("dialer", "POST", path, {"numbers": []}).status_code == 422
    assert client.call("dialer", "POST", path, {"numbers": ["+14155550100"] * 1001}).status_code == 413
    result = client.call("dialer", "POST", path, {"numbers": ["+14155550100", "+442079460958"] * 500}).json()
    assert len(result["results"]) == 1000
    for payload in (None, [], {}, {"account_id": "acme", "numbers": []}, {"account_id": "acme", "numbers": "1"}):
        result, error = client.invoke(payload)
        assert error is not None
        assert result["errorMessage"].startswith("InvalidRequest: "), result


@pytest.mark.parametrize("query", ["?colour=red", "?page_size=0", "?status=gone", "?page_token=AAAA", "?prefix=abc"])
def test_a_bad_query_is_422(client, query):
    response = client.numbers("manager", "GET", query)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request"), response.text
    assert response.json()["errors"][0]["field"] == query[1:].split("=")[0]


@pytest.mark.parametrize("written", ["14155550170", "+14155550170", "%2B14155550170"])
def test_a_number_in_a_path_may_omit_its_plus(client, written):
    client.numbers("agent", "POST", body={"number": "+14155550170"})
    assert client.numbers("agent", "GET", f"/{written}").json()["number"] == "+14155550170"


def test_a_malformed_number_in_a_path_is_422(client):
    response = client.numbers("agent", "GET", "/abc")
    assert (response.status_code, response.json()["code"]) == (422, "invalid_number")


@pytest.mark.parametrize("role", [None, "manager"])
def test_a_wrong_method_is_405_and_an_unknown_path_404(client, role):
    path = f"/accounts/{client.stack['account_id']}/numbers"
    refused = client.call(role, "PATCH", path)
    assert (refused.status_code, refused.json()["code"]) == (405, "method_not_allowed"), refused.text
    assert refused.headers["Allow"] == "GET, POST"
    for unknown in ("/nothing", f"{path}/1/2/3"):
        refused = client.call(role, "GET", unknown)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found"), refused.text
        assert refused.headers["Content-Type"] == "application/problem+json"


def test_a_request_from_a_crm_is_listed_and_removed_by_post(client):
    raw = "\ufeff" + '{"number": 14155550171, "source": "Manual", "note": "half \\ud83d", "call_id": 7, "seller": ""}'
    added = client.numbers("manager", "POST", raw=raw.encode())
    assert added.status_code in {200, 201}, added.text
    assert (added.json()["note"], added.json()["call_id"]) == ("half \ufffd", "7")
    removal = {"reason": "test_number", "note": "x", "if_version": added.json()["version"], "acting_user": "u-1"}
    assert client.numbers("manager", "DELETE", "/14155550171").json()["errors"][0]["field"] == "body"
    removed = client.numbers("manager", "POST", "/14155550171/removal", removal)
    assert (removed.status_code, removed.json()["status"]) == (200, "removed"), removed.text


def test_an_invalid_element_of_a_check_does_not_affect_the_others(client):
    result, error = client.invoke(
        {"account_id": client.stack["account_id"], "numbers": [None, "x\ud83d", 14155550179, "+442079460958"]}
    )
    assert error is None, result
    assert [one["status"] for one in result["results"]] == ["invalid", "invalid", "clear", "clear"]
    path = f"/accounts/{client.stack['account_id']}/checks"
    over_http = client.call("dialer", "POST", path, raw=b'{"numbers": [null, "x\\ud83d", 14155550179]}')
    assert [one["status"] for one in over_http.json()["results"]] == ["invalid", "invalid", "clear"]


def test_a_body_in_another_format_is_refused_and_the_format_is_named(client):
    json_text = '{"number": "+14155550100"}'
    for raw, name in (
        (gzip.compress(json_text.encode()), "gzip"),
        (json_text.encode("utf-16"), "UTF-16"),
        (b"number=%2B14155550100", "form-encoded"),
    ):
        refused = client.numbers("agent", "POST", raw=raw)
        assert (refused.status_code, refused.json()["code"]) == (400, "malformed_json"), refused.text
        assert name in refused.json()["detail"]
