"""Recorded OTLP requests sent again as if they happened now.

What a replay renews, and nothing else: trace and span ids (links to parents kept), `kong.request.id`,
the header attributes that repeat these (`x-kong-request-id`, `traceparent`, B3), and every span's times.
All of them keep their length, so a recording is cut up once and a replay is a join of its pieces with
new ones in between. Bodies and strings of any bytes stay exactly as recorded, and the truth written down
beside a recording still holds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from otel_bridge.demo.anatomy import Anatomy, dissect

_TIME_BYTES = 8
_TRACE_ID = 16
_B3_TRACE_ID = 8
_LATEST = 2**64 - 1


class IdMap:
    """Old ids to new ones, alike for all requests of one replay."""

    def __init__(self, ids: Callable[[int], bytes]) -> None:
        """*ids* gives that many random bytes, as `os.urandom` and `random.Random.randbytes` do."""
        self._ids = ids
        self._fresh: dict[bytes, bytes] = {}

    def __getitem__(self, old: bytes) -> bytes:
        """What stands for *old*; an id of zeros means "none" and stays."""
        new = self._fresh.get(old)
        if new is None:
            new = self._fresh[old] = self._renew(old)
        return new

    def _renew(self, old: bytes) -> bytes:
        significant = old.lstrip(b"\0")
        if not significant:
            return old
        if len(old) == _TRACE_ID and len(significant) <= _B3_TRACE_ID:
            # OTLP writes a 64-bit trace id with zeros in front, B3 headers without.
            return bytes(_TRACE_ID - _B3_TRACE_ID) + self[old[-_B3_TRACE_ID:]]
        return self._ids(len(old))


class Recording:
    """One recorded request, cut up so that it can be replayed often and fast.

    A replay of `kong-3.9-load/default` costs 5 µs for each exchange of five spans, most of it the ids;
    cutting it up costs fifty times that.
    """

    def __init__(self, request: bytes) -> None:
        """ValueError if *request* is not an OTLP trace request in protobuf."""
        anatomy = dissect(request)
        self.server_spans = anatomy.server_spans
        self.end_ns = max((moment.unix_ns for moment in anatomy.moments), default=0)
        """The latest time in it."""
        self._distinct_ids = tuple({spot.old for spot in anatomy.ids})
        self._pieces, places = _cut(request, anatomy)
        # What goes to which piece: (index, what stood there).
        self._ids = [(places[offset], old) for offset, old in anatomy.ids]
        self._hex_ids = [(places[offset], old) for offset, old in anatomy.hex_ids]
        self._moments = [(places[offset], unix_ns) for offset, unix_ns in anatomy.moments]

    def replay(self, *, shift_ns: int, ids: IdMap) -> bytes:
        """The request with new ids and with every time moved by *shift_ns*."""
        pieces = self._pieces.copy()
        new = {old: ids[old] for old in self._distinct_ids}
        for index, old in self._ids:
            pieces[index] = new[old]
        for index, old in self._hex_ids:
            pieces[index] = ids[old].hex().encode()
        for index, unix_ns in self._moments:
            moved = min(max(unix_ns + shift_ns, 0), _LATEST)
            pieces[index] = moved.to_bytes(_TIME_BYTES, "little")
        return b"".join(pieces)


def freshen(request: bytes, *, now_ns: int, ids: Callable[[int], bytes]) -> bytes:
    """One recorded request with ids from *ids* and its latest time moved to *now_ns*.

    For many replays of the same bytes make a `Recording` once: that part is the slow one.
    """
    return freshen_all([request], now_ns=now_ns, ids=ids)[0]


def freshen_all(requests: Sequence[bytes], *, now_ns: int, ids: Callable[[int], bytes]) -> list[bytes]:
    """The same for requests that belong together: their traces stay joined and their times in order."""
    recordings = [Recording(request) for request in requests]
    shift_ns = now_ns - max((recording.end_ns for recording in recordings), default=0)
    renewed = IdMap(ids)
    return [recording.replay(shift_ns=shift_ns, ids=renewed) for recording in recordings]


def _cut(request: bytes, anatomy: Anatomy) -> tuple[list[bytes], dict[int, int]]:
    """*request* in pieces, and the index of the piece that begins at each offset to be renewed."""
    lengths = {moment.offset: _TIME_BYTES for moment in anatomy.moments}
    lengths |= {spot.offset: len(spot.old) for spot in anatomy.ids}
    lengths |= {spot.offset: 2 * len(spot.old) for spot in anatomy.hex_ids}
    pieces: list[bytes] = []
    places: dict[int, int] = {}
    end = 0
    for offset, length in sorted(lengths.items()):
        pieces.append(request[end:offset])
        places[offset] = len(pieces)
        pieces.append(b"")
        end = offset + length
    pieces.append(request[end:])
    return pieces, places
