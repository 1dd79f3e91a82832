"""The inspector under load: ALF as the bridge sends it, over HTTP, read, kept and answered.

    this process ──ALF──▶ otel-bridge inspector

Only the inspector's own CPU time is counted, of all its threads. Needs Linux's /proc.
"""

from __future__ import annotations

import http.client
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from otel_bridge.formats import alf
from otel_bridge.inspector.exchange import Exchange
from otel_bridge.inspector.export.http_exchange import to_http_exchange
from tests.processes import peak_memory, processor_seconds

_ENTRIES = 500
_CONNECTIONS = 4
# A process that has just started fills its caches first.
_WARM_UP = 0.2
# What the system counts CPU in.
_TICK = 0.01
_PATIENCE = 60.0
_PAGE = re.compile(r"http://127\.0\.0\.1:(\d+)/")


class Figures(NamedTuple):
    per_second: float
    """Exchanges, for each second of CPU."""
    peak: int
    """Bytes of memory."""


def measure(exchanges: Sequence[Exchange]) -> Figures:
    """Post *exchanges*, the first fifth unmeasured. Raises OSError where one is refused."""
    documents = [
        _document(exchanges[start : start + _ENTRIES]) for start in range(0, len(exchanges), _ENTRIES)
    ]
    warm_up = int(len(documents) * _WARM_UP)
    measured = len(exchanges) - warm_up * _ENTRIES
    with (
        tempfile.TemporaryDirectory(prefix="otel-bridge-bench-") as directory,
        _inspector(directory) as child,
    ):
        process, port = child
        _post(port, documents[:warm_up])
        before = processor_seconds(process.pid)
        shares = [documents[warm_up:][place::_CONNECTIONS] for place in range(_CONNECTIONS)]
        failures: list[OSError] = []
        threads = [threading.Thread(target=_try, args=(port, share, failures)) for share in shares]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        spent = processor_seconds(process.pid) - before
        return Figures(measured / max(spent, _TICK), peak_memory(process.pid))


def _document(exchanges: Sequence[Exchange]) -> bytes:
    entries = [alf.entry(to_http_exchange(each), bodies=True, extension=True) for each in exchanges]
    return alf.document(entries, service_token="bench", environment="production")


@contextmanager
def _inspector(directory: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    config = Path(directory) / "bridge.yaml"
    config.write_text(f"inspector:\n  endpoint: 127.0.0.1:0\n  directory: {directory}/traffic\n")
    command = [sys.executable, "-m", "otel_bridge", "inspector", "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = next(filter(None, map(_PAGE.search, process.stdout)), None)
            if found is None:
                raise OSError("the inspector did not start")
            yield process, int(found[1])
        finally:
            process.terminate()


def _try(port: int, documents: Sequence[bytes], failures: list[OSError]) -> None:
    try:
        _post(port, documents)
    except OSError as error:
        failures.append(error)


def _post(port: int, documents: Sequence[bytes]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    for document in documents:
        connection.request("POST", "/1.1.0/single", document, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != 200:
            raise OSError(f"the inspector answered {answer.status}: {said[:200]!r}")
    connection.close()
