"""A running bridge with a scripted Galileo and a scripted Runscope behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.bridge import Bridge
from tests.vendor_server import VendorServer


class Wired(NamedTuple):
    """The program between two destinations."""

    bridge: Bridge
    galileo: VendorServer
    runscope: VendorServer


def galileo_section(galileo: VendorServer, **settings: Any) -> dict[str, Any]:
    """An exporter to *galileo* with bodies, flushing almost at once, but for the *settings*."""
    return {
        "service_token": "galileo-token",
        "host": galileo.host,
        "port": galileo.port,
        "https": False,
        "log_bodies": True,
        "extensions": True,
        "flush_timeout": "50ms",
        **settings,
    }


def runscope_section(runscope: VendorServer, **settings: Any) -> dict[str, Any]:
    """Likewise to *runscope*."""
    return {
        "access_token": "runscope-token",
        "bucket_key": "bucket",
        "api_endpoint": runscope.url,
        "log_body": True,
        "extensions": True,
        "flush_timeout": "50ms",
        **settings,
    }


def exporters(galileo: VendorServer, runscope: VendorServer, **settings: Any) -> dict[str, Any]:
    """Both; *settings* are for both."""
    return {
        "galileo": galileo_section(galileo, **settings),
        "runscope": runscope_section(runscope, **settings),
    }


def entries(galileo: VendorServer) -> list[dict[str, Any]]:
    """All ALF entries that arrived, in order."""
    return [entry for request in galileo.requests for entry in request.json()["har"]["log"]["entries"]]


def messages(runscope: VendorServer) -> list[dict[str, Any]]:
    """All Runscope messages that arrived, in order."""
    found: list[dict[str, Any]] = []
    for request in runscope.requests:
        posted = json.loads(request.body)
        found += posted if isinstance(posted, list) else [posted]
    return found


@pytest.fixture(scope="module")
def wired(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wired]:
    """One bridge for all tests of a module, without redaction so that bodies can be compared."""
    directory: Path = tmp_path_factory.mktemp("bridge")
    with VendorServer() as galileo, VendorServer() as runscope:
        bridge = Bridge(directory, exporters=exporters(galileo, runscope), redaction={"defaults": False})
        with bridge.start():
            yield Wired(bridge, galileo, runscope)
