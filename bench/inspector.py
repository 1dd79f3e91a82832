"""The inspector on a week of traffic: how fast it takes it in, and how soon it answers."""

from __future__ import annotations

import platform
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from bench import posting
from otel_bridge.inspector.exchange import Exchange, Side, Wire, exchange_id
from otel_bridge.inspector.query import parse
from otel_bridge.inspector.store.interface import EVER, FACETS, Period
from otel_bridge.inspector.store.limits import Retention
from otel_bridge.inspector.store.sqlite import SqliteStore

INSPECTOR = "inspector"
EXCHANGES = 200_000
QUICK_EXCHANGES = 2000
HOURS = 168
BATCH = 1000
_HOUR_US = 3_600_000_000
_TIMES = 5
_MIB = 1 << 20
_Texts = dict[int, list[str]]
# Never twice: each exchange has words of its own, as ids make them in real traffic.
_RARE_EVERY = 50_000
_WORDS = 4000
_TEXTS = 500
# Bytes of text in a body.
_SIZES = (400, 1700)
_POSTED = 10_000


class Answer(NamedTuple):
    name: str
    milliseconds: float
    """The median of some, warm."""
    cpu: float
    """The least of them."""
    rows: int
    """Or exchanges counted."""


class Figures(NamedTuple):
    exchanges: int
    per_second: float
    """Of CPU time, appended in batches of `BATCH`."""
    bytes_each: float
    """On disk."""
    peak_mib: float
    """Memory of this process."""
    answers: list[Answer]


def report(exchanges: int) -> Iterator[str]:
    """What was measured, in lines."""
    yield f"{INSPECTOR}: {exchanges} exchanges over {HOURS} h; a second is one of CPU"
    if platform.system() == "Linux":
        posted = posting.measure(recent(min(exchanges, _POSTED)))
        yield _row("through HTTP", f"{posted.per_second:.0f} a second, {posted.peak // _MIB} MiB at most")
    else:
        yield _row("through HTTP", "measured on Linux only")
    found = measure(exchanges)
    yield _row("into the store", f"{found.per_second:.0f} a second, {found.peak_mib:.0f} MiB at most")
    yield _row("on disk", f"{found.bytes_each:.0f} bytes each")
    yield _row("", f"{'ms':>8}{'ms of CPU':>12}   found")
    for answer in found.answers:
        yield _row(answer.name, f"{answer.milliseconds:>8.1f}{answer.cpu:>12.1f}   {answer.rows}")


def measure(exchanges: int) -> Figures:
    """Fill a store with so many exchanges of about 3.4 KB over `HOURS`, and ask it."""
    now_us = time.time_ns() // 1000
    retention = Retention(age=1e9, size=1 << 50, bodies=1e9, min_free=0)
    with tempfile.TemporaryDirectory(prefix="otel-bridge-bench-") as directory:
        store = SqliteStore(Path(directory), retention=retention)
        spent = 0.0
        for batch in _batches(exchanges, now_us):
            begun = time.process_time()
            store.append(batch)
            spent += time.process_time() - begun
        held = store.held()
        answers = [_ask(name, ask) for name, ask in _questions(store, now_us).items()]
        store.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else _MIB)
    return Figures(exchanges, exchanges / spent, held.bytes / exchanges, peak, answers)


def recent(exchanges: int) -> list[Exchange]:
    """So many of the last seconds, for what comes later than it is posted is not believed."""
    now_us = time.time_ns() // 1000
    found = [exchange for batch in _batches(exchanges, now_us) for exchange in batch]
    return [
        each._replace(started_us=now_us - 300 * (exchanges - number)) for number, each in enumerate(found)
    ]


def _row(name: str, told: str) -> str:
    return f"  {name:<24}{told}"


def _ask(name: str, ask: Callable[[], int]) -> Answer:
    ask()
    spent, cpu, rows = [], [], 0
    for _ in range(_TIMES):
        begun, begun_cpu = time.perf_counter(), time.process_time()
        rows = ask()
        cpu.append((time.process_time() - begun_cpu) * 1000)
        spent.append((time.perf_counter() - begun) * 1000)
    return Answer(name, sorted(spent)[_TIMES // 2], min(cpu), rows)


def _questions(store: SqliteStore, now_us: int) -> dict[str, Callable[[], int]]:
    def first(text: str) -> Callable[[], int]:
        query = parse(text)
        return lambda: len(store.search(query, limit=50).rows)

    def dashboard(text: str, period: Period) -> Callable[[], int]:
        query = parse(text)
        return lambda: store.dashboard(query, period).now.exchanges

    week = Period(now_us - HOURS * _HOUR_US, now_us)
    day = Period(now_us - 24 * _HOUR_US, now_us)
    return {
        "newest 50": first(""),
        "rare word": first("needle"),
        "missing word": first("nowhere"),
        "frequent word": first("declined"),
        "phrase": first('"card declined"'),
        "rare attribute": first("consumer:rare"),
        "rare path": first("path:/v1/rare/*"),
        "endpoint": first("endpoint:/v1/orders/{id} method:GET"),
        "attributes": first("status:5xx service:orders duration:>500ms"),
        "slow ones": first("duration:>20s"),
        "JSON value": first("resp.json.error.code:E_NEEDLE"),
        "trace id": first("trace:00000000000000000000000000000000"),
        "dashboard, week": dashboard("", week),
        "dashboard, day": dashboard("", day),
        "dashboard, one service": dashboard("service:orders", week),
        "dashboard, one endpoint": dashboard("service:orders endpoint:/v1/orders/{id} method:POST", week),
        "histogram, week": lambda: len(store.histogram(parse(""), week).bars),
        "facets, week": lambda: len(store.facets(parse(""), week, FACETS).fields),
        "held": lambda: store.held().exchanges,
        "everything": lambda: len(store.search(parse(""), EVER, limit=1000).rows),
    }


def _batches(exchanges: int, now_us: int) -> Iterator[list[Exchange]]:
    random_ = random.Random(1)
    words = [
        "".join(random_.choices("abcdefghijklmnopqrstuvwxyz", k=random_.randint(3, 9))) for _ in range(_WORDS)
    ]
    texts = {
        size: [
            # A few words are everywhere and most are rare, as in any text.
            " ".join(words[int(len(words) * random_.random() ** 3)] for _ in range(size // 7))
            for _ in range(_TEXTS)
        ]
        for size in _SIZES
    }
    step = HOURS * _HOUR_US // exchanges
    start = now_us - HOURS * _HOUR_US
    batch: list[Exchange] = []
    for number in range(exchanges):
        batch.append(_exchange(number, start + number * step, random_, texts))
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _exchange(number: int, started_us: int, random_: random.Random, texts: _Texts) -> Exchange:
    rare = number % _RARE_EVERY == _RARE_EVERY // 2
    service = random_.choice(("orders", "billing", "users", "search", "stock", "mail", "auth", "files"))
    kind = random_.randrange(6)
    path = "/v1/rare/thing" if rare else f"/v1/{service}/{random_.randrange(10**6)}"
    status = random_.choices((200, 201, 204, 404, 500, 503), (70, 10, 8, 8, 3, 1))[0]
    duration_us = round(random_.lognormvariate(10.5, 1.0))
    trace_id, span_id = f"{random_.getrandbits(128):032x}", f"{random_.getrandbits(64):016x}"
    return Exchange(
        id=exchange_id(started_us, trace_id=trace_id, span_id=span_id, random=bytes(10)),
        wire=Wire.GALILEO,
        arrived_us=started_us + duration_us,
        started_us=started_us,
        duration_us=duration_us,
        method=("GET", "GET", "GET", "POST", "PUT", "DELETE")[kind],
        url=f"https://api.example.com{path}?page={kind}",
        scheme="https",
        host="api.example.com",
        port=443,
        path=path,
        query=f"page={kind}",
        http_version="HTTP/1.1",
        status=status,
        reason="OK",
        request=_side(random_, texts[_SIZES[0]], f'"sku":"{random_.getrandbits(64):x}"'),
        response=_side(random_, texts[_SIZES[1]], _error(rare, number)),
        environment="production",
        bucket="",
        service=service,
        route=f"{service}-{kind}",
        consumer="rare" if rare else f"consumer-{random_.randrange(200)}",
        route_template=f"/v1/{service}/{{id}}",
        gateway="kong-1",
        source="service",
        client_address=f"10.{random_.randrange(4)}.{random_.randrange(16)}.{random_.randrange(16)}",
        client_port=random_.randrange(1024, 65536),
        upstream_address="10.9.0.4",
        upstream_port=8080,
        upstream_status=status,
        request_id=f"{random_.getrandbits(128):032x}",
        trace_id=trace_id,
        span_id=span_id,
        send_us=300,
        wait_us=duration_us,
        receive_us=100,
        gateway_us=min(duration_us, 900),
        upstream_us=max(duration_us - 900, 0),
        captured=True,
        not_captured="",
        masked=False,
        spans=(),
        resource={"service.name": "kong", "service.instance.id": "kong-1"},
    )


def _error(rare: bool, number: int) -> str:
    if rare:
        return '"error":{"code":"E_NEEDLE","hint":"needle"}'
    return '"message":"card declined"' if number % 20 == 0 else '"error":null'


def _side(random_: random.Random, texts: list[str], start: str) -> Side:
    body = f'{{{start},"text":"{random_.choice(texts)}"}}'.encode()
    headers = (
        ("Host", "api.example.com"),
        ("User-Agent", "okhttp/4.12.0"),
        ("Content-Type", "application/json; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("X-Request-Id", f"{random_.getrandbits(128):032x}"),
        ("X-Forwarded-For", f"10.0.0.{random_.randrange(256)}"),
        ("Date", "Sat, 21 Nov 2026 22:01:54 GMT"),
        ("Authorization", "REDACTED"),
    )
    return Side(headers=headers, headers_size=320, body=body, body_size=len(body))
