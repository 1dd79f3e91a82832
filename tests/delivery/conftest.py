from collections.abc import Iterator

import pytest

from tests.delivery.vendor import Account
from tests.vendor_server import VendorServer


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with VendorServer() as server:
        yield server


@pytest.fixture
def account() -> Account:
    return Account()
