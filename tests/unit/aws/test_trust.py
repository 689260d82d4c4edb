"""TLS: certificates are verified, names included, whichever store is used."""

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
    certificate,
    close,
    error,
    http,
    ok,
    ok_then_close,
    raw,
    reset,
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


def test_a_believed_certificate_is_taken_and_connections_are_kept(tmp_path, monkeypatch):
    file, context = certificate(tmp_path, "127.0.0.1")
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
def test_over_tls_a_fault_is_tried_again_as_without(act, tmp_path, monkeypatch):
    file, context = certificate(tmp_path, "127.0.0.1")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(file))
    monkeypatch.setattr("time.sleep", lambda _: None)
    with FaultServer([ok(), act, ok({"Item": {}})], tls=context) as server:
        keys = Credentials({"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "secret"})
        client = DynamoDB(server.url, "us-east-1", keys, response_seconds=0.5)
        assert [client.get_item(), client.get_item()] == [{}, {"Item": {}}]
        assert len(server.seen) == 3
        client.close()
    with FaultServer([ok_then_close(), ok({"Item": {}})], tls=context) as server:
        client = DynamoDB(server.url, "us-east-1", keys, attempts=1)
        assert [client.get_item(), client.get_item()] == [{}, {"Item": {}}]
        client.close()


def test_the_systems_store_is_used_for_other_hosts(tmp_path, monkeypatch):
    file, context = certificate(tmp_path, "127.0.0.1")
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with FaultServer(after=ok(), tls=context) as server:
        assert call(server.url) == {}


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path, monkeypatch):
    _, context = certificate(tmp_path, "127.0.0.1")
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    with FaultServer(after=ok(), tls=context) as server:
        with pytest.raises(NoResponse, match="SSLCertVerificationError"):
            call(server.url)
        assert server.seen == []


def test_a_certificate_for_another_name_is_refused(tmp_path, monkeypatch):
    file, context = certificate(tmp_path, "127.0.0.2", "elsewhere.example")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(file))
    with FaultServer(after=ok(), tls=context) as server:
        with pytest.raises(NoResponse, match="SSLCertVerificationError"):
            call(server.url)
        assert server.seen == []


def test_plain_http_where_tls_is_meant_is_no_answer(monkeypatch):
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    with FaultServer(after=ok()) as server:
        with pytest.raises(NoResponse):
            call(server.url.replace("http:", "https:"))
        assert all("authorization" not in seen.headers for seen in server.seen)


def test_for_aws_the_five_roots_are_believed_and_no_other(monkeypatch):
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    context = Trust(AWS_HOST).context()
    names = {dict(part[0] for part in root["subject"])["commonName"] for root in context.get_ca_certs()}
    assert names == {subject[3:].partition(" O=")[0] for subject in amazon_roots.SUBJECTS}
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_a_chain_that_the_five_do_not_verify_is_measured_by_the_systems_store(tmp_path, monkeypatch):
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    file, context = certificate(tmp_path, AWS_HOST)
    real = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", lambda to, seconds: real(("127.0.0.1", to[1]), seconds))
    with FaultServer(after=ok(), tls=context) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        Connections("https", AWS_HOST, server.port, 1.0, 1.0).take().close()
        monkeypatch.setenv("SSL_CERT_FILE", certifi.where())
        with pytest.raises(ssl.SSLCertVerificationError):
            Connections("https", AWS_HOST, server.port, 1.0, 1.0).take()


def test_an_artifact_without_the_roots_uses_the_systems_store(tmp_path, monkeypatch):
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    monkeypatch.setattr(trust, "AMAZON_ROOTS", str(tmp_path / "none.pem"))
    context = Trust(AWS_HOST).context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_bundle_that_is_set_replaces_both(tmp_path, monkeypatch):
    file, _ = certificate(tmp_path, "127.0.0.1")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(file))
    believed = Trust(AWS_HOST)
    [root] = believed.context().get_ca_certs()
    assert dict(part[0] for part in root["subject"]) == {"commonName": "a test"}
    assert not believed.widen()


def test_the_roots_that_ship_are_certifis_and_all_five():
    assert Path(AMAZON_ROOTS) == amazon_roots.FILE
    assert amazon_roots.FILE.read_text() == amazon_roots.written()
    shipped, known = ders(amazon_roots.FILE), ders(Path(certifi.where()))
    assert len(set(shipped)) == 5
    assert set(shipped) <= set(known)


def ders(file):
    ends = "-----END CERTIFICATE-----"
    parts = file.read_text().split(ends)[:-1]
    return [ssl.PEM_cert_to_DER_cert(part[part.index("-----BEGIN") :] + ends) for part in parts]


def test_a_root_that_certifi_drops_is_missed_by_name(monkeypatch):
    monkeypatch.setattr(amazon_roots, "SUBJECTS", ("CN=Gone O=Nobody",))
    with pytest.raises(KeyError, match="Gone"):
        amazon_roots.written()
