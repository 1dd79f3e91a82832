"""An exchange takes no longer to one destination because others are dead."""

from __future__ import annotations

import itertools
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
    "drips": Reply(manner=Manner.DRIP, interval=1.0, headers={"X": "y" * 10_000}),
    "overloaded": Reply(503, headers={"Retry-After": "3600"}),
}
AT_ONCE = ("refuses", "overloaded")
"""Those that are known to be dead as soon as they are asked."""


def test_four_dead_destinations_do_not_delay_the_fifth(tmp_path: Path) -> None:
    """Waiting for one of them takes an hour, so whatever comes has not waited for any."""
    with ExitStack() as stack:
        runscope = stack.enter_context(VendorServer())
        sections: dict[str, Any] = {"runscope": runscope_section(runscope)}
        collectors = {name: stack.enter_context(Collector(always(reply))) for name, reply in DEAD.items()}
        for name, collector in collectors.items():
            section = galileo_section(collector, apply_to={"service": name}, connection_timeout="1h")
            sections[f"galileo/{name}"] = section
        sections["galileo/refuses"]["port"] = closed_port()
        bridge = stack.enter_context(Bridge(tmp_path, exporters=sections))
        for count, (path, service) in enumerate(zip(paths(20), itertools.cycle(DEAD), strict=False), 1):
            bridge.post(request(Call(path, service=service)))
            runscope.wait_for(count)
        for name in AT_ONCE:
            bridge.wait_for_line(f"galileo/{name}: nothing is sent for now")
        for name in ("hangs", "drips"):
            collectors[name].wait_for(1)

        assert not any(collector.taken for collector in collectors.values())
