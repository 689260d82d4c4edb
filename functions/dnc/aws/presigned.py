"""Presigned S3 URLs. The functions that hand them out make no S3 calls, so they need not load botocore.

AWS Signature Version 4 in the query string; a test compares the URLs with botocore's byte for byte:
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from functools import cache
from urllib.parse import quote

from dnc.aws import endpoints
from dnc.aws.credentials import Credentials, CredentialUnavailable
from dnc.aws.sigv4 import ALGORITHM, hashed, signature, signing_key
from dnc.problems import Unavailable

_SERVICE, _VARIABLE = "s3", "AWS_ENDPOINT_URL_S3"


class Presigner:
    """Signs URLs for the objects of one bucket with this process's credential."""

    def __init__(self, bucket: str, environment: Mapping[str, str] | None = None) -> None:
        """`environment`: by default the process's own. Raises KeyError if it names no Region."""
        variables = os.environ if environment is None else environment
        self._credentials = Credentials(variables)
        self._region = endpoints.region_of(variables)
        local = variables.get(_VARIABLE) or variables.get("AWS_ENDPOINT_URL")
        if local:
            self._scheme, _, self._host = local.rstrip("/").partition("://")
            self._path = f"/{bucket}/"
        else:
            # The Region's own host name (us-east-1 has the global one). Any other redirects for a new bucket, and an
            # upload does not follow redirects.
            endpoints.refuse_variants(_VARIABLE, variables)
            region = "" if self._region == "us-east-1" else f".{self._region}"
            host = f"{bucket}.s3{region}.{endpoints.suffix(self._region)}"
            self._scheme, self._host, self._path = "https", host, "/"

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
        """Return a signed URL. `headers`: what the request must carry, exactly; `now`: epoch seconds, by default now.

        Raises Unavailable if there is no credential.
        """
        try:
            credential = self._credentials.now()
        except CredentialUnavailable:
            raise Unavailable("URLs cannot be signed at the moment. Try again.") from None
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() if now is None else now))
        scope = f"{stamp[:8]}/{self._region}/{_SERVICE}/aws4_request"
        signed = {"host": self._host, **{name.lower(): value for name, value in (headers or {}).items()}}
        names = ";".join(sorted(signed))
        parameters = {
            **(query or {}),
            "X-Amz-Algorithm": ALGORITHM,
            "X-Amz-Credential": f"{credential.access_key}/{scope}",
            "X-Amz-Date": stamp,
            "X-Amz-Expires": str(seconds),
            "X-Amz-SignedHeaders": names,
            **({"X-Amz-Security-Token": credential.token} if credential.token else {}),
        }
        pairs = [f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in parameters.items()]
        path = self._path + quote(key, safe="/-_.~")
        lines = [method, path, "&".join(sorted(pairs)), *(f"{name}:{signed[name]}" for name in sorted(signed))]
        canonical = "\n".join([*lines, "", names, "UNSIGNED-PAYLOAD"])
        key_of_day = signing_key(credential.secret_key, stamp[:8], self._region, _SERVICE)
        signed_text = signature(key_of_day, f"{ALGORITHM}\n{stamp}\n{scope}\n{hashed(canonical)}")
        return f"{self._scheme}://{self._host}{path}?{'&'.join(pairs)}&X-Amz-Signature={signed_text}"


@cache
def presigner(bucket: str) -> Presigner:
    """Return this process's signer for a bucket."""
    return Presigner(bucket)
