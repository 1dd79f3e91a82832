"""Log lines, in a process of their own: logging is the process's."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta

import pytest

SCRIPT = """
import logging, structlog
from otel_bridge.telemetry import logs

def fail(token):
    return 1 / 0

logs.configure({level!r}, {format!r})
log = structlog.get_logger("otel_bridge.delivery")
log.debug("detail")
log.info("a pipeline starts", exporter="galileo", cursor=7)
log.warning("an answer", text="two\\nlines")
logging.getLogger("grpc").warning("from %s", "a library")
logging.getLogger("httpx").info("HTTP Request: POST https://example.com?token=secret-1")
logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
try:
    int("secret-3")
except ValueError as error:
    try:
        fail("secret-2")
    except ZeroDivisionError as second:
        second.__cause__ = ExceptionGroup("several secret-4", [error, KeyError("secret-5")])
        log.exception("it failed")
"""


CRASHES = """
import asyncio, threading
from otel_bridge.telemetry import logs

logs.configure("info", {format!r})

async def fail():
    int("secret-1")

async def forget():
    asyncio.create_task(fail(), name="forgotten")
    await asyncio.sleep(0)
    await asyncio.sleep(0)

def stumble():
    int("secret-2")

asyncio.run(forget())
thread = threading.Thread(target=stumble)
thread.start()
thread.join()
int("secret-3")
"""


def lines(level: str, form: str) -> list[str]:
    script = SCRIPT.format(level=level, format=form)
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == ""
    return ran.stderr.splitlines()


@pytest.fixture(scope="module")
def text() -> list[str]:
    return lines("info", "text")


@pytest.fixture(scope="module")
def events() -> list[dict[str, object]]:
    return [json.loads(line) for line in lines("info", "json")]


def test_text_is_one_line_for_an_event(text: list[str]) -> None:
    first, second, third, fourth, *traceback = text

    assert first.endswith("[info     ] a pipeline starts [otel_bridge.delivery] cursor=7 exporter=galileo")
    assert second.endswith(r"an answer [otel_bridge.delivery] text='two\nlines'")
    assert third.endswith("[warning  ] from a library [grpc]")
    assert fourth.endswith("[error    ] it failed [otel_bridge.delivery]")
    assert "ZeroDivisionError: division by zero" == traceback[-1]


def test_json_is_one_object_for_an_event(events: list[dict[str, object]]) -> None:
    assert ["a pipeline starts", "an answer", "from a library", "it failed"] == [e["event"] for e in events]
    first = events[0]
    assert {"level": "info", "logger": "otel_bridge.delivery", "exporter": "galileo", "cursor": 7} == {
        key: value for key, value in first.items() if key not in ("event", "timestamp")
    }
    assert "ZeroDivisionError" in str(events[-1]["exception"])


def test_times_are_utc(text: list[str], events: list[dict[str, object]]) -> None:
    for time in (text[0].split()[0], str(events[0]["timestamp"])):
        assert timedelta(0) == datetime.fromisoformat(time).utcoffset()


def test_neither_libraries_nor_tracebacks_tell_secrets(text: list[str]) -> None:
    everything = "\n".join([*text, *lines("debug", "json"), *lines("debug", "text")])

    assert "secret" not in everything
    assert "Invalid HTTP request" not in everything


def test_a_traceback_tells_where_and_what_kind_of_errors_led_to_it(text: list[str]) -> None:
    kinds = [line.partition(":")[0] for line in text[4:] if "Error:" in line or "Group:" in line]

    assert ["ValueError", "KeyError", "ExceptionGroup", "ZeroDivisionError"] == kinds
    assert any(line.endswith(", in fail") for line in text)


def test_level_decides_what_is_shown() -> None:
    assert any("detail" in line for line in lines("debug", "json"))
    assert not any("an answer" in line for line in lines("error", "json"))


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_nobody_caught_is_told_without_values(form: str) -> None:
    script = CRASHES.format(format=form)
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert 1 == ran.returncode
    assert 3 == ran.stderr.count("ValueError: (its text is left out")
    assert 2 == ran.stderr.count("uncaught error")
    assert "Task exception was never retrieved" in ran.stderr
    assert "secret" not in ran.stderr
