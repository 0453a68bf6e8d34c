"""What is worth telling of pip's output when it failed. Also for what makes the environments, outside of tasks."""

from __future__ import annotations

UNREACHABLE = (
    "pip cannot reach its package index: start the server with PIP_INDEX_URL (an index within reach), "
    "HTTPS_PROXY (a proxy) or PIP_CERT (a file with the certificates to trust) set."
)
UNTRUSTED = (
    "pip does not trust the certificate of its package index: start the server with PIP_CERT (a file with the "
    "certificates to trust), PIP_INDEX_URL (another index) or HTTPS_PROXY (a proxy) set."
)
# pip tells of a lost connection only by its tries, and then says that there are no versions.
_TRY = "WARNING: Retrying (Retry("
_LAST_TRY = "WARNING: Retrying (Retry(total=0,"
_GIVEN_UP = ("Max retries exceeded with url", "ReadTimeoutError", "ConnectTimeoutError")
_CERTIFICATE = ("CERTIFICATE_VERIFY_FAILED", "There was a problem confirming the ssl certificate")


def index_trouble(lines: list[str]) -> str | None:
    """The sentence to say where the index was the trouble, with the ways out."""
    failed = "\n".join(line for line in lines if any(sign in line for sign in (_LAST_TRY, *_GIVEN_UP, *_CERTIFICATE)))
    if not failed:
        return None
    return UNTRUSTED if any(sign in failed for sign in _CERTIFICATE) else UNREACHABLE


def errors(lines: list[str]) -> list[str]:
    """From pip's first error on, without its tries and its advertisements; all lines where it names no error."""
    kept = [line for line in lines if line.strip() and not _is_noise(line)]
    for index, line in enumerate(kept):
        if line.lstrip().startswith("ERROR:"):
            return kept[index:]
    return kept


def _is_noise(line: str) -> bool:
    return _TRY in line or "[notice]" in line or line.lstrip().startswith("Could not fetch URL ")
