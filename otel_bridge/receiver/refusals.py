"""Why a request is refused, and how each transport says so.

    Refusal
    ├── UnknownPath          404  UNIMPLEMENTED
    ├── WrongMethod          405  -
    ├── Unauthenticated      401  UNAUTHENTICATED
    ├── UnknownMediaType     415  -
    ├── UnknownEncoding      415  -
    ├── TooLarge             413  RESOURCE_EXHAUSTED, without RetryInfo: sending it again is no use
    ├── Undecodable          400  INVALID_ARGUMENT
    ├── TooSlow              408  DEADLINE_EXCEEDED
    ├── Internal             500  INTERNAL
    └── Busy                 503  UNAVAILABLE, with Retry-After and RetryInfo: come back

gRPC itself answers where there is a dash. A corrupt body is 400 and a coding nobody here knows is 415,
because RFC 9110 (15.5.16) gives unsupported content codings that status; no OTLP client retries either.
Overload is 503 and never 429, which exporters in use take for final.
"""

from __future__ import annotations

import math
from typing import ClassVar

from google.protobuf.duration_pb2 import Duration
from google.rpc import code_pb2
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

Headers = tuple[tuple[bytes, bytes], ...]


class Refusal(Exception):  # noqa: N818 - what it is, and the base of what they are
    """The text is for the sender; subclasses say the rest."""

    http_status: ClassVar[int]
    code: ClassVar[int]
    """Of google.rpc, for gRPC and for the Status message of HTTP."""
    reason: str
    """The label in the metric of refused requests."""
    headers: Headers = ()
    """What the HTTP answer needs beside its body."""

    def status(self) -> Status:
        """What the sender is told, as the message that both transports carry."""
        return Status(code=self.code, message=str(self))


class UnknownPath(Refusal):
    http_status = 404
    code = code_pb2.UNIMPLEMENTED
    reason = "path"


class WrongMethod(Refusal):
    http_status = 405
    code = code_pb2.UNIMPLEMENTED
    reason = "method"
    headers = ((b"allow", b"POST"),)


class Unauthenticated(Refusal):
    http_status = 401
    code = code_pb2.UNAUTHENTICATED
    reason = "unauthenticated"
    headers = ((b"www-authenticate", b"Bearer"),)


class UnknownMediaType(Refusal):
    http_status = 415
    code = code_pb2.INVALID_ARGUMENT
    reason = "media_type"


class UnknownEncoding(Refusal):
    http_status = 415
    code = code_pb2.INVALID_ARGUMENT
    reason = "content_encoding"
    headers = ((b"accept-encoding", b"gzip, deflate, zstd"),)


class TooLarge(Refusal):
    http_status = 413
    code = code_pb2.RESOURCE_EXHAUSTED
    reason = "too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The request is larger than {limit} bytes; send smaller batches.")


class Undecodable(Refusal):
    http_status = 400
    code = code_pb2.INVALID_ARGUMENT
    reason = "undecodable"


class TooSlow(Refusal):
    http_status = 408
    code = code_pb2.DEADLINE_EXCEEDED
    reason = "timeout"
    headers = ((b"connection", b"close"),)


class Internal(Refusal):
    http_status = 500
    code = code_pb2.INTERNAL
    reason = "internal"


class Busy(Refusal):
    """Not now: nothing is wrong with the request."""

    http_status = 503
    code = code_pb2.UNAVAILABLE

    def __init__(self, text: str, *, reason: str, retry_after: float) -> None:
        super().__init__(text)
        self.reason = reason
        self.retry_after = max(1, math.ceil(retry_after))
        """Whole seconds, as HTTP counts them."""
        self.headers = ((b"retry-after", b"%d" % self.retry_after),)

    def status(self) -> Status:
        status = super().status()
        status.details.add().Pack(RetryInfo(retry_delay=Duration(seconds=self.retry_after)))
        return status
