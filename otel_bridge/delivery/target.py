"""What delivery has to know of a vendor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from otel_bridge.delivery.grouping import Grouping
from otel_bridge.delivery.measure import Measure
from otel_bridge.delivery.request import Request, Transport


class Failed(NamedTuple):
    """One entry of an accepted request that the destination did not take after all."""

    entry: int
    """Its place in the request."""
    reason: str


class Remarks(NamedTuple):
    failed: Sequence[Failed] = ()
    warned: int = 0
    """Complaints about entries that count as taken all the same."""


class Target(Protocol):
    """The wire side of a destination. Pure but for `measure` and `grouping`, which learn."""

    @property
    def url(self) -> str:
        """Where requests go; fit for logs."""
        ...

    @property
    def transport(self) -> Transport: ...

    @property
    def account_setting(self) -> str:
        """The setting to look at after 401 and 403."""
        ...

    @property
    def address_settings(self) -> str:
        """The settings to look at where nothing of this vendor answers."""
        ...

    @property
    def measure(self) -> Measure: ...

    @property
    def grouping(self) -> Grouping: ...

    def request(self, entries: Sequence[bytes]) -> Request:
        """The request that carries *entries*; at least one."""
        ...

    def remarks(self, status: int, body: bytes, entries: int) -> Remarks:
        """What a 2xx answer says about the request's *entries*; *body* may be cut."""
        ...
