"""What the inspector says of itself, and of the bridge it belongs to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from otel_bridge.inspector.access import AccessToken, Role
from otel_bridge.inspector.api import bridge, troubles
from otel_bridge.inspector.api.status_shapes import BridgeShape, PipelineShape
from otel_bridge.inspector.settings import InspectorSettings
from otel_bridge.inspector.store.interface import Held
from otel_bridge.inspector.store.limits import Retention
from otel_bridge.inspector.wire.tokens import IngestToken
from tests.bridge import PATIENCE, Bridge, eventually
from tests.end_to_end.collector import Collector, always
from tests.end_to_end.conftest import galileo_section
from tests.end_to_end.traffic import Call, request
from tests.inspector.pages.calls import a_call
from tests.inspector.pages.inspector import Inspector
from tests.vendor_server import Reply, closed_port

GIB = 1 << 30
WELL = BridgeShape(
    journal_bytes=GIB,
    journal_limit=2 * GIB,
    journal_seconds_to_full=None,
    journal_damaged=0,
    dead_letter_bytes=0,
    dead_letter_limit=GIB,
    unprotected=[],
    pipelines=[
        PipelineShape(
            name="galileo",
            backlog_bytes=5,
            backlog_records=1,
            oldest_seconds=0.5,
            holding=False,
            hold_seconds=0,
            dead_letters=0,
            given_up=0,
        )
    ],
)
HELD = Held(
    exchanges=1, bytes=1, oldest_us=1, newest_us=1, hours_left=None, bodies_since_us=None, quarantined=()
)


def test_says_what_it_holds_and_how_it_is_set(inspector: Inspector, exchanges: int) -> None:
    inspector.post([a_call("/just-now", service="status")])
    status = inspector.get("/api/status")

    assert exchanges <= status["held"]["count"]
    assert status["bridge"] is None
    assert 0 < status["rates"]["10 min"] <= status["held"]["count"] / 600
    assert ["admin", "viewer"] == [each["role"] for each in status["settings"]["people"]]
    assert "token" not in str(status["settings"]["people"])
    assert "plugins:" in status["kong_snippet"]


def test_a_test_request_arrives(inspector: Inspector) -> None:
    before = len(inspector.get("/api/search", q="service:test", limit=500)["rows"])
    answer = inspector.client.post("/api/test-request")

    assert 204 == answer.status_code
    assert before + 1 == len(inspector.get("/api/search", q="service:test", limit=500)["rows"])


def test_shows_the_bridge_it_belongs_to(tmp_path: Path) -> None:
    with Collector(always(Reply(400))) as refusing:
        dead = galileo_section(refusing) | {"port": closed_port()}
        sections: dict[str, Any] = {
            "exporters": {
                "galileo": galileo_section(refusing),
                "galileo/dead": dead | {"apply_to": {"host": "dead"}},
            },
            "inspector": {"endpoint": "127.0.0.1:0", "tokens": [{"token": "mine", "role": "viewer"}]},
        }
        with Bridge(tmp_path, **sections) as running:
            running.post(request(Call("/refused")))
            eventually(lambda: running.metric("dead_letters", exporter="galileo") == 1, "the dead letter")
            answer = httpx.get(
                f"{running.address('inspector')}api/status",
                headers={"authorization": "Bearer mine"},
                timeout=PATIENCE,
            )

    state = answer.json()["bridge"]
    pipelines = {each["name"]: each for each in state["pipelines"]}
    assert {"galileo", "galileo/dead", "inspector"} == set(pipelines)
    assert 1 == pipelines["galileo"]["dead_letters"]
    assert 2 * GIB == state["journal_limit"]
    assert 0 < state["journal_bytes"] < GIB
    assert [] == state["unprotected"]
    assert "galileo: 1 dead letter to decide about." in [each["text"] for each in answer.json()["warnings"]]


def test_a_bridge_that_does_not_answer_is_a_warning(tmp_path: Path) -> None:
    assert bridge.ask(f"127.0.0.1:{closed_port()}") is None
    assert "does not say" in troubles.unanswered().text


@pytest.mark.parametrize(
    ("name", "value", "field", "told"),
    [
        ("journal_seconds_to_full", "+Inf", "journal_seconds_to_full", None),
        ("journal_seconds_to_full", "60.5", "journal_seconds_to_full", 60.5),
        ("journal_size_bytes", "7.0", "journal_bytes", 7),
        ('receiver_unprotected{protocol="grpc"}', "1.0", "unprotected", ["grpc"]),
        ('receiver_unprotected{protocol="grpc"}', "0.0", "unprotected", []),
        ("unheard_of", "1", "pipelines", []),
    ],
)
def test_reads_metrics(name: str, value: str, field: str, told: object) -> None:
    assert told == getattr(bridge.read(f"otel_bridge_{name} {value}\n"), field)


def test_reads_a_pipeline() -> None:
    lines = (
        f'otel_bridge_{name}{{{label}="galileo/a b"}} {value}\n'
        for name, label, value in (
            ("journal_backlog_bytes", "pipeline", 10),
            ("journal_oldest_unsettled_seconds", "pipeline", 2.5),
            ("exporter_holding", "exporter", 1),
            ("exporter_hold_seconds", "exporter", 4),
            ("dead_letters", "exporter", 3),
            ("exporter_given_up_exchanges_total", "exporter", 6),
        )
    )
    [found] = bridge.read("".join(lines)).pipelines

    assert ("galileo/a b", 10, 2.5, True, 4.0, 3, 6) == (
        found.name,
        found.backlog_bytes,
        found.oldest_seconds,
        found.holding,
        found.hold_seconds,
        found.dead_letters,
        found.given_up,
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, []),
        ({"journal_bytes": round(1.5 * GIB)}, ["The journal is 75% full; once it is, senders are refused."]),
        (
            {"journal_bytes": round(1.5 * GIB), "journal_seconds_to_full": 600.0},
            ["The journal is 75% full, and wholly so in 10 min at this rate; once it is, senders"],
        ),
        ({"journal_limit": 0}, []),
        ({"unprotected": ["grpc"]}, ["Anybody in the network may send by OTLP/grpc."]),
        ({"journal_damaged": 2}, ["2 damaged files of the journal were set aside."]),
    ],
)
def test_troubles_of_the_bridge(changes: dict[str, Any], told: list[str]) -> None:
    found = list(troubles.of_bridge(WELL.model_copy(update=changes)))

    assert len(told) == len(found)
    assert all(each.text.startswith(part) for each, part in zip(found, told, strict=True))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"holding": True, "hold_seconds": 7_300.0}, "galileo is on hold for 2 h"),
        ({"dead_letters": 3}, "galileo: 3 dead letters to decide about"),
        ({"given_up": 4}, "galileo gave up 4 exchanges"),
    ],
)
def test_troubles_of_a_pipeline(changes: dict[str, Any], told: str) -> None:
    pipeline = WELL.pipelines[0].model_copy(update=changes)
    [found] = troubles.of_bridge(WELL.model_copy(update={"pipelines": [pipeline]}))

    assert found.text.startswith(told)


@pytest.mark.parametrize(
    ("held", "free", "beyond", "senders", "told"),
    [
        (HELD, 100 * GIB, False, False, []),
        (HELD, 3 * GIB, False, False, ["The disk is nearly full: 3072 MiB are free."]),
        (
            HELD._replace(hours_left=3.0),
            100 * GIB,
            False,
            False,
            ["At today's rate the oldest exchange goes"],
        ),
        (
            HELD._replace(quarantined=["a.db.damaged"]),
            100 * GIB,
            False,
            False,
            ["1 damaged files were set aside"],
        ),
        (HELD, 100 * GIB, True, False, ["The inspector listens beyond this machine"]),
        (HELD, 100 * GIB, True, True, []),
    ],
)
def test_troubles_of_the_inspector(
    held: Held, free: int, beyond: bool, senders: bool, told: list[str], tmp_path: Path
) -> None:
    settings = InspectorSettings(
        directory=tmp_path,
        retention=Retention(age=1, size=1, bodies=1, min_free=2 * GIB),
        tokens=(AccessToken(token="t", role=Role.ADMIN),),
        ingest_tokens=(IngestToken(token="s", bucket="b"),) if senders else (),
    )
    found = list(troubles.of_inspector(settings, held, disk_free=free, beyond_loopback=beyond))

    assert len(told) == len(found)
    assert all(each.text.startswith(part) for each, part in zip(found, told, strict=True))
