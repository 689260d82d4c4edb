"""The page's files, read once from the artifact and served under a path that changes with their content.

The modules that every first view needs are served as one file, because a browser would fetch them one after the other.
Joining them removes only their imports of each other, so a debugger shows the source as written.
"""

import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

FOLDER = Path(__file__).parent / "page"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
# In the order of their imports: each imports only from the ones before it. No two may declare the same top-level name.
FIRST = (
    "texts.js",
    "session.js",
    "api.js",
    "kit.js",
    "format.js",
    "drafts.js",
    "places.js",
    "removal.js",
    "restore.js",
    "frame.js",
    "app.js",
)
JOINED = "first.js"
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+\.js)";\n', re.MULTILINE)
_FOREVER = "public, max-age=31536000, immutable"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",
}


@dataclass(frozen=True, slots=True)
class Page:
    """The page and its assets. `version` covers all assets and is part of their path, so versions are never mixed."""

    template: str
    assets: Mapping[str, str]
    version: str

    @classmethod
    def load(cls, folder: Path = FOLDER) -> "Page":
        """Read all files of a folder."""
        files = {file.name: file.read_text() for file in sorted(folder.iterdir()) if file.suffix in _TYPES}
        template = files.pop("index.html")
        files = _join(files)
        content = hashlib.sha256()
        for name, text in files.items():
            content.update(f"{name}\0{text}\0".encode())
        return cls(template, files, content.hexdigest()[:16])

    def respond(
        self,
        sign_in: Mapping[str, Any],
        known_etag: str | None,
        folder: str,
        bulk_origins: Sequence[str] = (),
        idle_minutes: int = 0,
    ) -> dict[str, Any]:
        """Return the response with the page.

        `sign_in`: how people sign in. `known_etag`: the request's If-None-Match. `folder`: the path to the assets,
        relative to the page. `bulk_origins`: the origins to which bulk files are uploaded. `idle_minutes`: people are
        signed out after this time without activity (0: never).

        Browsers may store the page but must revalidate it, so that a new version reaches everyone at once.
        """
        body = self.template.replace("{assets}", f"{folder}{self.version}")
        settings = {**sign_in, "idle_minutes": idle_minutes}
        body = body.replace("{settings}", html.escape(json.dumps(settings, sort_keys=True)))
        etag = f'"{hashlib.sha256(body.encode()).hexdigest()[:16]}"'
        headers = {
            **_HEADERS,
            "ETag": etag,
            "Cache-Control": "no-cache",
            "Content-Security-Policy": policy(sign_in, bulk_origins),
            "X-Frame-Options": "DENY",
        }
        if known_etag and etag in known_etag:
            return {"statusCode": 304, "headers": headers, "body": ""}
        return {"statusCode": 200, "headers": {**headers, "Content-Type": _TYPES[".html"]}, "body": body}

    def asset(self, name: str) -> dict[str, Any] | None:
        """Return the response with an asset of this version, named `{version}/{file}`, or None if there is none."""
        version, _, file = name.partition("/")
        if version != self.version or file not in self.assets:
            return None
        headers = {**_HEADERS, "Content-Type": _TYPES[Path(file).suffix], "Cache-Control": _FOREVER}
        return {"statusCode": 200, "headers": headers, "body": self.assets[file]}


def policy(sign_in: Mapping[str, Any], bulk_origins: Sequence[str] = ()) -> str:
    """Return the page's Content-Security-Policy: its own files and API only.

    The exceptions are the OIDC issuer's token endpoint and the bucket to which bulk files are uploaded.
    """
    others = list(bulk_origins)
    if token_endpoint := sign_in.get("token_endpoint"):
        parts = urlsplit(str(token_endpoint))
        others.append(f"{parts.scheme}://{parts.netloc}")
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            " ".join(("connect-src 'self'", *others)),
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        )
    )


def _join(files: Mapping[str, str]) -> dict[str, str]:
    """Return the files with the modules of the first view joined into one, from which all others import."""
    joined = "\n".join(f"// {name}\n{_IMPORT.sub('', files[name])}" for name in FIRST)
    others = {name: content for name, content in files.items() if name not in FIRST}
    return {JOINED: joined} | {
        name: _IMPORT.sub(_from_joined, content) if name.endswith(".js") else content
        for name, content in others.items()
    }


def _from_joined(found: re.Match[str]) -> str:
    line, module = found[0], found[1]
    return line.replace(f"./{module}", f"./{JOINED}") if module in FIRST else line
