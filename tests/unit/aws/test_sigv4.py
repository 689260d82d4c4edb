"""Signatures, byte for byte against botocore's own signer."""

import datetime as dt
import string

import botocore.auth
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given, settings
from hypothesis import strategies as st

from dnc.aws.credentials import Credential
from dnc.aws.sigv4 import JSON_1_0, JSON_1_1, Signer

printable = st.text(string.ascii_letters + string.digits + "+/=_-.", min_size=1, max_size=60)
hosts = st.sampled_from(
    ["dynamodb.us-east-1.amazonaws.com", "dynamodb.cn-north-1.amazonaws.com.cn", "127.0.0.1:8000", "[::1]:8000"]
)
moments = st.datetimes(dt.datetime(2015, 1, 1), dt.datetime(2099, 1, 1)).map(
    lambda moment: moment.replace(microsecond=0, tzinfo=dt.UTC)
)
services = st.sampled_from([("dynamodb", "DynamoDB_20120810.", JSON_1_0), ("events", "AWSEvents.", JSON_1_1)])
secrets = st.text(string.ascii_letters + string.digits + "+/", min_size=1, max_size=90)  # a block of SHA-256 and longer
bodies = st.binary(max_size=300) | st.binary(
    min_size=2040, max_size=2060
)  # around the length from which OpenSSL hashes
requests = st.tuples(printable, secrets, st.just("") | printable, bodies, printable, moments)


def read(request):
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    assert first == "POST / HTTP/1.1"
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    assert len(headers) == len(lines)
    return headers, body


def expected(host, region, access_key, secret_key, token, body, target, moment, *, content_type=JSON_1_0):
    service = "events" if target.startswith("AWSEvents.") else "dynamodb"
    request = AWSRequest("POST", f"https://{host}/", data=body)
    request.headers["Content-Type"] = content_type
    request.headers["X-Amz-Target"] = target
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.auth, "get_current_datetime", lambda: moment)
        SigV4Auth(BotoCredentials(access_key, secret_key, token or None), service, region).add_auth(request)
    return request.headers


@settings(deadline=None)
@given(
    hosts,
    st.sampled_from(["us-east-1", "cn-north-1", "eu-central-2"]),
    services,
    st.lists(requests, min_size=1, max_size=3),
)
def test_a_signature_is_botocores_byte_for_byte(host, region, called, several):
    service, prefix, content_type = called
    # One signer for several requests: what it caches for one must not leak into the next.
    signer = Signer(host, region, service, content_type)
    for access_key, secret_key, token, body, operation, moment in several:
        target = f"{prefix}{operation}"
        written = signer.request(Credential(access_key, secret_key, token), target, body, moment.timestamp() + 0.4)
        headers, sent = read(written)
        wanted = expected(host, region, access_key, secret_key, token, body, target, moment, content_type=content_type)
        assert headers["authorization"] == wanted["Authorization"]
        assert headers["x-amz-date"] == wanted["X-Amz-Date"]
        assert headers.get("x-amz-security-token") == wanted.get("X-Amz-Security-Token")
        assert headers["host"] == host
        assert headers["content-type"] == content_type
        assert (sent, headers["content-length"]) == (body, str(len(body)))


def test_a_signing_key_is_used_only_for_its_day_and_secret():
    signer = Signer("dynamodb.us-east-1.amazonaws.com", "us-east-1", "dynamodb")
    moment = dt.datetime(2026, 11, 23, 23, 59, 59, tzinfo=dt.UTC)
    for secret in ("one", "other"):
        for later in (0, 1, 0):
            now = moment + dt.timedelta(seconds=later)
            headers, _ = read(signer.request(Credential("AK", secret), "T.Op", b"{}", now.timestamp()))
            wanted = expected("dynamodb.us-east-1.amazonaws.com", "us-east-1", "AK", secret, "", b"{}", "T.Op", now)
            assert headers["authorization"] == wanted["Authorization"]
