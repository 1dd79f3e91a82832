"""Why a connection came to nothing, in words, and what must not stand in them."""

from __future__ import annotations

import json
import os
import socket
import ssl
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote

MASK = "REDACTED"


def reason(error: BaseException) -> str:
    """What led to *error*, as far down as the operating system or OpenSSL says it."""
    for cause in _chain(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {cause.verify_message}"
        if isinstance(cause, socket.gaierror):
            return f"its name can't be resolved: {cause.strerror}"
        if isinstance(cause, ssl.SSLError):
            return f"TLS failed: {cause.reason or cause}"
        if isinstance(cause, OSError) and cause.errno:
            return os.strerror(cause.errno).lower()
    return str(error) or type(error).__name__


@lru_cache(maxsize=64)
def spellings(secret: str) -> frozenset[str]:
    """How an answer may repeat *secret*: as it is, in JSON (two ways of writing a slash), in a URL."""
    in_json = json.dumps(secret)[1:-1]
    in_url = {quote(secret, safe=""), quote(secret)}
    return frozenset({secret, in_json, in_json.replace("/", r"\/"), *in_url} - {""})


def masked(text: str, spelled: Iterable[str]) -> str:
    """*text* without what is *spelled*, in that order."""
    for spelling in spelled:
        text = text.replace(spelling, MASK)
    return text


def masked_bytes(content: bytes, spelled: Iterable[str]) -> bytes:
    """As `masked`, for what may not be text."""
    for spelling in spelled:
        content = content.replace(spelling.encode(), MASK.encode())
    return content


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """*error* and what led to it, the origin first."""
    if error is not None:
        yield from _chain(error.__cause__ or error.__context__)
        yield error
