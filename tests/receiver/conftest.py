from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.loops import BackgroundLoop
from tests.receiver.running import Receivers


@pytest.fixture(scope="session")
def loop() -> Iterator[BackgroundLoop]:
    with BackgroundLoop() as loop:
        yield loop


@pytest.fixture(scope="module")
def shared(loop: BackgroundLoop) -> Iterator[Receivers]:
    with Receivers(loop) as receivers:
        yield receivers


@pytest.fixture
def receivers(shared: Receivers) -> Receivers:
    """Both receivers on real sockets, with an empty journal."""
    shared.journal.forget()
    return shared
