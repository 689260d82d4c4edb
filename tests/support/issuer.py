"""An OIDC issuer on loopback: discovery, keys, and the authorization-code flow with PKCE."""

import base64
import hashlib
import http.server
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

AUDIENCE = "nocall"
CLIENT_ID = "nocall-console"
KEYS: dict[str, tuple[str, Any]] = {
    "rsa": ("RS256", rsa.generate_private_key(public_exponent=65537, key_size=2048)),
    "ec": ("ES256", ec.generate_private_key(ec.SECP256R1())),
    "unpublished": ("RS256", rsa.generate_private_key(public_exponent=65537, key_size=2048)),
}


def public(name: str) -> dict[str, Any]:
    algorithm, key = KEYS[name]
    form: Any = ECAlgorithm if algorithm.startswith("ES") else RSAAlgorithm
    return json.loads(form.to_jwk(key.public_key())) | {"kid": name, "alg": algorithm, "use": "sig"}


class Issuer(http.server.ThreadingHTTPServer):
    """An OpenID Connect issuer. `person`: the claims of the next token. `down`: every request gets a 503."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.down = False
        self.person: dict[str, Any] = {"sub": "person-7", "role": "manager", "account_id": "acme"}
        self.codes: dict[str, dict[str, str]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def token(self, key: str = "rsa", kid: str | None = None, **claims: Any) -> str:
        wanted = {"iss": self.url, "aud": AUDIENCE, "exp": int(time.time()) + 300, **self.person, **claims}
        algorithm, private = KEYS[key]
        claims = {name: value for name, value in wanted.items() if value is not None}
        return jwt.encode(claims, private, algorithm, headers={"kid": kid or key})


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Issuer

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        here = self.server.url
        if self.server.down:
            return self.send_error(503)
        if url.path == "/.well-known/openid-configuration":
            ends = {f"{name}_endpoint": f"{here}/{name}" for name in ("authorization", "token")}
            return self._json(200, {"issuer": here, "jwks_uri": f"{here}/keys", **ends})
        if url.path == "/keys":
            return self._json(200, {"keys": [public("rsa"), public("ec")]})
        if url.path == "/authorization":
            request = {name: values[0] for name, values in parse_qs(url.query).items()}
            code = secrets.token_urlsafe()
            self.server.codes[code] = request
            self.send_response(302)
            self.send_header(
                "Location", f"{request['redirect_uri']}?{urlencode({'code': code, 'state': request['state']})}"
            )
            return self.end_headers()
        return self.send_error(404)

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        values = {name: first for name, (first, *_) in form.items()}
        request = self.server.codes.pop(values.get("code", ""), None)
        challenge = hashlib.sha256(values.get("code_verifier", "").encode()).digest()
        expected_challenge = base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()
        valid = (
            request is not None
            and request["code_challenge_method"] == "S256"
            and request["code_challenge"] == expected_challenge
            and all(request[name] == values[name] for name in ("client_id", "redirect_uri"))
        )
        if not valid:
            return self._json(
                400, {"error": "invalid_grant", "error_description": "the code or its verifier is invalid"}
            )
        return self._json(200, {"access_token": self.server.token(), "token_type": "Bearer", "expires_in": 300})

    def _json(self, status: int, body: Any) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Log nothing, to keep the test output clean."""


@contextmanager
def issuing() -> Iterator[Issuer]:
    """Run an issuer on a free port."""
    server = Issuer()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
