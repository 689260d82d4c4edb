"""Presigned URLs of S3, signed here: the functions that hand them out call nothing of S3 and so need not load botocore.

AWS Signature Version 4 in the query, which a test holds byte for byte to botocore's:
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html.
"""

from __future__ import annotations

import os
import time
from functools import cache
from urllib.parse import quote

from dnc.aws.credentials import Credentials, CredentialUnavailable
from dnc.aws.sigv4 import ALGORITHM, hashed, signature, signing_key
from dnc.problems import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_SERVICE = "s3"


class Presigner:
    """Signs URLs for the objects of one bucket with this process's credential."""

    def __init__(self, bucket: str, environment: Mapping[str, str] | None = None) -> None:
        """`environment`: the process's own unless given. Raises KeyError when it names no Region."""
        given = os.environ if environment is None else environment
        self._credentials = Credentials(given)
        self._region = given.get("AWS_REGION") or given["AWS_DEFAULT_REGION"]
        local = given.get("AWS_ENDPOINT_URL_S3") or given.get("AWS_ENDPOINT_URL")
        if local:
            self._scheme, _, self._host = local.rstrip("/").partition("://")
            self._path = f"/{bucket}/"
        else:
            # The Region's own name (us-east-1 has the general one): from another, a new bucket redirects, which an
            # upload does not follow.
            region = "" if self._region == "us-east-1" else f".{self._region}"
            suffix = "amazonaws.com.cn" if self._region.startswith("cn-") else "amazonaws.com"
            self._scheme, self._host, self._path = "https", f"{bucket}.s3{region}.{suffix}", "/"

    def url(
        self,
        method: str,
        key: str,
        seconds: int,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        now: float | None = None,
    ) -> str:
        """Sign a URL. `headers`: what the request must have, exactly so; `now`: epoch seconds, the time unless given.

        Raises Unavailable when no credential can be had.
        """
        try:
            credential = self._credentials.now()
        except CredentialUnavailable:
            raise Unavailable("No URL can be signed now. Try again.") from None
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() if now is None else now))
        scope = f"{stamp[:8]}/{self._region}/{_SERVICE}/aws4_request"
        signed = {"host": self._host, **{name.lower(): value for name, value in (headers or {}).items()}}
        names = ";".join(sorted(signed))
        asked = {
            **(query or {}),
            "X-Amz-Algorithm": ALGORITHM,
            "X-Amz-Credential": f"{credential.access_key}/{scope}",
            "X-Amz-Date": stamp,
            "X-Amz-Expires": str(seconds),
            "X-Amz-SignedHeaders": names,
            **({"X-Amz-Security-Token": credential.token} if credential.token else {}),
        }
        written = [f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in asked.items()]
        path = self._path + quote(key, safe="/-_.~")
        lines = [method, path, "&".join(sorted(written)), *(f"{name}:{signed[name]}" for name in sorted(signed))]
        canonical = "\n".join([*lines, "", names, "UNSIGNED-PAYLOAD"])
        key_of_day = signing_key(credential.secret_key, stamp[:8], self._region, _SERVICE)
        signed_so = signature(key_of_day, f"{ALGORITHM}\n{stamp}\n{scope}\n{hashed(canonical)}")
        return f"{self._scheme}://{self._host}{path}?{'&'.join(written)}&X-Amz-Signature={signed_so}"


@cache
def presigner(bucket: str) -> Presigner:
    """Give this process's signer for a bucket."""
    return Presigner(bucket)
