"""What an exchange has beyond its columns, and its bodies, each as one compressed value.

They are apart because bodies may have to go earlier.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import orjson
import zstandard

from otel_bridge.inspector.exchange import Exchange, Side, Wire
from otel_bridge.inspector.store.sqlite.rows import NUMBERS, TEXTS
from otel_bridge.inspector.store.sqlite.vocabulary import VOCABULARY

EXPIRED = "expired"
"""Why a body is gone that retention took."""

# Level 3 takes a third longer, and makes what is left 1% smaller.
_LEVEL = 1
# A corrupt length must not take the machine's memory; nothing that arrives is as large.
_LARGEST = 1 << 30
_PLAIN = (
    "arrived_us",
    "reason",
    "upstream_port",
    "upstream_status",
    "request_id",
    "trace_id",
    "span_id",
    "send_us",
    "wait_us",
    "receive_us",
    "captured",
    "not_captured",
    "masked",
    "spans",
    "resource",
)
_SIDE = ("headers", "headers_size", "body_size", "truncated", "incomplete", "masked", "decoded", "omitted")
_plain_of = attrgetter(*_PLAIN)
_side_of = attrgetter(*_SIDE)


class Packer:
    """For one thread."""

    def __init__(self) -> None:
        words = zstandard.ZstdCompressionDict(VOCABULARY, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
        self._compressor = zstandard.ZstdCompressor(
            level=_LEVEL, dict_data=words, write_content_size=True, write_dict_id=False
        )
        self._decompressor = zstandard.ZstdDecompressor(dict_data=words)

    def pack(self, exchange: Exchange) -> tuple[bytes, bytes | None]:
        """Detail and bodies; None where there is no body at all."""
        request, response = exchange.request, exchange.response
        detail: dict[str, Any] = dict(zip(_PLAIN, _plain_of(exchange), strict=True))
        detail |= {
            "wire": exchange.wire.value,
            "url": exchange.url,
            "request": _side(request),
            "response": _side(response),
        }
        bodies = (request.body or b"") + (response.body or b"")
        packed = self._compressor.compress(orjson.dumps(detail, option=orjson.OPT_NON_STR_KEYS))
        return packed, self._compressor.compress(bodies) if bodies else None

    def unpack(
        self, identity: str, columns: dict[str, Any], packed: bytes, packed_bodies: bytes | None
    ) -> Exchange:
        """*columns*: values of `TEXTS` and `NUMBERS` by name. Raises ZstdError, JSONDecodeError."""
        detail = orjson.loads(self._decompressor.decompress(packed, max_output_size=_LARGEST))
        bodies = b""
        if packed_bodies is not None:
            bodies = self._decompressor.decompress(packed_bodies, max_output_size=_LARGEST)
        request, response = detail["request"], detail["response"]
        gone = packed_bodies is None
        of_request: int = request["length"] or 0
        return Exchange(
            id=identity,
            wire=Wire(detail["wire"]),
            url=detail["url"],
            request=_read_side(request, bodies, gone=gone),
            response=_read_side(response, bodies[of_request:], gone=gone),
            **{name: detail[name] for name in _PLAIN},
            **{name: columns[name] for name in TEXTS + NUMBERS},
        )


def _side(side: Side) -> dict[str, Any]:
    values: dict[str, Any] = dict(zip(_SIDE, _side_of(side), strict=True))
    values["length"] = None if side.body is None else len(side.body)
    return values


def _read_side(values: dict[str, Any], bodies: bytes, *, gone: bool) -> Side:
    length: int | None = values.pop("length")
    values["headers"] = tuple((name, value) for name, value in values["headers"])
    side = Side(**values)
    if not length:
        return side._replace(body=None if length is None else b"")
    if not gone:
        return side._replace(body=bodies[:length])
    whole = not side.truncated and not side.decoded
    size = length if side.body_size is None and whole else side.body_size
    return side._replace(omitted=EXPIRED, body_size=size)
