"""Credentials from the environment and from the container endpoint, refreshed in time, by many threads."""

import json
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from dnc.aws import credentials
from dnc.aws.credentials import Credentials, CredentialUnavailable
from dnc.aws.dynamodb import DynamoDB
from dnc.aws.errors import NoResponse
from tests.support.fault_server import FaultServer, close, error, http, ok, raw

PATH = "/2021-04-23/credentials"


def credential(name, minutes=360.0):
    expiration = (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = {"AccessKeyId": f"AK-{name}", "SecretAccessKey": f"secret-{name}", "Token": f"token-{name}"}
    return ok({**body, "Expiration": expiration})


def from_endpoint(server, **more):
    return Credentials({"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{server.url}{PATH}", **more})


@pytest.fixture(autouse=True)
def no_waits(monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda _: None)


def test_the_environment_comes_first_and_is_not_fetched_again():
    environment = {
        "AWS_ACCESS_KEY_ID": "AK",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/",
    }
    provider = Credentials(environment)
    credential = provider.now()
    assert (credential.access_key, credential.secret_key, credential.token) == ("AK", "secret", "token")
    assert provider.now() is credential
    assert not provider.renew(credential)


def test_the_error_without_credentials_says_what_to_set():
    for incomplete in ({}, {"AWS_ACCESS_KEY_ID": "AK"}, {"AWS_SECRET_ACCESS_KEY": "secret"}):
        with pytest.raises(CredentialUnavailable, match="AWS_ACCESS_KEY_ID"):
            Credentials(incomplete).now()
    with pytest.raises(NoResponse, match="AWS_ACCESS_KEY_ID"):
        DynamoDB("http://127.0.0.1:1", "us-east-1", Credentials({})).get_item()


def test_the_container_endpoint_gets_its_token_and_its_response_is_cached(tmp_path):
    with FaultServer(after=credential("one")) as server:
        provider = from_endpoint(server, AWS_CONTAINER_AUTHORIZATION_TOKEN="let me in")
        assert provider.now() is provider.now()
        assert provider.now().token == "token-one"
        assert server.received[0].headers["authorization"] == "let me in"
        file = tmp_path / "token"
        file.write_text("from a file")
        from_endpoint(
            server, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(file), AWS_CONTAINER_AUTHORIZATION_TOKEN="not this"
        ).now()
        assert server.received[1].headers["authorization"] == "from a file"
        assert len(server.received) == 2


def test_a_relative_uri_belongs_to_the_container_endpoint(monkeypatch):
    fetched = []
    environment = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/x", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://x/"}
    monkeypatch.setattr(credentials, "_fetched", lambda url, token: fetched.append((url, token)))
    Credentials(environment)._loaded()
    assert fetched == [("http://169.254.170.2/v2/x", "")]


@pytest.mark.parametrize(
    "host", ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]", "localhost", "127.9.9.9", "[::1]"]
)
def test_an_endpoint_of_this_machine_or_of_aws_containers_may_be_plain_http(monkeypatch, host):
    contacted = []

    class Connection:
        def __init__(self, host, *_, **_more):
            contacted.append(host)

        def request(self, *_, **_more):
            raise ConnectionRefusedError

        def close(self):
            pass

    monkeypatch.setattr("http.client.HTTPConnection", Connection)
    with pytest.raises(CredentialUnavailable, match="ConnectionRefusedError"):
        Credentials({"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{host}/creds"}).now()
    assert set(contacted) == {host.strip("[]")}


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.com/creds", "plain http"),
        ("http://192.0.2.1/creds", "plain http"),
        ("ftp://127.0.0.1/creds", "not an http"),
        ("nonsense", "not an http"),
    ],
)
def test_an_endpoint_that_could_leak_a_secret_is_refused(url, why):
    with pytest.raises(CredentialUnavailable, match=why):
        Credentials({"AWS_CONTAINER_CREDENTIALS_FULL_URI": url}).now()


def test_a_token_with_a_line_break_or_without_its_file_is_refused(tmp_path):
    base = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/"}
    with pytest.raises(CredentialUnavailable, match="line break"):
        Credentials({**base, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "a\r\nX: y"}).now()
    with pytest.raises(CredentialUnavailable, match="could not be read"):
        Credentials({**base, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(tmp_path / "none")}).now()


@pytest.mark.parametrize(
    "act",
    [
        error("no", 500),
        close,
        raw(http(200, b"<html>")),
        raw(http(200, b"[]")),
        raw(http(200, b'{"AccessKeyId": "x"}')),
        raw(
            http(
                200,
                json.dumps(
                    {**dict.fromkeys(("AccessKeyId", "SecretAccessKey", "Token"), "x"), "Expiration": 1}
                ).encode(),
            )
        ),
    ],
)
def test_a_bad_response_is_retried_for_three_attempts_in_all(act):
    with FaultServer([act, act, credential("late")]) as server:
        assert from_endpoint(server).now().access_key == "AK-late"
    with FaultServer(after=act) as server:
        with pytest.raises(CredentialUnavailable, match="container credentials endpoint"):
            from_endpoint(server).now()
        assert len(server.received) == 3


def test_a_credential_is_refreshed_early_and_used_until_it_expires_if_that_fails():
    with FaultServer([credential("old", 9), credential("new")]) as server:
        provider = from_endpoint(server)
        assert [provider.now().access_key for _ in range(3)] == ["AK-old", "AK-new", "AK-new"]
    with FaultServer([credential("old", 9)], after=error("no", 500)) as server:
        provider = from_endpoint(server)
        assert [provider.now().access_key for _ in range(2)] == ["AK-old", "AK-old"]
    with FaultServer([credential("ended", -1)], after=error("no", 500)) as server:
        provider = from_endpoint(server)
        provider.now()
        with pytest.raises(CredentialUnavailable):
            provider.now()


def test_concurrent_threads_fetch_a_credential_once():
    with FaultServer([credential("one")]) as server:
        provider, loaded = from_endpoint(server), []
        threads = [threading.Thread(target=lambda: loaded.append(provider.now())) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({id(credential) for credential in loaded}) == 1
        assert len(server.received) == 1


def test_a_credential_that_aws_reports_as_expired_is_refreshed_once():
    expired = error("ExpiredTokenException")
    with (
        FaultServer([credential("old"), credential("new")]) as endpoint,
        FaultServer([expired, ok({"Item": {}})]) as server,
    ):
        client = DynamoDB(server.url, "us-east-1", from_endpoint(endpoint), attempts=1)
        assert client.get_item() == {"Item": {}}
        assert [request.headers["x-amz-security-token"] for request in server.received] == ["token-old", "token-new"]
        client.close()
    with FaultServer(after=credential("any")) as endpoint, FaultServer(after=expired) as server:
        client = DynamoDB(server.url, "us-east-1", from_endpoint(endpoint))
        with pytest.raises(Exception, match="ExpiredTokenException"):
            client.get_item()
        assert len(server.received) == 2
        client.close()
