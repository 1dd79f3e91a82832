"""The Runscope API: `POST /buckets/{bucket_key}/messages`, a message or an array of them.

Its answers tell of each message whether it was taken, with a warning or with an error; by the contract a
2xx is a delivery all the same, and the complaints are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import orjson

from otel_bridge.delivery import Remarks, Request
from otel_bridge.delivery.grouping import Grouping
from otel_bridge.delivery.measure import Measure
from otel_bridge.exporters.base import MAX_PAYLOAD, fitting
from otel_bridge.exporters.runscope.settings import RunscopeSettings
from otel_bridge.formats import runscope
from otel_bridge.mapping import HttpExchange

_BRACKETS = 2


class RunscopeDestination:
    account_setting = "access_token"
    address_settings = "api_endpoint and bucket_key"
    max_payload = MAX_PAYLOAD - _BRACKETS

    def __init__(self, settings: RunscopeSettings) -> None:
        self._settings = settings
        endpoint = settings.api_endpoint.rstrip("/")
        self.url = f"{endpoint}/buckets/{quote(settings.bucket_key, safe='')}/messages"
        self.transport = settings.transport
        self.grouping = Grouping(certain=False)
        self.measure = Measure(self.max_payload)

    def entry(self, exchange: HttpExchange) -> bytes:
        return fitting(exchange, self._encode, self.max_payload)

    def request(self, entries: Sequence[bytes]) -> Request:
        token = self._settings.access_token
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        # One message as an object is what the API's documents show.
        content = entries[0] if len(entries) == 1 else runscope.document(entries)
        return Request(self.url, headers, content, token)

    def remarks(self, status: int, body: bytes, entries: int) -> Remarks:  # noqa: ARG002 - Galileo's
        try:
            answer = orjson.loads(body)
        except orjson.JSONDecodeError:
            return Remarks()
        messages = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(messages, list):
            return Remarks()
        states = (message.get("status") for message in messages if isinstance(message, dict))
        return Remarks(warned=sum(state in ("warning", "error") for state in states))

    def _encode(self, exchange: HttpExchange) -> bytes:
        return runscope.message(exchange, bodies=self._settings.log_body, extension=self._settings.extensions)
