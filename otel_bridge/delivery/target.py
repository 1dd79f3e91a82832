"""What delivery has to know of a vendor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from otel_bridge.delivery.grouping import Grouping
from otel_bridge.delivery.request import Request


class Failed(NamedTuple):
    """One entry of an accepted request that the destination did not take after all."""

    entry: int
    """Its place in the request."""
    reason: str


class Target(Protocol):
    """The wire side of a destination. Pure but for `grouping`, which learns."""

    @property
    def url(self) -> str:
        """Where requests go; fit for logs."""
        ...

    @property
    def token_setting(self) -> str:
        """The setting to look at after 401 and 403."""
        ...

    @property
    def address_settings(self) -> str:
        """The settings to look at where nothing of this vendor answers."""
        ...

    @property
    def max_payload(self) -> int:
        """Most bytes that the entries of one request may have together, separators included."""
        ...

    @property
    def grouping(self) -> Grouping: ...

    def request(self, entries: Sequence[bytes]) -> Request:
        """The request that carries *entries*; at least one."""
        ...

    def failures(self, status: int, body: bytes, entries: int) -> Sequence[Failed]:
        """Which of the request's *entries* a 2xx answer names as not taken; *body* may be cut."""
        ...

    def warnings(self, status: int, body: bytes) -> int:
        """How many entries a 2xx answer complains about without naming them as `failures` does."""
        ...
