"""What the inspector asks of whatever keeps its traffic: all that the API and the pages know of it.

    StoreError                the store can't do it; the text is for the reader
    └── StoreFullError        there is no room until retention or a person makes some

All calls are synchronous, and safe from several threads; another process may search and `drop` beside the
one that appends. A call with `stop` asks it every millisecond or so, in its own thread, and ends early with
what it has when the answer is yes: that is how deadlines and readers who went away are heard. Times are
Unix microseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from otel_bridge.inspector.exchange import Exchange

if TYPE_CHECKING:
    from otel_bridge.inspector.query import Query

Stop = Callable[[], bool]
Position = int
"""Where an exchange stands in the order of time, to the millisecond; those of one millisecond as they
arrived. Greater is newer. No two have the same, and it never changes. Below 2^53: JavaScript can hold it."""


class StoreError(Exception):
    """The store can't do what it was asked."""


class StoreFullError(StoreError):
    """There is no room."""


class Period(NamedTuple):
    """A range of `started_us`; None is no bound."""

    start_us: int | None = None
    end_us: int | None = None
    """The first microsecond that is no more part of it."""


EVER = Period()


def never() -> bool:
    """The `stop` of who has time."""
    return False


class Appended(NamedTuple):
    kept: int
    repeated: int
    """Were there already: nothing changed for them."""


class Row(NamedTuple):
    """An exchange in a table: what is seen at a glance. Fields as in `Exchange`."""

    position: Position
    id: str
    started_us: int
    duration_us: int | None
    method: str
    status: int
    scheme: str
    host: str
    port: int | None
    path: str
    query: str
    service: str
    route: str
    consumer: str
    source: str
    client_address: str
    gateway_us: int | None
    upstream_us: int | None
    request_size: int | None
    """`body_size` of the side."""
    response_size: int | None
    captured: bool
    masked: bool
    """Anything at all: the exchange or one of its sides."""
    truncated: bool
    """Either body."""
    omitted: bool
    """Either body was there and is not, or no more."""
    pinned: bool


class Page(NamedTuple):
    rows: Sequence[Row]
    """Newest first."""
    next: Position | None
    """`before` for what follows; None: there is no more. Also after a stop."""
    complete: bool
    """False: stopped before the page was full, with `next` where to go on."""


class Kept(NamedTuple):
    exchange: Exchange
    pinned: bool


class Count(NamedTuple):
    value: str
    exchanges: int
    """How many have it."""


class Facet(NamedTuple):
    """The most frequent values of a field, most frequent first; "" is a missing one."""

    values: Sequence[Count]
    others: int
    """How many exchanges have a value that is not among them."""


class Facets(NamedTuple):
    fields: Mapping[str, Facet]
    complete: bool
    """False: stopped, and the counts are of the newest part."""


class Bar(NamedTuple):
    start_us: int
    classes: tuple[int, int, int, int, int, int]
    """Exchanges by status class: without an answer (and other statuses), 1xx, 2xx, 3xx, 4xx, 5xx."""


class Histogram(NamedTuple):
    bars: Sequence[Bar]
    """Oldest first, without gaps: those without traffic are there too. Empty if there is nothing held."""
    step_us: int
    """The length of each: a round number of seconds, minutes, hours or days."""
    complete: bool


class Figures(NamedTuple):
    """Measures of a set of exchanges. Means and percentiles are None where no exchange had the time."""

    exchanges: int
    errors: int
    """Status 5xx, or none at all."""
    classes: tuple[int, int, int, int, int, int]
    """As in `Bar`."""
    mean_us: int | None
    p50_us: int | None
    """From buckets: within 5% of the true one."""
    p95_us: int | None
    p99_us: int | None
    gateway_us: int | None
    """Mean time in the gateway itself, and in the upstream, of those exchanges where both are known."""
    upstream_us: int | None
    request_bytes: int
    """Sums of the body sizes, as far as they are known."""
    response_bytes: int


class Point(NamedTuple):
    start_us: int
    figures: Figures


class Endpoint(NamedTuple):
    """A method with a route template, or with the path where there is none."""

    service: str
    method: str
    path: str
    """`OTHER` where an hour had too many of them to tell apart."""
    exchanges: int
    errors: int
    mean_us: int | None
    p95_us: int | None
    """As in `Figures`."""


class Party(NamedTuple):
    """A consumer or a client address; "" is one nobody named, `OTHER` as in `Endpoint`."""

    name: str
    exchanges: int
    errors: int


OTHER = "\ue000other"


class Dashboard(NamedTuple):
    now: Figures
    before: Figures
    """Of the period as long as this one that ends where it begins."""
    points: Sequence[Point]
    """As the bars of a histogram."""
    step_us: int
    busiest: Sequence[Endpoint]
    """By count, then by p95, then by errors; each has its own top."""
    slowest: Sequence[Endpoint]
    failing: Sequence[Endpoint]
    """Those without errors are left out."""
    consumers: Sequence[Party]
    """By count, as clients."""
    clients: Sequence[Party]
    complete: bool


class Held(NamedTuple):
    exchanges: int
    bytes: int
    """On disk, all files together."""
    oldest_us: int | None
    """Start of the oldest exchange, pinned ones aside; None where nothing is held."""
    newest_us: int | None
    hours_left: float | None
    """Until the oldest has to make room, at the rate of the last 24 h; None: no traffic, or age is first."""
    bodies_since_us: int | None
    """Exchanges that began before have no bodies any more; None: all have theirs."""
    quarantined: Sequence[str]
    """Names of damaged files that were set aside."""


class Receipt(NamedTuple):
    """What an erasure took, or with `dry_run` would take."""

    exchanges: int
    pinned: int
    """How many of them were pinned."""
    files: int
    """How many files held any."""
    oldest_us: int | None
    newest_us: int | None
    bytes: int
    """Of disk given back; 0 in a dry run."""


class Store(Protocol):
    def append(self, exchanges: Sequence[Exchange]) -> Appended:
        """Keep them; durable on return. Raises StoreFullError or StoreError.

        After an error some may be there: whoever sends all of them again has each kept once.
        """

    def search(
        self,
        query: Query,
        period: Period = EVER,
        *,
        before: Position | None = None,
        limit: int = 50,
        stop: Stop = never,
    ) -> Page:
        """The newest *limit* matches, of those older than *before*. Raises StoreError."""

    def get(self, exchange_id: str) -> Kept | None:
        """One exchange whole, by its 32 hex digits (with dashes or without). Raises StoreError."""

    def histogram(self, query: Query, period: Period, *, bars: int = 60, stop: Stop = never) -> Histogram:
        """Matches over time, in at most *bars* steps. Without bounds: from the oldest to the newest held."""

    def facets(
        self, query: Query, period: Period, fields: Sequence[str], *, top: int = 10, stop: Stop = never
    ) -> Facets:
        """Values of *fields* among the matches: any of `FACETS`. Raises StoreError for another."""

    def dashboard(
        self, query: Query, period: Period, *, points: int = 60, top: int = 10, stop: Stop = never
    ) -> Dashboard:
        """Everything that the dashboard shows, in one pass."""

    def values(self, field: str, prefix: str, *, limit: int = 20) -> Sequence[Count]:
        """Values of one of `FACETS` that begin with *prefix* (any case), by their count in recent hours."""

    def held(self) -> Held:
        """What there is, and how long it lasts."""

    def drop(self, query: Query, period: Period, *, dry_run: bool) -> Receipt:
        """Erase the matches for good, pinned ones too: rows, index, bodies, figures. Raises StoreError."""

    def pin(self, exchange_id: str, pinned: bool) -> bool:
        """Keep an exchange whatever retention says, or no more; False: there is none. Raises StoreError."""

    def close(self) -> None:
        """Calls after it raise StoreError."""


FACETS = ("status", "method", "service", "route", "consumer", "host")
"""Fields whose values can be listed and counted."""
