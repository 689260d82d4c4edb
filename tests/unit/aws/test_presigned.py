"""Presigned URLs, byte for byte against botocore's."""

import datetime as dt
import string

import botocore.auth
import pytest
from botocore.config import Config
from botocore.session import get_session
from hypothesis import given, settings
from hypothesis import strategies as st

from dnc.aws.credentials import CredentialUnavailable
from dnc.aws.presigned import Presigner
from dnc.problems import Unavailable

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
keys = st.text(string.ascii_letters + string.digits + "/-_.~ +&=é", min_size=1, max_size=60).filter(
    lambda key: "//" not in key and "/." not in key and key[0] not in "/."  # clients normalize such paths
)
moments = st.datetimes(dt.datetime(2015, 1, 1), dt.datetime(2099, 1, 1)).map(
    lambda moment: moment.replace(microsecond=0, tzinfo=dt.UTC)
)


def environment(region, token, local):
    variables = {"AWS_REGION": region, "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": SECRET}
    return variables | ({"AWS_SESSION_TOKEN": token} if token else {}) | ({"AWS_ENDPOINT_URL": local} if local else {})


def botocores(region, token, local):
    return get_session().create_client(
        "s3",
        region_name=region,
        endpoint_url=local,
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key=SECRET,
        aws_session_token=token,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path" if local else "virtual"}),
    )


@pytest.fixture(
    scope="module",
    params=[
        (region, token, local)
        for region in ("us-east-1", "eu-central-1", "cn-north-1")
        for token in (None, "a/token+with=signs")
        for local in (None, "http://127.0.0.1:4566")
    ],
    ids=str,
)
def both(request):
    return Presigner("nocall-bulk", environment(*request.param)), botocores(*request.param)


@settings(deadline=None, max_examples=30)
@given(keys, st.integers(1, 10**10), st.integers(1, 604_800), moments)
def test_an_upload_url_equals_botocores(both, key, length, seconds, moment):
    ours, theirs = both
    headers = {
        "Content-Length": str(length),
        "Content-Type": "application/octet-stream",
        "If-None-Match": "*",
        "x-amz-tagging": "kind=upload",
    }
    wanted = {"ContentLength": length, "ContentType": "application/octet-stream", "IfNoneMatch": "*"}
    wanted |= {"Bucket": "nocall-bulk", "Key": key, "Tagging": "kind=upload"}
    url = ours.url("PUT", key, seconds, headers=headers, now=moment.timestamp() + 0.4)
    assert url == signed(theirs, "put_object", wanted, seconds, moment)


@settings(deadline=None, max_examples=30)
@given(keys, st.text(string.ascii_letters + '._-"; é', max_size=30), st.integers(1, 604_800), moments)
def test_a_download_url_equals_botocores(both, key, filename, seconds, moment):
    ours, theirs = both
    disposition = f'attachment; filename="{filename}"'
    query = {"response-content-disposition": disposition, "response-content-type": "text/csv; charset=utf-8"}
    wanted = {"ResponseContentDisposition": disposition, "ResponseContentType": "text/csv; charset=utf-8"}
    url = ours.url("GET", key, seconds, query=query, now=moment.timestamp())
    assert url == signed(theirs, "get_object", {"Bucket": "nocall-bulk", "Key": key, **wanted}, seconds, moment)


def signed(client, operation, wanted, seconds, moment):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.auth, "get_current_datetime", lambda: moment)
        # If awscrt is installed, botocore would sign with it, and with its clock.
        patch.setitem(botocore.auth.AUTH_TYPE_MAPS, "s3v4-query", botocore.auth.S3SigV4QueryAuth)
        return client.generate_presigned_url(operation, Params=wanted, ExpiresIn=seconds)


def test_a_missing_credential_is_reported_as_unavailable(monkeypatch):
    ours = Presigner("nocall-bulk", {"AWS_REGION": "us-east-1"})
    with pytest.raises(Unavailable) as raised:
        ours.url("GET", "k", 60)
    assert not isinstance(raised.value.__cause__, CredentialUnavailable)


def test_a_missing_region_is_named():
    with pytest.raises(KeyError, match="AWS_DEFAULT_REGION"):
        Presigner("nocall-bulk", {})
