"""Measures that add up, and the figures they give."""

from __future__ import annotations

from typing import Any, Self

from otel_bridge.inspector.store.interface import Figures
from otel_bridge.inspector.store.sqlite import latency

_SHARES = (0.50, 0.95, 0.99)
_CLASS_BITS = 40
_CLASS_MASK = (1 << _CLASS_BITS) - 1
# 12 days, or a tebibyte: what a sender says must not overflow the sums of 64 bits.
_LARGEST = 1 << 40


def status_class(status: int) -> int:
    """1 to 5, else 0."""
    found = status // 100
    return found if 1 <= found <= 5 else 0


def classes_of(status: int, exchanges: int) -> int:
    """As `Cell.classes`."""
    return exchanges << _CLASS_BITS * status_class(status)


def unpack_classes(classes: int) -> tuple[int, int, int, int, int, int]:
    """In the order of `Figures.classes`."""
    none, one, two, three, four, five = (classes >> _CLASS_BITS * place & _CLASS_MASK for place in range(6))
    return none, one, two, three, four, five


def is_error(status: int) -> bool:
    """As `is:error` has it."""
    return not 0 < status < 500


class Cell:
    """Of a set of exchanges; mutable, because there are a great many additions."""

    # Of the class, because making a great many of them is quicker so.
    count = 0
    errors = 0
    classes = 0
    """By status class, 40 bits for each, so that they add up at once."""
    duration_us = 0
    split = 0
    """How many have gateway and upstream time, of which the two sums are."""
    gateway_us = 0
    upstream_us = 0
    request_bytes = 0
    response_bytes = 0
    latency = latency.NONE

    @classmethod
    def of(
        cls,
        status: int,
        duration_us: int | None,
        gateway_us: int | None,
        upstream_us: int | None,
        request_size: int | None,
        response_size: int | None,
    ) -> Self:
        """One exchange."""
        cell = cls()
        cell.count = 1
        cell.errors = int(is_error(status))
        cell.classes = classes_of(status, 1)
        if duration_us is not None:
            cell.duration_us = _bounded(duration_us)
            cell.latency = latency.single(duration_us)
        if gateway_us is not None and upstream_us is not None:
            cell.split, cell.gateway_us, cell.upstream_us = 1, _bounded(gateway_us), _bounded(upstream_us)
        cell.request_bytes = _bounded(request_size or 0)
        cell.response_bytes = _bounded(response_size or 0)
        return cell

    @classmethod
    def read(
        cls,
        status: int,
        count: int,
        errors: int,
        duration_us: int,
        split: int,
        gateway_us: int,
        upstream_us: int,
        request_bytes: int,
        response_bytes: int,
        packed: bytes,
    ) -> Self:
        """From `values`, of exchanges whose class is *status*'s, if that matters."""
        cell = cls()
        cell.count = count
        cell.errors = errors
        cell.classes = classes_of(status, count)
        cell.duration_us = duration_us
        cell.split, cell.gateway_us, cell.upstream_us = split, gateway_us, upstream_us
        cell.request_bytes, cell.response_bytes = request_bytes, response_bytes
        cell.latency = latency.unpack(packed)
        return cell

    def values(self) -> tuple[Any, ...]:
        return (
            self.count,
            self.errors,
            self.duration_us,
            self.split,
            self.gateway_us,
            self.upstream_us,
            self.request_bytes,
            self.response_bytes,
            latency.pack(self.latency),
        )

    def count_in(self, exchanges: int, *, failed: bool) -> None:
        """Add to the numbers alone."""
        self.count += exchanges
        self.errors += exchanges * failed

    def add(self, other: Cell) -> None:
        self.count += other.count
        self.errors += other.errors
        self.classes += other.classes
        self.duration_us += other.duration_us
        self.split += other.split
        self.gateway_us += other.gateway_us
        self.upstream_us += other.upstream_us
        self.request_bytes += other.request_bytes
        self.response_bytes += other.response_bytes
        self.latency += other.latency

    def figures(self) -> Figures:
        p50, p95, p99 = latency.percentiles(self.latency, _SHARES)
        return Figures(
            exchanges=self.count,
            errors=self.errors,
            classes=unpack_classes(self.classes),
            mean_us=self.mean_us(),
            p50_us=p50,
            p95_us=p95,
            p99_us=p99,
            gateway_us=self.gateway_us // self.split if self.split else None,
            upstream_us=self.upstream_us // self.split if self.split else None,
            request_bytes=self.request_bytes,
            response_bytes=self.response_bytes,
        )

    def mean_us(self) -> int | None:
        measured = latency.count(self.latency)
        return self.duration_us // measured if measured else None


def _bounded(measure: int) -> int:
    return min(max(measure, 0), _LARGEST)
