"""What users and senders get wrong: it gets its answer, and nothing else suffers."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import grpc
import pytest
from google.rpc.status_pb2 import Status

from tests.bridge import PATIENCE, PROTOBUF, Bridge, Ended, eventually, run
from tests.end_to_end.collector import Collector
from tests.end_to_end.conftest import entries, galileo_section
from tests.end_to_end.traffic import EXPORT, Call, request

MIB = 1024 * 1024
TOKEN = "s3cret-of-the-senders"


def fails(bridge: Bridge, *arguments: object) -> Ended:
    """What `serve` says when it can't start; it never is a traceback."""
    ended = run("serve", "--config", bridge.config, *arguments)

    assert "" == ended.out
    assert "Traceback" not in ended.err
    return ended


# Before it starts.


def test_every_fault_of_a_configuration_has_its_path_and_line(tmp_path: Path) -> None:
    bridge = Bridge(tmp_path)
    bridge.config.write_text(
        "receivers:\n"
        "  otlp: {protocols: {http: {endpoint: here}}}\n"
        "exporters:\n"
        "  galileo:\n"
        "    service_token: s3cret\n"
        "    flush_timout: 2\n"
        "  runscope: {access_token: s3cret, bucket_key: '${env:NO_SUCH_VARIABLE}'}\n"
    )
    ended = fails(bridge)

    places = ["2: receivers.otlp.protocols.http.endpoint", "4: exporters.galileo.host"]
    places += ["6: exporters.galileo.flush_timout", "7: exporters.runscope.bucket_key"]
    faults = ended.err.removeprefix("Error: ").splitlines()
    assert [f"{bridge.config}:{place}" for place in places] == [": ".join(f.split(": ")[:2]) for f in faults]
    assert "did you mean `flush_timeout`?" in faults[2]
    assert "s3cret" not in ended.err
    assert 1 == ended.code


def test_an_unknown_option_is_wrong_usage(tmp_path: Path) -> None:
    ended = fails(Bridge(tmp_path), "--confg", "x")

    assert 2 == ended.code
    assert "--confg" in ended.err


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_a_taken_port_is_one_sentence(tmp_path: Path, protocol: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, Collector() as galileo:
        endpoint = f"127.0.0.1:{taken.getsockname()[1]}"
        protocols = {name: {"endpoint": "127.0.0.1:0"} for name in ("http", "grpc")}
        protocols[protocol]["endpoint"] = endpoint
        sections = {"galileo": galileo_section(galileo)}
        ended = fails(Bridge(tmp_path, receivers={"otlp": {"protocols": protocols}}, exporters=sections))

    sentence = f"otel-bridge serve: Cannot listen on {endpoint}: another process has this port.\n"
    assert (3, sentence) == (ended.code, ended.err)


def test_a_directory_that_can_not_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    bridge = Bridge(tmp_path, journal={"directory": str(tmp_path / "file" / "state")})
    ended = fails(bridge)

    assert 3 == ended.code
    assert f"can't use {tmp_path}/file/state for the journal: Not a directory" in ended.err
    assert 1 == len(ended.err.splitlines())


def test_a_second_serve_on_the_same_directory_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    with Collector() as galileo:
        sections = {"galileo": galileo_section(galileo)}
        with Bridge(tmp_path, exporters=sections) as bridge:
            ended = fails(Bridge(tmp_path, exporters=sections))
            bridge.post(request(Call("/still-here")))
            galileo.wait_for(1)

    assert 3 == ended.code
    assert f"another otel-bridge is using {tmp_path}/state" in ended.err
    assert 1 == len(ended.err.splitlines())


def test_a_journal_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    with Collector() as galileo, Bridge(tmp_path, exporters={"galileo": galileo_section(galileo)}) as bridge:
        bridge.post(request(Call("/")))
        galileo.wait_for(1)
        bridge.stop()
        with closing(sqlite3.connect(tmp_path / "state" / "state.db")) as state:
            state.execute("PRAGMA user_version = 99")
        before = contents(tmp_path / "state")
        ended = fails(bridge)

    assert 3 == ended.code
    assert "state.db was written by a newer otel-bridge (format 99" in ended.err
    assert ".." not in ended.err
    assert before == contents(tmp_path / "state")


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


# What senders send.


class Guarded(NamedTuple):
    """A bridge that asks for a token and takes up to 100 KiB."""

    bridge: Bridge
    galileo: Collector


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    directory = tmp_path_factory.mktemp("guarded")
    protocols = {name: {"endpoint": "127.0.0.1:0"} for name in ("http", "grpc")}
    otlp = {
        "protocols": protocols,
        "max_request_body_size": "100KiB",
        "auth": {"bearer_tokens": ["${env:SENDERS}"]},
    }
    with Collector() as galileo:
        bridge = Bridge(directory, receivers={"otlp": otlp}, exporters={"galileo": galileo_section(galileo)})
        with bridge.start(environment={"SENDERS": TOKEN}):
            yield Guarded(bridge, galileo)
        assert TOKEN not in "".join(bridge.output)


def authorized(token: str = TOKEN, **headers: str) -> dict[str, str]:
    return {**PROTOBUF, "Authorization": f"Bearer {token}", **headers}


BAD_REQUESTS = [
    pytest.param(400, "Content-Type", "application/x-protobuf", b"\xff\xff not protobuf", id="undecodable"),
    pytest.param(400, "Content-Type", "application/json", b'{"resourceSpans": [', id="torn JSON"),
    pytest.param(400, "Content-Encoding", "gzip", b"not gzip", id="not gzip"),
    pytest.param(415, "Content-Type", "text/plain", b"", id="another type"),
    pytest.param(413, "Content-Type", "application/x-protobuf", bytes(101 * 1024), id="too large"),
    pytest.param(401, "Authorization", "Bearer wrong", request(Call("/unwanted")), id="wrong token"),
    pytest.param(401, "Authorization", TOKEN, request(Call("/unwanted")), id="no bearer"),
]


@pytest.mark.parametrize(("status", "header", "value", "body"), BAD_REQUESTS)
def test_a_bad_request_gets_its_answer_and_its_neighbours_arrive(
    guarded: Guarded, status: int, header: str, value: str, body: bytes
) -> None:
    bridge, galileo = guarded
    galileo.taken.clear()
    before = bridge.post(request(Call("/before")), authorized())
    refused = bridge.post(body, {**authorized(), header: value})
    after = bridge.post(request(Call("/after")), authorized())
    eventually(lambda: len(galileo.taken) >= 2, "both neighbours")

    assert [200, status, 200] == [before.status_code, refused.status_code, after.status_code]
    assert ["/before", "/after"] == galileo.taken
    if refused.headers["content-type"] == "application/x-protobuf":
        assert Status.FromString(refused.content).message


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("", grpc.StatusCode.UNAUTHENTICATED),
        ("Bearer wrong", grpc.StatusCode.UNAUTHENTICATED),
        (f"Bearer {TOKEN}", grpc.StatusCode.OK),
    ],
)
def test_grpc_asks_for_the_same_tokens(guarded: Guarded, authorization: str, code: grpc.StatusCode) -> None:
    with grpc.insecure_channel(guarded.bridge.address("OTLP/gRPC")) as channel:
        export = channel.unary_unary(EXPORT)
        call = export.future(
            request(Call("/")), metadata=[("authorization", authorization)], timeout=PATIENCE
        )

        assert code is call.code()


# Exchanges of a size that no destination was made for.


def test_an_exchange_larger_than_a_payload_goes_without_bodies_or_becomes_a_dead_letter(
    tmp_path: Path,
) -> None:
    body = "x" * (21 * MIB)
    large = {"http.request.body.content": body, "http.response.body.content": "small"}
    cut = {"http.request.body.content": body, "http.request.body.truncated": "true"}
    # As many headers as one exchange can have, each of nearly the length that it can have.
    larger_still = {f"http.request.header.x-{number}": "x" * 32_000 for number in range(700)}
    with Collector() as galileo, Bridge(tmp_path, exporters={"galileo": galileo_section(galileo)}) as bridge:
        answers = [
            bridge.post(request(Call("/before"), Call("/large", attributes=large), Call("/after"))),
            bridge.post(request(Call("/told", attributes={**cut, "http.request.body.size": 30 * MIB}))),
            bridge.post(request(Call("/larger-still", attributes=larger_still))),
        ]
        eventually(lambda: bridge.metric("dead_letters") == 1, "the dead letter")
        eventually(lambda: len(galileo.taken) >= 4, "the others")
        eventually(lambda: bridge.metric("journal_backlog_records") == 0, "all is settled")

        assert [200, 200, 200] == [answer.status_code for answer in answers]
        assert ["/before", "/large", "/after", "/told"] == galileo.taken
        _, whole, _, told = entries(galileo)
        assert (21 * MIB, 5) == (whole["request"]["bodySize"], whole["response"]["bodySize"])
        assert 30 * MIB == told["request"]["bodySize"]
        for entry in (whole, told):
            assert entry["request"]["bodyCaptured"]
            assert "postData" not in entry["request"]
            assert "too large" == entry["_otel"]["requestBody"]["omitted"]
