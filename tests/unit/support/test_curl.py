"""The stand-in for curl sends what curl would send for the options that the docs use."""

import http.server
import subprocess
import threading

import pytest

from tests.support import curl


@pytest.fixture
def echo_server():
    """A server that echoes the body of each request, and the requests it received."""
    received = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def respond(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            received.append((self.command, self.path, self.headers["X-Key"], self.headers["Content-Type"], body))
            self.send_response(404)
            self.end_headers()
            self.wfile.write(body or b"none")

        do_GET = do_POST = do_PUT = do_DELETE = respond  # noqa: N815 - http.server looks for these names

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", received
        server.shutdown()


@pytest.mark.parametrize(
    ("command", "expected", "printed"),
    [
        ("curl -sS -H 'X-Key: a:b' $url/one", ("GET", "/one", "a:b", None, b""), "none"),
        ("curl -sS $url -d '{}'", ("POST", "/", None, "application/x-www-form-urlencoded", b"{}"), "{}"),
        ("curl -X DELETE -H 'Content-Type: x' $url/a%20b -d é", ("DELETE", "/a%20b", None, "x", "é".encode()), "é"),
        ("printf abc > f; curl -sS -T f $url", ("PUT", "/", None, None, b"abc"), "abc"),
    ],
)
def test_a_request_equals_the_one_that_curl_sends(tmp_path, monkeypatch, echo_server, command, expected, printed):
    url, received = echo_server
    monkeypatch.setattr(curl.shutil, "which", lambda _: None)
    environment = {"PATH": curl.search_path(tmp_path), "url": url, "LANG": "C.UTF-8"}
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=environment, capture_output=True, check=True)
    assert received == [expected]
    assert done.stdout.decode() == printed


@pytest.mark.parametrize("command", ["curl --compressed http://127.0.0.1:1", "curl -sS http://127.0.0.1:1"])
def test_unknown_options_and_refused_connections_fail(tmp_path, monkeypatch, command):
    monkeypatch.setattr(curl.shutil, "which", lambda _: None)
    environment = {"PATH": curl.search_path(tmp_path)}
    done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, check=False)
    assert done.returncode != 0


def test_the_machines_own_curl_is_used(tmp_path, monkeypatch):
    monkeypatch.setattr(curl.shutil, "which", lambda _: "/usr/bin/curl")
    monkeypatch.setenv("PATH", "/usr/bin")
    assert curl.search_path(tmp_path) == "/usr/bin"
    assert list(tmp_path.iterdir()) == []
