"""The alerts in Prometheus' format: read where it is asked for, kept nowhere.

The rows are the documentation too: docs/alerts.md shows them, and a test compares. The inspector serves them
on its own port, because it is a process of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from otel_bridge.inspector.alerts.alerting import Alerting
from otel_bridge.inspector.alerts.book import BookError
from otel_bridge.inspector.alerts.engine import RuleHealth


class Row(NamedTuple):
    name: str
    """Without a counter's `_total`."""
    help: str
    labels: tuple[str, ...]
    counts: bool
    """It only grows, until the inspector starts again."""
    read: Callable[[Alerting], Iterable[tuple[tuple[str, ...], float]]]
    """Values of the labels, and the figure."""

    @property
    def exposed_name(self) -> str:
        return f"{self.name}_total" if self.counts else self.name


ROWS = (
    Row(
        "otel_bridge_alerts_firing",
        "Groups of the rule that fire.",
        ("rule",),
        False,
        lambda alerting: _firing(alerting),
    ),
    Row(
        "otel_bridge_alerts_matched_exchanges",
        "Exchanges that matched the rule, since it began or was changed.",
        ("rule",),
        True,
        lambda alerting: _by_rule(alerting, lambda rule: rule.matched),
    ),
    Row(
        "otel_bridge_alerts_late_exchanges",
        "Exchanges that came too late to count.",
        ("rule",),
        True,
        lambda alerting: _by_rule(alerting, lambda rule: rule.late),
    ),
    Row(
        "otel_bridge_alerts_groups_left_out",
        "Exchanges whose group was one too many.",
        ("rule",),
        True,
        lambda alerting: _by_rule(alerting, lambda rule: rule.groups_left_out),
    ),
    Row(
        "otel_bridge_alerts_suspended",
        "1 while the rule is suspended: it takes too much time, or can't be read.",
        ("rule",),
        False,
        lambda alerting: _by_rule(alerting, lambda rule: 1.0 if rule.suspended_why else 0.0),
    ),
    Row(
        "otel_bridge_alerts_missed_exchanges",
        "Exchanges that came faster than the rules could look at them.",
        (),
        True,
        lambda alerting: [((), alerting.missed)],
    ),
    Row(
        "otel_bridge_alerts_unwritable",
        "1 while nothing can be written down, and so nobody is told.",
        (),
        False,
        lambda alerting: [((), 1.0 if alerting.trouble else 0.0)],
    ),
    Row(
        "otel_bridge_alerts_notifications",
        "Tries to tell somebody, by what became of them: delivered or failed.",
        ("channel", "result"),
        True,
        lambda alerting: _notifications(alerting),
    ),
    Row(
        "otel_bridge_alerts_waiting_notifications",
        "Notifications that are not delivered yet.",
        ("channel",),
        False,
        lambda alerting: [((name,), each.waiting) for name, each in alerting.channel_health().items()],
    ),
    Row(
        "otel_bridge_alerts_channel_failing",
        "1 while the channel takes nothing.",
        ("channel",),
        False,
        lambda alerting: [
            ((name,), 0.0 if each.failing_since_us is None else 1.0)
            for name, each in alerting.channel_health().items()
        ],
    ),
)


class AlertMetrics:
    """Text for a scrape. Reads the book, as far as it can: call it in a worker thread."""

    def __init__(self, alerting: Alerting) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Reader(alerting))

    def exposition(self) -> bytes:
        return generate_latest(self._registry)


class _Reader(Collector):
    def __init__(self, alerting: Alerting) -> None:
        self._alerting = alerting

    def describe(self) -> Iterable[Metric]:
        return [_family(row) for row in ROWS]

    def collect(self) -> Iterator[Metric]:
        for row in ROWS:
            family = _family(row)
            # Where the book can't be read, what needs no book is told all the same.
            with contextlib.suppress(BookError):
                for labels, value in row.read(self._alerting):
                    family.add_metric(labels, value)
            yield family


def _family(row: Row) -> GaugeMetricFamily | CounterMetricFamily:
    kind = CounterMetricFamily if row.counts else GaugeMetricFamily
    return kind(row.name, row.help, labels=row.labels)


def _firing(alerting: Alerting) -> Iterator[tuple[tuple[str, ...], float]]:
    firing = alerting.book.count_firing()
    for rule in alerting.book.rules():
        yield (rule.name,), firing.get(rule.id, 0)


def _by_rule(
    alerting: Alerting, figure: Callable[[RuleHealth], float]
) -> Iterator[tuple[tuple[str, ...], float]]:
    health = alerting.health()
    for rule in alerting.book.rules():
        if rule.id in health:
            yield (rule.name,), figure(health[rule.id])


def _notifications(alerting: Alerting) -> Iterator[tuple[tuple[str, ...], float]]:
    for name, each in alerting.channel_health().items():
        yield (name, "delivered"), each.delivered
        yield (name, "failed"), each.failed
