"""An inspector that Kong's recorded traffic was posted to, and that traffic as the truth to compare with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import httpx
import pytest

from otel_bridge.mapping.exchange import HttpExchange
from tests.inspector.pages.inspector import Inspector, recorded
from tests.inspector.pages.program import VIEWER
from tests.loops import LIMIT


@pytest.fixture(scope="package")
def truth() -> Sequence[HttpExchange]:
    return recorded()


@pytest.fixture(scope="package")
def inspector(truth: Sequence[HttpExchange]) -> Iterator[Inspector]:
    """Tests may add exchanges of other services, and take nothing away."""
    with Inspector() as started:
        started.post(truth, environment="production")
        yield started


@pytest.fixture(scope="package")
def exchanges(truth: Sequence[HttpExchange]) -> int:
    """How many there are at least."""
    return len(truth)


@pytest.fixture
def stranger(inspector: Inspector) -> Iterator[httpx.Client]:
    """Somebody without a token."""
    with httpx.Client(base_url=inspector.url, timeout=LIMIT) as client:
        yield client


@pytest.fixture
def viewer(inspector: Inspector) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {VIEWER}"}
    with httpx.Client(base_url=inspector.url, timeout=LIMIT, headers=headers) as client:
        yield client


@pytest.fixture
def empty_inspector() -> Iterator[Inspector]:
    """Nothing has arrived there, and it may be ended."""
    with Inspector() as started:
        yield started
