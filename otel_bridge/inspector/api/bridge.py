"""The bridge that this inspector is a child of, by what its own /metrics say."""

from __future__ import annotations

import http.client
import math
from collections.abc import Iterable
from typing import NamedTuple

import structlog
from prometheus_client.parser import text_string_to_metric_families

from otel_bridge.asgi import split_endpoint
from otel_bridge.inspector.alerts.watches import BridgeState
from otel_bridge.inspector.api.status_shapes import BridgeShape, PipelineShape
from otel_bridge.telemetry import instruments
from otel_bridge.telemetry.instruments import Instrument

# A page waits for it.
PATIENCE = 1.0
# Of the answer: many times what the most pipelines make.
_LARGEST = 4 << 20

log = structlog.get_logger(__name__)


def state_of(bridge: BridgeShape) -> BridgeState:
    """What alerts watch of it."""
    return BridgeState(
        journal_full=bridge.journal_bytes / bridge.journal_limit if bridge.journal_limit else 0.0,
        dead_letters={each.name: each.dead_letters for each in bridge.pipelines},
        hold_seconds={each.name: each.hold_seconds if each.holding else 0.0 for each in bridge.pipelines},
    )


class _Sample(NamedTuple):
    labels: tuple[str, ...]
    """Values, in the order of the instrument's labels."""
    value: float


def ask(address: str) -> BridgeShape | None:
    """The state of the bridge whose metrics are served on *address*, `host:port`; None if nobody answers."""
    host, port = split_endpoint(address)
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    try:
        connection.request("GET", "/metrics")
        return read(connection.getresponse().read(_LARGEST).decode())
    except (OSError, http.client.HTTPException, ValueError) as error:
        log.warning("the bridge does not say how it is", address=address, why=str(error))
        return None
    finally:
        connection.close()


def read(exposition: str) -> BridgeShape:
    """The state told by *exposition*, in Prometheus' text format. Raises ValueError if it is none."""
    told = _Told(exposition)
    to_full = told.one(instruments.JOURNAL_SECONDS_TO_FULL)
    return BridgeShape(
        journal_bytes=round(told.one(instruments.JOURNAL_BYTES)),
        journal_limit=round(told.one(instruments.JOURNAL_LIMIT_BYTES)),
        journal_seconds_to_full=to_full if 0 < to_full < math.inf else None,
        journal_damaged=round(told.one(instruments.JOURNAL_QUARANTINED)),
        dead_letter_bytes=round(told.one(instruments.DEAD_LETTER_BYTES)),
        dead_letter_limit=round(told.one(instruments.DEAD_LETTER_LIMIT_BYTES)),
        unprotected=sorted(told.by_label(instruments.UNPROTECTED, above=0)),
        pipelines=[_pipeline(told, name) for name in sorted(told.by_label(instruments.BACKLOG_BYTES))],
    )


class _Told:
    def __init__(self, exposition: str) -> None:
        names = {each.exposed_name: each for each in instruments.INSTRUMENTS}
        self._samples: dict[Instrument, list[_Sample]] = {}
        for family in text_string_to_metric_families(exposition):
            for sample in family.samples:
                instrument = names.get(sample.name)
                if instrument is not None:
                    labels = tuple(sample.labels.get(label, "") for label in instrument.labels)
                    self._samples.setdefault(instrument, []).append(_Sample(labels, float(sample.value)))

    def one(self, instrument: Instrument, *labels: str) -> float:
        """0 where it is not told."""
        found = (each.value for each in self._samples.get(instrument, ()) if each.labels == labels)
        return next(found, 0.0)

    def by_label(self, instrument: Instrument, *, above: float = -1.0) -> Iterable[str]:
        """The values of its one label, of samples greater than *above*."""
        return (each.labels[0] for each in self._samples.get(instrument, ()) if each.value > above)


def _pipeline(told: _Told, name: str) -> PipelineShape:
    return PipelineShape(
        name=name,
        backlog_bytes=round(told.one(instruments.BACKLOG_BYTES, name)),
        backlog_records=round(told.one(instruments.BACKLOG_RECORDS, name)),
        oldest_seconds=told.one(instruments.OLDEST_UNSETTLED_SECONDS, name),
        holding=told.one(instruments.HOLDING, name) > 0,
        hold_seconds=told.one(instruments.HOLD_SECONDS, name),
        dead_letters=round(told.one(instruments.DEAD_LETTERS, name)),
        given_up=round(told.one(instruments.GIVEN_UP_EXCHANGES, name)),
    )
