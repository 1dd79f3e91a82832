"""A Galileo collector: `POST /1.1.0/single`, one ALF with many entries.

What a 207 says is read leniently: `ALF[0] har.log.entries.3.request.bodySize is required in {...}` names
entry 3; an error of `ALF[0]` that names no entry (a quota, the token) is about all of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import orjson

from otel_bridge.delivery import Failed, Remarks, Request
from otel_bridge.delivery.grouping import Grouping
from otel_bridge.delivery.measure import Measure
from otel_bridge.exporters.base import MAX_PAYLOAD, fitting
from otel_bridge.exporters.galileo.settings import GalileoSettings
from otel_bridge.formats import alf
from otel_bridge.mapping import HttpExchange

PATH = "/1.1.0/single"

_SHOWN = 300
_NAMES_ENTRY = re.compile(r"(?:ALF\[\d+\] )?\S*\bentries[.\[](\d+)")
_NAMES_ALL = re.compile(r"ALF\[0\] ")
# Error texts of an answer that was cut, and so is no JSON any more.
_LOOSE_ERROR = re.compile(rb'"(ALF\[0\] (?:[^"\\]|\\.)*)"?')


class GalileoDestination:
    account_setting = "service_token"
    address_settings = "host, port and https"

    def __init__(self, settings: GalileoSettings) -> None:
        self._settings = settings
        host = f"[{settings.host}]" if ":" in settings.host and settings.host[0] != "[" else settings.host
        self.url = f"{'https' if settings.https else 'http'}://{host}:{settings.port}{PATH}"
        self.transport = settings.transport
        self.grouping = Grouping(certain=True)
        envelope = len(self.request([]).content)
        self.max_payload = MAX_PAYLOAD - envelope
        self.measure = Measure(self.max_payload)

    def entry(self, exchange: HttpExchange) -> bytes:
        return fitting(exchange, self._encode, self.max_payload)

    def request(self, entries: Sequence[bytes]) -> Request:
        token, environment = self._settings.service_token, self._settings.environment
        content = alf.document(entries, service_token=token, environment=environment)
        return Request(self.url, {"Content-Type": "application/json"}, content, token)

    def remarks(self, status: int, body: bytes, entries: int) -> Remarks:
        errors = _errors(body)
        if status != 207:
            return Remarks(warned=len(errors))
        found: dict[int, str] = {}
        # Entries with the same fault become one dead letter, with the first one's error as its reason.
        first: dict[str, str] = {}
        for error in errors:
            reason = first.setdefault(_fault(error), error[:_SHOWN])
            for entry in _named(error, entries):
                found.setdefault(entry, reason)
        return Remarks([Failed(entry, reason) for entry, reason in sorted(found.items())])

    def _encode(self, exchange: HttpExchange) -> bytes:
        return alf.entry(exchange, bodies=self._settings.log_bodies, extension=self._settings.extensions)


def _errors(body: bytes) -> list[str]:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return [error.decode("utf-8", "replace") for error in _LOOSE_ERROR.findall(body)]
    errors = answer.get("errors") if isinstance(answer, dict) else None
    return [error for error in errors if isinstance(error, str)] if isinstance(errors, list) else []


def _fault(error: str) -> str:
    """*error* without the entry's number and content."""
    match = _NAMES_ENTRY.match(error)
    return error[match.end() if match else 0 :].partition(" in {")[0]


def _named(error: str, entries: int) -> Sequence[int]:
    if match := _NAMES_ENTRY.match(error):
        number = int(match[1])
        return [number] if number < entries else []
    return range(entries) if _NAMES_ALL.match(error) else []
