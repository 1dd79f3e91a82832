r"""An exchange as one line for a terminal.

    12:34:56.789  POST    201  shop.example.com/orders     2.1 ms     13 B in     30 B out  192.0.2.7  orders

Pure, and safe to print whatever a client put into its request: characters that a terminal would obey or
not show are written as `\x1b`, `\u202e`.
"""

from __future__ import annotations

import re
from datetime import datetime, tzinfo

from otel_bridge.inspector.exchange import Exchange

_UNKNOWN = "-"
_URL_COLUMN = 44
_SHORTEST_URL = 24
_LONGEST_URL = 160
_LONGEST_NAME = 48
_LONGEST_METHOD = 16
_LONGEST_READ = 4096
_MANY = 9999
_UNITS = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_COLOURS = {2: "32", 3: "36", 4: "33", 5: "31"}
_OTHER_COLOUR = "35"


def line(
    exchange: Exchange, *, zone: tzinfo | None = None, colour: bool = False, width: int | None = None
) -> str:
    """*exchange* without a line end.

    Its time is shown in *zone*, None for this machine's own. *colour* colours the status by its class.
    The URL is cut where that makes the line fit into *width* columns (None: no terminal, any length).
    """
    head = f"{_time(exchange.started_us, zone)}  {_shown(exchange.method, _LONGEST_METHOD) or _UNKNOWN:<7} "
    status = f"{exchange.status or _UNKNOWN:>3}"
    tail = (
        f"  {_duration(exchange.duration_us):>8}"
        f"  {_size(exchange.request.body_size):>8} in  {_size(exchange.response.body_size):>8} out"
        f"  {'  '.join(_names(exchange))}"
    ).rstrip()
    room = _LONGEST_URL if width is None else width - len(head) - len(status) - len(tail) - 2
    url = _shown(_without_scheme(exchange.url), min(max(room, _SHORTEST_URL), _LONGEST_URL)) or _UNKNOWN
    if colour:
        status = f"\x1b[{_COLOURS.get(exchange.status // 100, _OTHER_COLOUR)}m{status}\x1b[0m"
    return f"{head}{status}  {url:<{min(_URL_COLUMN, max(room, 0))}}{tail}"


def _names(exchange: Exchange) -> list[str]:
    """Who called and what was called, as far as it is known."""
    labelled = {
        "": exchange.client_address,
        "service ": exchange.service,
        "consumer ": exchange.consumer,
        "environment ": exchange.environment,
        "bucket ": exchange.bucket,
    }
    found = [label + _shown(name, _LONGEST_NAME) for label, name in labelled.items() if name]
    if not exchange.captured:
        found.append("(headers and bodies not captured)")
    return found


def _time(us: int, zone: tzinfo | None) -> str:
    return datetime.fromtimestamp(us / 1_000_000, zone).strftime("%H:%M:%S.%f")[:-3]


def _without_scheme(url: str) -> str:
    return _SCHEME.sub("", url[:_LONGEST_READ], count=1)


def _shown(text: str, longest: int) -> str:
    """*text* on one line, in at most *longest* characters that a terminal shows as they are."""
    # A hostile text may have millions.
    text = "".join(c if c.isprintable() else _escaped(c) for c in text[: longest + 1])
    return text if len(text) <= longest else text[: longest - 3] + "..."


def _escaped(character: str) -> str:
    if character.isascii():
        return f"\\x{ord(character):02x}"
    return character.encode("ascii", "backslashreplace").decode()


def _duration(us: int | None) -> str:
    if us is None:
        return _UNKNOWN
    ms = us / 1000
    if ms < 1000:
        return f"{ms:.1f} ms"
    if ms < 60_000:
        return f"{ms / 1000:.2f} s"
    if ms < 3_600_000:
        return f"{ms / 60_000:.1f} min"
    return f"{min(ms / 3_600_000, _MANY):.1f} h"


def _size(size: int | None) -> str:
    if size is None:
        return _UNKNOWN
    for scale, unit in _UNITS:
        if size >= scale:
            tenfold = min(size * 10 // scale, _MANY * 10)
            return f"{tenfold / 10:.1f} {unit}"
    return f"{size} B"
