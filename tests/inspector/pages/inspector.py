"""A running inspector, and what is posted to it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import orjson

from otel_bridge.config.models import Redaction
from otel_bridge.config.redaction import redaction_rules
from otel_bridge.demo.replay import freshen_all
from otel_bridge.formats import alf
from otel_bridge.formats.offline import gather
from otel_bridge.mapping.exchange import HttpExchange
from otel_bridge.otlp.normalise import normalise
from otel_bridge.redaction import Redactor
from tests.inspector.pages.program import ADMIN
from tests.recordings import payloads


class Inspector:
    """One process with its own directory, until `close`."""

    def __init__(self, *webhooks: str) -> None:
        """*webhooks*: URLs that alerts can be told to."""
        self._directory = tempfile.TemporaryDirectory(prefix="inspector-")
        self.kept = Path(self._directory.name, "kept")
        """Where it keeps what it has."""
        self._log = Path(self._directory.name, "log")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "tests.inspector.pages.program",
                    str(self.kept),
                    *webhooks,
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("ready "), self._log.read_text()
        self.url = line.split()[1]
        self.client = httpx.Client(
            base_url=self.url, timeout=60, headers={"authorization": f"Bearer {ADMIN}"}
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.client.close()
        self._process.communicate(timeout=60)
        self._directory.cleanup()

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> int:
        """End it as an operator would, and its exit code."""
        self._process.terminate()
        return self._process.wait(timeout=60)

    def log(self) -> str:
        return self._log.read_text()

    def post(self, exchanges: Iterable[HttpExchange], *, environment: str | None = None) -> None:
        """As the bridge posts them: ALF with `_otel`, bodies too."""
        entries = [alf.entry(exchange, bodies=True, extension=True) for exchange in exchanges]
        self.post_alf(alf.document(entries, service_token="t", environment=environment))

    def post_entry(self, entry: dict[str, Any]) -> None:
        """One ALF entry as an object."""
        self.post_alf(alf.document([orjson.dumps(entry)], service_token="t", environment=None))

    def post_alf(self, document: bytes) -> None:
        answer = self.client.post("/1.1.0/single", content=document)
        assert answer.status_code == 200, answer.text

    def get(self, path: str, **params: Any) -> Any:
        """The JSON of an API path, as an admin."""
        answer = self.client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def find(self, query: str) -> str:
        """The id of the newest exchange that *query* matches."""
        rows = self.get("/api/search", q=query, limit=1)["rows"]
        assert rows, f"nothing matches {query}"
        found: str = rows[0]["id"]
        return found


def recorded(name: str = "kong-3.9-otel-capture") -> list[HttpExchange]:
    """Kong's traffic as the bridge has it, secrets masked, the last of it a moment ago."""
    redactor = Redactor(redaction_rules(Redaction()))
    fresh = freshen_all(payloads(name), now_ns=time.time_ns(), ids=os.urandom)
    return gather(redactor.redact(normalise(body).record).record for body in fresh).exchanges
