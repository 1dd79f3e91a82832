"""Readers for the values in such documents: durations, sizes, endpoints, hosts, URLs, secrets.

Each takes what YAML (or an environment variable: then always text) gave, and returns the value that
the rest of the program uses, or raises ValueError with a message that does not repeat the input.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import re2
from pydantic import SecretStr

_DURATION_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+")
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")

_SIZE_UNITS = {"": 1, "b": 1} | {
    unit.lower(): base**power
    for base, units in ((1000, ("kB", "MB", "GB", "TB")), (1024, ("KiB", "MiB", "GiB", "TiB")))
    for power, unit in enumerate(units, 1)
}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)")

_HOST_LABELS = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?")
_MAX_PORT = 65535


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to listen. *host* is a name or an address without brackets; port 0 takes any free one."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.host)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def is_loopback(host: str) -> bool:
    """Whether *host* can only be reached from this machine, as far as its spelling tells."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def duration(unit: float) -> Callable[[object], float]:
    """A reader of durations that returns seconds; plain numbers count *unit* seconds each."""

    def read(value: object) -> float:
        number = _number(value)
        if number is not None:
            seconds = number * unit
        elif isinstance(value, str) and _DURATION.fullmatch(value.strip()):
            seconds = sum(float(n) * _DURATION_UNITS[u] for n, u in _DURATION_PART.findall(value))
        else:
            raise ValueError("is not a duration: give a number or text such as 500ms, 2s, 30m, 7d")
        if not math.isfinite(seconds) or seconds < 0:
            raise ValueError("is not a duration: it must be finite and not negative")
        return seconds

    return read


def size(value: object) -> int:
    """Bytes. `64MiB` counts in 1024s, `64MB` in 1000s."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None or found[2].lower() not in _SIZE_UNITS:
        raise ValueError("is not a size: give bytes or text such as 512KiB, 64MiB, 1GiB")
    return int(float(found[1]) * _SIZE_UNITS[found[2].lower()])


def whole_number(value: object) -> int:
    number = _number(value)
    if number is None or not number.is_integer():
        raise ValueError("is not a whole number")
    return int(number)


def share(value: object) -> float:
    """A part of a whole: above 0, at most 1."""
    number = _number(value)
    if number is None or not 0 < number <= 1:
        raise ValueError("is not a share: write a number above 0 and up to 1, such as 0.1")
    return number


def within(low: float, high: float, show: Callable[[float], str] = str) -> Callable[[float], float]:
    """A check that a number lies from *low* to *high*, both included."""

    def check(value: float) -> float:
        if not low <= value <= high:
            raise ValueError(f"is out of range: it must be from {show(low)} to {show(high)}")
        return value

    return check


def show_seconds(value: float) -> str:
    """*value* seconds in the largest unit that needs no fraction."""
    for unit, seconds in reversed(_DURATION_UNITS.items()):
        if value >= seconds and (value / seconds).is_integer():
            return f"{value / seconds:.0f}{unit}"
    return f"{round(value * 1000)}ms" if value else "0s"


def show_bytes(value: float) -> str:
    """*value* bytes in the largest binary unit that needs no fraction."""
    for power, unit in ((4, "TiB"), (3, "GiB"), (2, "MiB"), (1, "KiB")):
        if value and value % 1024**power == 0:
            return f"{int(value) // 1024**power}{unit}"
    return str(int(value))


def endpoint(value: object) -> Endpoint:
    """`host:port`, `[::1]:port`, or `:port` for every address of the machine."""
    if isinstance(value, Endpoint):
        return value
    if not isinstance(value, str):
        raise ValueError("is not an endpoint: give text such as 127.0.0.1:4318")  # noqa: TRY004
    host, colon, port = value.strip().rpartition(":")
    if "://" in value or "/" in value:
        raise ValueError("is not an endpoint: give host:port without scheme or path")
    if ":" in host and not host.startswith("["):
        raise ValueError("is not an endpoint: an IPv6 address needs brackets, e.g. [::1]:4318")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > _MAX_PORT:
        raise ValueError("is not an endpoint: give host:port with a port up to 65535, e.g. 127.0.0.1:4318")
    return Endpoint(_host(host) if host else "0.0.0.0", int(port))  # noqa: S104 - what `:port` means


def host(value: object) -> str:
    """A host name or address alone; IPv6 comes back without brackets."""
    text = required_text(value)
    if "://" in text or "/" in text:
        raise ValueError("is not a host: leave out the scheme and the path (see `https` and `port`)")
    return _host(text)


def http_url(value: object) -> str:
    """An absolute http or https URL, without a slash at its end."""
    text = required_text(value)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("is not a URL: its host or port makes no sense") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or re.search(r"\s", text):
        raise ValueError("is not a URL: give http://host or https://host")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("is not usable: a user, a query or a fragment has no place in this URL")
    return text.rstrip("/")


def required_text(value: object) -> str:
    """Text with something in it; blanks around it are dropped."""
    if value is None:
        raise ValueError("is required")
    if not isinstance(value, str):
        # A number would lose its leading zeros, and `yes` its spelling.
        raise ValueError("is not text: put it in quotes")  # noqa: TRY004
    if not value.strip():
        raise ValueError("is empty: a value is required")
    return value.strip()


def secret(value: object) -> SecretStr:
    """A token that can stand in a header line."""
    text = required_text(value.get_secret_value() if isinstance(value, SecretStr) else value)
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("is not a token: it holds blanks, line breaks or characters beyond ASCII")
    return SecretStr(text)


def secret_name(value: object) -> str:
    """A name that redaction can look for; `*` in it stands for any characters."""
    text = required_text(value)
    if not text.strip("*-_. ") or not text.isprintable():
        raise ValueError("is no name: it has to hold at least one letter or digit")
    return text


def pattern(value: object) -> str:
    """A regular expression that RE2 can compile."""
    text = required_text(value)
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(text, options)
    except re2.error as error:
        raise ValueError(f"is not a regular expression for RE2: {_re2_reason(error)}") from error
    return text


def not_empty(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise ValueError("is an empty list: leave the key out to match everything")
    return names


def directory(value: object) -> Path:
    return Path(required_text(str(value) if isinstance(value, Path) else value)).expanduser()


def readable_file(value: object) -> Path:
    path = directory(value)
    try:
        with path.open("rb"):
            return path
    except OSError as error:
        raise ValueError(f"can't be read: {error.strerror}") from error


def _re2_reason(error: re2.error) -> str:
    """What RE2 says, without the part of the pattern that it appends: that may be a secret to mask."""
    reason = error.args[0] if error.args else b""
    text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
    return text.partition(":")[0]


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return None


def _host(text: str) -> str:
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if ":" in bare or "[" in text:
        try:
            return str(ipaddress.IPv6Address(bare))
        except ValueError:
            raise ValueError("is not a host: give a name or an address, no port") from None
    if not _HOST_LABELS.fullmatch(bare):
        raise ValueError("is not a host: give a name or an address")
    return bare
