"""TLS: certificates and host names are verified, whichever store is used."""

import socket
import ssl
from pathlib import Path

import certifi
import pytest

from dnc.aws import trust
from dnc.aws.connections import Connections
from dnc.aws.credentials import Credentials
from dnc.aws.dynamodb import DynamoDB
from dnc.aws.errors import NoResponse
from dnc.aws.trust import AMAZON_ROOTS, Trust
from infra.generate import amazon_roots
from tests.support.fault_server import (
    FaultServer,
    close,
    error,
    http,
    ok,
    ok_then_close,
    raw,
    reset,
    self_signed,
    stall,
)

AWS_HOST = "dynamodb.us-east-1.amazonaws.com"


def call(url):
    credentials = Credentials({"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "secret"})
    client = DynamoDB(url, "us-east-1", credentials, attempts=1)
    try:
        return client.get_item(TableName="numbers", Key={})
    finally:
        client.close()


def test_a_trusted_certificate_is_accepted_and_connections_are_reused(tmp_path, monkeypatch):
    file, context = self_signed(tmp_path, "127.0.0.1")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(file))
    with FaultServer(after=ok({"Item": {}}), tls=context) as server:
        client = DynamoDB(
            server.url, "us-east-1", Credentials({"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s"})
        )
        assert [client.call("GetItem", {}) for _ in range(3)] == [{"Item": {}}] * 3
        assert server.connections == 1
        assert len(client.call_all("GetItem", [{}] * 3)) == 3
        client.close()


@pytest.mark.parametrize(
    "act",
    [close, reset, stall, error("ThrottlingException"), raw(http(200, b"{}")[:-1]), raw(b"HTTP/1.1 200 OK\r\nCont")],
    ids=["closed", "reset", "slow", "throttled", "cut off", "cut off early"],
)
def test_faults_are_retried_over_tls_as_over_plain_http(act, tmp_path, monkeypatch):
    file, context = self_signed(tmp_path, "127.0.0.1")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(file))
    monkeypatch.setattr("time.sleep", lambda _: None)
    with FaultServer([ok(), act, ok({"Item": {}})], tls=context) as server:
        keys = Credentials({"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "secret"})
        client = DynamoDB(server.url, "us-east-1", keys, response_seconds=0.5)
        assert [client.get_item(), client.get_item()] == [{}, {"Item": {}}]
        assert len(server.received) == 3
        client.close()
    with FaultServer([ok_then_close(), ok({"Item": {}})], tls=context) as server:
        client = DynamoDB(server.url, "us-east-1", keys, attempts=1)
        assert [client.get_item(), client.get_item()] == [{}, {"Item": {}}]
        client.close()


def test_the_system_store_is_used_for_other_hosts(tmp_path, monkeypatch):
    file, context = self_signed(tmp_path, "127.0.0.1")
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with FaultServer(after=ok(), tls=context) as server:
        assert call(server.url) == {}


def test_an_untrusted_certificate_is_refused(tmp_path, monkeypatch):
    _, context = self_signed(tmp_path, "127.0.0.1")
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    with FaultServer(after=ok(), tls=context) as server:
        with pytest.raises(NoResponse, match="SSLCertVerificationError"):
            call(server.url)
        assert server.received == []


def test_a_certificate_for_another_name_is_refused(tmp_path, monkeypatch):
    file, context = self_signed(tmp_path, "127.0.0.2", "elsewhere.example")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(file))
    with FaultServer(after=ok(), tls=context) as server:
        with pytest.raises(NoResponse, match="SSLCertVerificationError"):
            call(server.url)
        assert server.received == []


def test_plain_http_on_an_https_url_is_no_response(monkeypatch):
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    with FaultServer(after=ok()) as server:
        with pytest.raises(NoResponse):
            call(server.url.replace("http:", "https:"))
        assert all("authorization" not in request.headers for request in server.received)


def test_only_the_five_amazon_roots_are_trusted_for_aws(monkeypatch):
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    context = Trust(AWS_HOST).context()
    names = {dict(part[0] for part in root["subject"])["commonName"] for root in context.get_ca_certs()}
    assert names == {subject[3:].partition(" O=")[0] for subject in amazon_roots.SUBJECTS}
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_a_chain_under_no_amazon_root_is_verified_with_the_system_store(tmp_path, monkeypatch):
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    file, context = self_signed(tmp_path, AWS_HOST)
    real = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", lambda to, seconds: real(("127.0.0.1", to[1]), seconds))
    with FaultServer(after=ok(), tls=context) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        Connections("https", AWS_HOST, server.port, 1.0, 1.0).take().close()
        monkeypatch.setenv("SSL_CERT_FILE", certifi.where())
        with pytest.raises(ssl.SSLCertVerificationError):
            Connections("https", AWS_HOST, server.port, 1.0, 1.0).take()


def test_an_artifact_without_the_roots_uses_the_system_store(tmp_path, monkeypatch):
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    monkeypatch.setattr(trust, "AMAZON_ROOTS", str(tmp_path / "none.pem"))
    context = Trust(AWS_HOST).context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_aws_ca_bundle_replaces_both_stores(tmp_path, monkeypatch):
    file, _ = self_signed(tmp_path, "127.0.0.1")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(file))
    trusted = Trust(AWS_HOST)
    [root] = trusted.context().get_ca_certs()
    assert dict(part[0] for part in root["subject"]) == {"commonName": "a test"}
    assert not trusted.widen()


def test_the_five_shipped_roots_are_certifis():
    assert Path(AMAZON_ROOTS) == amazon_roots.FILE
    assert amazon_roots.FILE.read_text() == amazon_roots.written()
    shipped, known = ders(amazon_roots.FILE), ders(Path(certifi.where()))
    assert len(set(shipped)) == 5
    assert set(shipped) <= set(known)


def ders(file):
    ends = "-----END CERTIFICATE-----"
    parts = file.read_text().split(ends)[:-1]
    return [ssl.PEM_cert_to_DER_cert(part[part.index("-----BEGIN") :] + ends) for part in parts]


def test_a_root_missing_from_certifi_is_named(monkeypatch):
    monkeypatch.setattr(amazon_roots, "SUBJECTS", ("CN=Gone O=Nobody",))
    with pytest.raises(KeyError, match="Gone"):
        amazon_roots.written()
