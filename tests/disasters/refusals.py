"""What senders get wrong, and all they are told: nothing of what they sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import grpc
import httpx
import pytest

from tests.bridge import PROTOBUF, Bridge
from tests.disasters.canaries import Plot
from tests.end_to_end.traffic import EXPORT
from tests.loops import LIMIT

Call = Callable[..., bytes]
"""Takes a request, and `metadata`; raises grpc.RpcError."""


@contextmanager
def exporting(bridge: Bridge) -> Iterator[Call]:
    """Export by gRPC, until the block is left."""
    with grpc.insecure_channel(bridge.address("OTLP/gRPC")) as channel:
        call = channel.unary_unary(EXPORT)
        yield lambda body, metadata=(): call(body, metadata=metadata, timeout=LIMIT)


class Refusals:
    """Requests to *bridge*, each wrong in its own way, with secrets of *plot* in them."""

    def __init__(self, bridge: Bridge, plot: Plot, *, sender: str, agent: str) -> None:
        """*sender* and *agent* are the tokens that receiver and inspector take."""
        self._bridge = bridge
        self._plot = plot
        self._sender = sender
        self._agent = agent
        self._bearer = {"Authorization": f"Bearer {sender}"}
        self._answers: list[str] = []

    def answers(self) -> bytes:
        """All that is said to senders who get something wrong."""
        self._by_http()
        self._by_grpc()
        self._by_inspector()
        return "\n".join(self._answers).encode()

    def _stranger(self, what: str) -> str:
        return self._plot.secret(what).secret

    def _post(self, url: str, body: str | bytes, headers: dict[str, str], *statuses: int) -> None:
        answer = httpx.post(url, content=body, headers=headers, timeout=LIMIT)
        assert answer.status_code in statuses, (url, answer.status_code, answer.text)
        self._answers.append(f"{answer.headers} {answer.text}")

    def _by_http(self) -> None:
        traces = self._bridge.address("OTLP/HTTP")
        as_json = {"Content-Type": "application/json", **self._bearer}
        as_protobuf = {**PROTOBUF, **self._bearer}
        self._post(traces, self._stranger("no protobuf"), as_protobuf, 400)
        self._post(traces, self._stranger("no JSON"), as_json, 400)
        self._post(traces, json.dumps({"resourceSpans": self._stranger("wrong JSON")}), as_json, 400)
        for field in ("traceId", "startTimeUnixNano", "attributes", "flags"):
            spans = [{field: self._stranger(f"wrong {field}")}]
            document = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]})
            self._post(traces, document, as_json, 400)
        wrong = {"Authorization": f"Bearer {self._stranger('wrong bearer')}"}
        self._post(traces, b"", {**PROTOBUF, **wrong}, 401)
        self._post(traces, self._stranger("no gzip"), {**as_protobuf, "Content-Encoding": "gzip"}, 400)
        self._post(traces, b"", {**as_protobuf, "Content-Encoding": self._stranger("encoding")}, 415)
        self._post(traces, b"", {**self._bearer, "Content-Type": f"text/{self._stranger('media type')}"}, 415)
        path = f"{self._stranger('path')}?token={self._stranger('query')}"
        self._post(traces.replace("/v1/traces", f"/v1/{path}"), b"", as_protobuf, 404)

    def _by_grpc(self) -> None:
        with exporting(self._bridge) as call:
            for body, token in (
                (self._stranger("no protobuf, gRPC"), self._sender),
                ("", self._stranger("wrong bearer, gRPC")),
            ):
                with pytest.raises(grpc.RpcError) as caught:
                    call(body.encode(), metadata=[("authorization", f"Bearer {token}")])
                self._answers.append(str(caught.value))

    def _by_inspector(self) -> None:
        url = self._bridge.address("inspector").rstrip("/")
        entry = {"request": {"url": self._stranger("ALF")}, "startedDateTime": self._stranger("time")}
        alf = {"version": "1.1.0", "har": {"log": {"entries": [entry]}}}
        single = f"{url}/1.1.0/single"
        self._post(single, json.dumps({**alf, "serviceToken": self._stranger("service token")}), {}, 401)
        self._post(single, json.dumps({**alf, "serviceToken": self._agent}), {}, 207)
        self._post(single, self._stranger("no ALF"), {}, 400)
        bearer = {"Authorization": f"Bearer {self._stranger('wrong access token')}"}
        bucket = f"{url}/buckets/{self._stranger('bucket')}/messages"
        self._post(bucket, self._stranger("no message"), bearer, 400, 403)
