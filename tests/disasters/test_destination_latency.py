"""How long an exchange takes to one destination: alone, and beside others that are dead."""

from __future__ import annotations

import itertools
import statistics
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.bridge import Bridge
from tests.end_to_end.collector import Collector, always
from tests.end_to_end.conftest import galileo_section, runscope_section
from tests.end_to_end.traffic import Call, paths, request
from tests.vendor_server import Manner, Reply, VendorServer, closed_port

DEAD = {
    "refuses": Reply(),
    "hangs": Reply(manner=Manner.HANG),
    "drips": Reply(manner=Manner.DRIP, interval=1.0),
    "overloaded": Reply(503),
}
EXCHANGES = 20
# Far more than the noise of a busy machine, far less than any wait for a dead destination.
MARGIN = 0.5


def latencies(bridge: Bridge, destination: VendorServer) -> list[float]:
    """Seconds from its sender's request until each exchange arrives, one after the other."""
    found = []
    for count, (path, service) in enumerate(zip(paths(EXCHANGES), itertools.cycle(DEAD), strict=False), 1):
        begin = time.monotonic()
        bridge.post(request(Call(path, service=service)))
        found.append(destination.wait_for(count)[-1].at - begin)
    return found


def test_four_dead_destinations_do_not_delay_the_fifth(tmp_path: Path) -> None:
    with ExitStack() as stack:
        runscope = stack.enter_context(VendorServer())
        sections: dict[str, Any] = {"runscope": runscope_section(runscope)}
        bridge = Bridge(tmp_path, exporters=sections)
        with bridge.start():
            alone = latencies(bridge, runscope)
            # Or what is not settled yet would come again below, and be taken for what comes then.
            assert 0 == bridge.stop()
        for name, reply in DEAD.items():
            collector = stack.enter_context(Collector(always(reply)))
            section = galileo_section(collector, apply_to={"service": name}, connection_timeout="2s")
            sections[f"galileo/{name}"] = section
        sections["galileo/refuses"]["port"] = closed_port()
        runscope.forget()
        with Bridge(tmp_path, exporters=sections) as bridge:
            beside = latencies(bridge, runscope)
            for name in DEAD:
                bridge.wait_for_line(f"galileo/{name}: nothing is sent for now")
    for what, found in (("alone", alone), ("beside four dead ones", beside)):
        print(f"{what}: median {statistics.median(found) * 1000:.0f} ms, most {max(found) * 1000:.0f} ms")

    assert statistics.median(beside) < statistics.median(alone) + MARGIN
    assert max(beside) < max(alone) + 4 * MARGIN
