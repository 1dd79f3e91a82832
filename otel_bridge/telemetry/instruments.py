"""Every metric of the bridge, one row each.

The rows are the documentation too: docs/operations.md shows them, and a test compares. Names follow the
OpenTelemetry Collector's (`otelcol_receiver_accepted_spans` is `otel_bridge_receiver_accepted_spans_total`
here), so its dashboards need little change. What happens often is counted here instead of logged.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

PREFIX = "otel_bridge"

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SLOW = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Kind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    """Not kept anywhere but asked for at each scrape."""
    HISTOGRAM = "histogram"


class Instrument(NamedTuple):
    name: str
    """Without prefix, and without a counter's `_total`."""
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def exposed_name(self) -> str:
        """As it appears in /metrics."""
        return f"{PREFIX}_{self.name}{'_total' if self.kind is Kind.COUNTER else ''}"


def _counter(name: str, help_: str, *labels: str) -> Instrument:
    return Instrument(name, Kind.COUNTER, help_, labels)


def _histogram(name: str, help_: str, *labels: str, buckets: tuple[float, ...]) -> Instrument:
    return Instrument(name, Kind.HISTOGRAM, help_, labels, buckets)


def _gauge(name: str, help_: str, *labels: str) -> Instrument:
    return Instrument(name, Kind.GAUGE, help_, labels)


# Receiver. `transport` is http or grpc.
ACCEPTED_SPANS = _counter(
    "receiver_accepted_spans", "Spans whose sender got success: the journal has them.", "transport"
)
ACCEPTED_LOG_RECORDS = _counter(
    "receiver_accepted_log_records",
    "Log records received. Kong's access logs among them are journaled, the others counted and not kept.",
    "transport",
)
ACCEPTED_METRIC_POINTS = _counter(
    "receiver_accepted_metric_points", "Metric data points received, counted and not kept.", "transport"
)
ACCEPTED_BYTES = _counter(
    "receiver_accepted_bytes",
    "Bytes journaled of accepted requests, before the journal's own overhead.",
    "transport",
)
DUPLICATE_REQUESTS = _counter(
    "receiver_duplicate_requests",
    "Requests equal, byte for byte, to one accepted shortly before; answered and not journaled again.",
    "transport",
)
REFUSED_REQUESTS = _counter(
    "receiver_refused_requests",
    "Requests answered with an error, by reason: undecodable, too_large, busy, slow, "
    "journal_full, journal_unwritable, unauthenticated, media_type, content_encoding, method, path, timeout, "
    "disconnected, stopping, internal.",
    "transport",
    "reason",
)
REPAIRED_STRINGS = _counter("receiver_repaired_strings", "Strings that were not UTF-8 and were repaired.")
MASKED_VALUES = _counter("redaction_masked_values", "Values that redaction replaced before journaling.")
COMMIT_SECONDS = _histogram(
    "receiver_commit_seconds",
    "How long accepted requests waited for the journal's commit. Kong waits 5 s for its answer.",
    buckets=_FAST,
)
IN_FLIGHT_BYTES = _gauge("receiver_in_flight_bytes", "Bytes of requests being received or journaled.")
IN_FLIGHT_LIMIT_BYTES = _gauge(
    "receiver_in_flight_limit_bytes", "More than this in flight, and requests are answered 503."
)
CONNECTIONS = _gauge("receiver_connections", "Open connections of OTLP/HTTP, in their handshake or later.")
CLOSED_CONNECTIONS = _counter(
    "receiver_closed_connections",
    "HTTP connections ended by the bridge, by reason: idle, head_timeout, head_size, handshake, "
    "pipelined, unread, shed, full.",
    "reason",
)
UNPROTECTED = _gauge(
    "receiver_unprotected",
    "1 where anybody in the network may send: beyond loopback, without tokens and client certificates.",
    "protocol",
)
TLS_RELOADS = _counter(
    "receiver_tls_reloads",
    "TLS files found changed, by outcome: taken, or refused because they don't fit together.",
    "protocol",
    "outcome",
)

# Journal. `pipeline` is the exporter's key in the configuration.
JOURNAL_BYTES = _gauge("journal_size_bytes", "Bytes on disk of the journal.")
JOURNAL_LIMIT_BYTES = _gauge("journal_limit_bytes", "journal.max_size; at this size requests are refused.")
JOURNAL_SECONDS_TO_FULL = _gauge(
    "journal_seconds_to_full",
    "Time until the journal is full if it grows on as in the last minutes; +Inf while it doesn't grow.",
)
JOURNAL_RECORDS = _gauge("journal_records", "Records held, settled or not.")
JOURNAL_BAD_RECORDS = _gauge("journal_bad_records", "Damaged records skipped since start.")
JOURNAL_QUARANTINED = _gauge("journal_quarantined_files", "Damaged files that were set aside.")
BACKLOG_BYTES = _gauge("journal_backlog_bytes", "Bytes a pipeline has not settled yet.", "pipeline")
BACKLOG_RECORDS = _gauge("journal_backlog_records", "Records a pipeline has not settled yet.", "pipeline")
OLDEST_UNSETTLED_SECONDS = _gauge(
    "journal_oldest_unsettled_seconds",
    "Age of the oldest record a pipeline has not settled; 0 without one.",
    "pipeline",
)

# From records to exchanges.
MAPPED_EXCHANGES = _counter("exchanges_mapped", "HTTP exchanges found in the journal's records.")
STATUSLESS_EXCHANGES = _counter(
    "exchanges_without_status",
    "Exchanges whose span tells no status: the client went away, or a Kong before 3.5 answered itself.",
)
MAPPED_ACCESS_LOGS = _counter(
    "access_logs_mapped",
    "Kong's access logs found in the journal's records: exchanges too, but for those joined with their span.",
)
JOINED_ACCESS_LOGS = _counter(
    "access_logs_joined", "Access logs made one exchange with the span of the same request.", "exporter"
)
UNTAKEN_EXCHANGES = _counter("exchanges_untaken", "Exchanges that no exporter's apply_to takes.")
REPEATED_EXCHANGES = _counter(
    "exchanges_repeated",
    "Exchanges seen before, by trace and span id, or, of a span and an access log, by Kong's request id; "
    "not sent again.",
    "exporter",
)
SKIPPED_SPANS = _counter("spans_skipped", "Spans that are not HTTP exchanges, by reason.", "reason")
CUT_CONTENT = _counter(
    "exchanges_cut",
    "Times that something was left out of an exchange for its size, by reason: attributes, events, length.",
    "reason",
)
UNMAPPABLE_RECORDS = _counter(
    "records_unmappable", "Records of the journal that the mapping failed on: a fault of the bridge."
)

# Exporters. `exporter` is the key in the configuration.
SENT_EXCHANGES = _counter("exporter_sent_exchanges", "Exchanges the destination took.", "exporter")
FAILED_EXCHANGES = _counter(
    "exporter_send_failed_exchanges", "Exchanges in requests that failed; each try counts.", "exporter"
)
DEAD_LETTERED_EXCHANGES = _counter(
    "exporter_dead_lettered_exchanges", "Exchanges the destination refused for good.", "exporter"
)
GIVEN_UP_EXCHANGES = _counter(
    "exporter_given_up_exchanges", "Exchanges given up because max_backlog says so.", "exporter"
)
EXPORTER_REQUESTS = _counter(
    "exporter_requests", "Requests to the destination, by what their answer meant.", "exporter", "outcome"
)
WARNED_EXCHANGES = _counter(
    "exporter_warned_exchanges", "Exchanges that the destination took with a complaint.", "exporter"
)
DELIVERY_SECONDS = _histogram(
    "exporter_delivery_seconds",
    "One request to the destination, until its answer or its failure.",
    "exporter",
    buckets=_SLOW,
)
QUEUE_EXCHANGES = _gauge("exporter_queue_exchanges", "Exchanges buffered or being sent.", "exporter")
QUEUE_BYTES = _gauge("exporter_queue_bytes", "Their encoded bytes.", "exporter")
IN_FLIGHT_REQUESTS = _gauge("exporter_in_flight_requests", "Requests waiting for an answer.", "exporter")
HOLDING = _gauge(
    "exporter_holding", "1 while nothing can be delivered and the journal keeps what comes.", "exporter"
)
HOLD_SECONDS = _gauge("exporter_hold_seconds", "How long the present hold has lasted, else 0.", "exporter")

DEAD_LETTERS = _gauge("dead_letters", "Dead letters on disk.", "exporter")
DEAD_LETTER_BYTES = _gauge("dead_letters_size_bytes", "Bytes on disk of the dead letters.")
DEAD_LETTER_LIMIT_BYTES = _gauge(
    "dead_letters_limit_bytes", "dead_letters.max_size; at this size pipelines hold."
)

# The process.
PIPELINE_RESTARTS = _counter(
    "pipeline_restarts", "Pipelines that failed and started again from their cursor.", "exporter"
)
INSPECTOR_RESTARTS = _counter("inspector_restarts", "Times the inspector's process had to be replaced.")
BUILD_INFO = _gauge("build_info", "Always 1; the labels say what runs.", "version", "python")
SOURCE_ERRORS = _counter("telemetry_source_errors", "Scrapes in which a gauge could not be read.")

INSTRUMENTS: tuple[Instrument, ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, Instrument)
)
