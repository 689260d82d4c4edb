"""The page's files, read once from the artifact: assets under a name that changes with what is in them."""

import hashlib
import html
import json
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
    ".svg": "image/svg+xml",
}
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
    """The page and its assets. `version`: of all assets together, in their path: a page never mixes two versions."""

    template: str
    assets: Mapping[str, str]
    version: str

    @classmethod
    def load(cls, folder: Path = FOLDER) -> "Page":
        """Read all files."""
        files = {file.name: file.read_text() for file in sorted(folder.iterdir()) if file.suffix in _TYPES}
        template = files.pop("index.html")
        version = hashlib.sha256(json.dumps(files).encode()).hexdigest()[:16]
        return cls(template, files, version)

    def answer(
        self, way_in: Mapping[str, Any], seen: str | None, folder: str, bulk_origins: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Give the page. `way_in`: how people sign in; `seen`: the ETag of what a browser has; `folder`: of the assets.

        `bulk_origins`: where files of bulk jobs are uploaded to.

        The page may be kept but must be asked for anew, so that everybody has the newest at once.
        """
        body = self.template.replace("{assets}", f"{folder}{self.version}")
        body = body.replace("{way_in}", html.escape(json.dumps(way_in, sort_keys=True)))
        etag = f'"{hashlib.sha256(body.encode()).hexdigest()[:16]}"'
        headers = {
            **_HEADERS,
            "ETag": etag,
            "Cache-Control": "no-cache",
            "Content-Security-Policy": policy(way_in, bulk_origins),
            "X-Frame-Options": "DENY",
        }
        if seen and etag in seen:
            return {"statusCode": 304, "headers": headers, "body": ""}
        return {"statusCode": 200, "headers": {**headers, "Content-Type": _TYPES[".html"]}, "body": body}

    def asset(self, name: str) -> dict[str, Any] | None:
        """Give an asset of this version, `{version}/{file}`; None for any other."""
        version, _, file = name.partition("/")
        if version != self.version or file not in self.assets:
            return None
        headers = {**_HEADERS, "Content-Type": _TYPES[Path(file).suffix], "Cache-Control": _FOREVER}
        return {"statusCode": 200, "headers": headers, "body": self.assets[file]}


def policy(way_in: Mapping[str, Any], bulk_origins: Sequence[str] = ()) -> str:
    """Give the page's Content-Security-Policy: its own files and API, and what it must reach besides, nothing else.

    That is the issuer's token endpoint, and the bucket to which files of bulk jobs are uploaded.
    """
    others = list(bulk_origins)
    if token_endpoint := way_in.get("token_endpoint"):
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
