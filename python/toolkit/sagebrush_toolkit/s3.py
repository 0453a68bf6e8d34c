"""One signed GET of an S3 object (SigV4, path-style), so that no SDK is needed in the task."""

from __future__ import annotations

import os
import time

from .task import INFO, TaskError, log

ATTEMPTS = 4
TIMEOUT_SECONDS = 60
COPY_BYTES = 1 << 20
EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


class _Retry(Exception):
    """The attempt failed in a way that another may not."""


def download(uri: str, file: object) -> None:
    """Writes the object at s3://bucket/key to `file`; raises TaskError naming bucket, key and cause."""
    bucket, _, key = uri[len("s3://") :].partition("/")
    if not bucket or not key:
        raise TaskError(f"{uri} names no object: expected s3://bucket/key")
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    if not endpoint:
        endpoint = f"https://s3.{region}.amazonaws.com"
    for attempt in range(1, ATTEMPTS + 1):
        file.seek(0)
        file.truncate()
        try:
            _get(endpoint, region, bucket, key, file)
            file.flush()
            return
        except _Retry as error:
            if attempt == ATTEMPTS:
                raise TaskError(f"cannot fetch {key} from bucket {bucket} at {endpoint}: {error}") from error
            log(INFO, f"fetching {uri}: {error}; attempt {attempt} of {ATTEMPTS}")
            time.sleep(0.1 * 3**attempt)


def _get(endpoint: str, region: str, bucket: str, key: str, file: object) -> None:
    import http.client
    from urllib.parse import quote, urlsplit

    where = urlsplit(endpoint)
    if where.scheme not in ("http", "https") or not where.hostname:
        raise TaskError(f"AWS_ENDPOINT_URL {endpoint} is not an http:// or https:// address")
    path = where.path.rstrip("/") + quote(f"/{bucket}/{key}", safe="/-_.~")
    headers = signed_headers(where.netloc.rpartition("@")[2], path, region, os.environ, time.time())
    # HTTPSConnection exists only where ssl does, and its import is paid only here.
    kind = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
    connection = kind(where.hostname, where.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        if response.status != 200:
            _refuse(response, bucket, key)
        received = 0
        while data := response.read(COPY_BYTES):
            received += len(data)
            file.write(data)
        length = response.getheader("Content-Length")
        if length is not None and received != int(length):
            raise _Retry(f"the connection ended after {received} of {length} bytes")
    except (OSError, http.client.HTTPException) as error:
        raise _Retry(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()


def _refuse(response: object, bucket: str, key: str) -> None:
    import re

    body = response.read(65536).decode("utf-8", "replace")
    code = re.search(r"<Code>([^<]*)</Code>", body)
    said = re.search(r"<Message>([^<]*)</Message>", body)
    told = f"{response.status} {code[1] if code else response.reason}" + (f": {said[1]}" if said else "")
    if response.status >= 500 or response.status == 429:
        raise _Retry(told)
    raise TaskError(f"cannot fetch {key} from bucket {bucket}: {told}")


def signed_headers(host: str, path: str, region: str, credentials: dict[str, str], now: float) -> dict[str, str]:
    """Headers of a signed GET without a query; `path` is already encoded, once, as S3 wants it."""
    import hashlib
    import hmac

    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    headers = {"host": host, "x-amz-content-sha256": EMPTY_SHA256, "x-amz-date": stamp}
    access_key, secret = credentials.get("AWS_ACCESS_KEY_ID"), credentials.get("AWS_SECRET_ACCESS_KEY")
    if not access_key or not secret:
        raise TaskError("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set: cannot sign the fetch")
    if credentials.get("AWS_SESSION_TOKEN"):
        headers["x-amz-security-token"] = credentials["AWS_SESSION_TOKEN"]
    names = sorted(headers)
    canonical = "\n".join(
        ["GET", path, "", *[f"{name}:{headers[name]}" for name in names], "", ";".join(names), EMPTY_SHA256]
    )
    scope = f"{stamp[:8]}/{region}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={';'.join(names)}, Signature={signature}"
    )
    return headers
