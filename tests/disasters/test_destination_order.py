"""What an outage held back arrives in the order in which it came, API by API, and in full payloads."""

from __future__ import annotations

from pathlib import Path

from tests.bridge import Bridge, eventually
from tests.end_to_end.collector import Collector, always, paths_in, well
from tests.end_to_end.conftest import galileo_section
from tests.end_to_end.traffic import Call, request
from tests.loops import LIMIT
from tests.vendor_server import Reply

APIS = 12
EXCHANGES = 60
PAYLOAD = 7


def path(api: int, number: int) -> str:
    return f"/{api:02d}/{number:04d}"


def test_held_back_traffic_of_many_apis_arrives_in_order_and_once(tmp_path: Path) -> None:
    with Collector(always(Reply(503))) as galileo:
        section = galileo_section(galileo, queue_size=PAYLOAD)
        with Bridge(tmp_path, exporters={"galileo": section}) as bridge:
            for number in range(EXCHANGES):
                bridge.post(request(*(Call(path(api, number), service=f"api {api}") for api in range(APIS))))
            bridge.wait_for_line("nothing is sent for now")
            eventually(lambda: bridge.metric("exporter_queue_exchanges") == APIS * EXCHANGES, "all are held")
            galileo.trouble = well
            eventually(lambda: len(galileo.taken) >= APIS * EXCHANGES, "all arrive", timeout=2 * LIMIT)
            eventually(lambda: bridge.metric("journal_backlog_records") == 0, "all is settled")
            refused = bridge.metric("exporter_requests_total") - bridge.metric(
                "exporter_requests_total", outcome="delivered"
            )
            payloads = len(galileo.requests) - int(refused)

    for api in range(APIS):
        mine = [each for each in galileo.taken if each.startswith(path(api, 0)[:4])]

        assert [path(api, number) for number in range(EXCHANGES)] == mine
    # Not many more than full payloads would be, however often its buffers were flushed meanwhile.
    assert payloads <= 2 * APIS * -(-EXCHANGES // PAYLOAD)


def test_behind_a_slow_destination_small_flushes_become_full_payloads(tmp_path: Path) -> None:
    count = 60
    with Collector(always(Reply(delay=0.5))) as galileo:
        section = galileo_section(galileo, queue_size=1000, flush_timeout="10ms")
        with Bridge(tmp_path, exporters={"galileo": section}) as bridge:
            for number in range(count):
                bridge.post(request(Call(path(0, number))))
            eventually(lambda: len(galileo.taken) >= count, "all arrive")
            payloads = [len(paths_in(received)) for received in galileo.requests]

    assert [path(0, number) for number in range(count)] == galileo.taken
    assert len(payloads) < count / 3
