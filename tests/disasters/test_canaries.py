"""A secret planted in every place comes out nowhere: one run of the program, and all it wrote and said."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import httpx
import pytest
from google.protobuf.json_format import MessageToJson

from otel_bridge.config import ConfigError, load
from tests.bridge import PATIENCE, PROTOBUF, Bridge, eventually, run
from tests.cli.test_tail import Tail
from tests.disasters.canaries import Planted, Plot, found
from tests.disasters.refusals import Refusals, exporting
from tests.end_to_end.conftest import exporters
from tests.files import contents
from tests.vendor_server import Received, Reply, VendorServer, free_port

POISON = b"harmless-poison"
TOKENS = {
    name: f"t0k3n-of-{name}-9QzW7xV"
    for name in ("galileo", "runscope", "senders", "agents", "people", "file")
}
IN_LINES = ("query", "user info", "JSON web token in a path", "URL beside broken UTF-8")
BEARER = {"Authorization": f"Bearer {TOKENS['senders']}"}
# Written into the receiver: the kind of fault that nobody knows yet.
FAULT = """
import otel_bridge.receiver.intake as intake

sound = intake.normalise

def faulty(body):
    if b"explode" in body:
        raise ValueError(f"can't make anything of {body!r}")
    return sound(body)

intake.normalise = faulty
"""


class Run(NamedTuple):
    """What one life of the program left behind."""

    sent: list[Plot]
    converted: Plot
    refused: Plot
    """No harmless neighbour of these is kept."""
    outputs: dict[str, bytes]
    """All but what went to the destinations."""
    delivered: dict[str, bytes]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    directory = tmp_path_factory.mktemp("canaries")
    with VendorServer(_refuses_poison) as galileo, VendorServer(_refuses) as runscope:
        yield _live(directory, galileo, runscope)


def test_no_secret_is_in_any_file_or_output(lived: Run) -> None:
    everything = {**lived.outputs, **lived.delivered}

    assert [] == [
        place
        for plot in (*lived.sent, lived.converted, lived.refused)
        for planted in plot.planted
        for place in found(planted, planted.secret, everything)
    ]


def test_what_stands_beside_a_secret_survives(lived: Run) -> None:
    """So the test can see: the same search finds the harmless neighbours."""
    journal = {name: output for name, output in lived.outputs.items() if "state/journal" in name}
    for planted in (planted for plot in lived.sent for planted in plot.planted):
        assert list(found(planted, planted.harmless, journal)), planted.place
    for planted in (planted for plot in lived.sent for planted in plot.delivered):
        for name, payloads in lived.delivered.items():
            assert list(found(planted, planted.harmless, {name: payloads})), (planted.place, name)
        # A line of the terminal has the address, and no headers or bodies.
        if planted.place in IN_LINES:
            assert list(found(planted, planted.harmless, {"tail": lived.outputs["tail"]})), planted.place
    for planted in lived.converted.delivered:
        for name in ("convert to alf", "convert to runscope", "convert to har"):
            assert list(found(planted, planted.harmless, {name: lived.outputs[name]})), (planted.place, name)


def test_each_token_goes_to_its_destination_alone(lived: Run) -> None:
    everything = {**lived.outputs, **lived.delivered}
    expected = {"galileo": ["galileo"], "runscope": ["runscope"]}

    for name, token in TOKENS.items():
        planted = Planted(name, token, "")
        places = list(found(planted, token, everything))

        assert [f"{name} in {place}" for place in expected.get(name, [])] == places


def test_every_output_was_there_to_be_searched(lived: Run) -> None:
    for name in ("output, json", "output, text", "metrics", "dead letters", "dead letter 1", "refusals"):
        assert lived.outputs[name], name
    log = lived.outputs["output, text"].decode()
    assert "an OTLP request failed" in log
    assert "ValueError: (its text is left out" in log
    assert b"answered 401" in lived.outputs["output, json"]
    assert b"REDACTED" in lived.delivered["galileo"]


@pytest.mark.parametrize("fault", ["port: {}", "flush_timout: 1", "host: 'http://{}'", "queue_size: [{}]"])
def test_a_configuration_that_is_refused_tells_no_token(fault: str, tmp_path: Path) -> None:
    file = tmp_path / "bridge.yaml"
    token = TOKENS["galileo"]
    file.write_text(
        f"exporters: {{galileo: {{service_token: {token}, host: h.example, {fault.format('nonsense')}}}}}"
    )

    with pytest.raises(ConfigError) as caught:
        load(file)
    assert token not in str(caught.value)
    assert token not in repr(caught.value)


def _live(directory: Path, galileo: VendorServer, runscope: VendorServer) -> Run:
    outputs: dict[str, bytes] = {}
    refused = Plot()
    bridge = _bridge(directory, galileo, runscope)
    environment = {f"TOKEN_{name.upper()}": token for name, token in TOKENS.items()}
    with bridge.start(environment=environment):
        sent = _send(bridge)
        eventually(lambda: bridge.metric("dead_letters", exporter="galileo") >= 1, "a dead letter")
        eventually(lambda: bridge.metric("exporter_holding", exporter="runscope") == 1, "Runscope holds")
        outputs["refusals"] = Refusals(
            bridge, refused, sender=TOKENS["senders"], agent=TOKENS["agents"]
        ).answers()
        outputs["metrics"] = httpx.get(bridge.address("metrics"), timeout=PATIENCE).content
        _search_files(directory, "files while it runs", outputs)
        _search_letters(bridge, environment, outputs)
        bridge.kill()
        outputs["output, json"] = "".join(bridge.output).encode()
        _search_files(directory, "files after a kill", outputs)
        runscope.answer = lambda _: Reply()
        _explode(directory, environment, bridge, refused, outputs)
    _search_files(directory, "files after the end", outputs)
    outputs["repr"] = _represented(bridge.config, environment)
    converted = _convert(directory, outputs)
    delivered = {"galileo": _received(galileo), "runscope": _received(runscope)}
    outputs["tail"] = _tail(directory, [*galileo.requests, *runscope.requests])
    return Run(sent, converted, refused, outputs, delivered)


def _bridge(directory: Path, galileo: VendorServer, runscope: VendorServer) -> Bridge:
    (directory / "token").write_text(TOKENS["file"])
    return Bridge(directory, **_sections(directory, galileo, runscope))


def _sections(directory: Path, galileo: VendorServer, runscope: VendorServer) -> dict[str, Any]:
    wired = exporters(galileo, runscope)
    wired["galileo"]["service_token"] = "${env:TOKEN_GALILEO}"
    wired["runscope"]["access_token"] = "${env:TOKEN_RUNSCOPE}"
    endpoint = {"endpoint": "127.0.0.1:0"}
    return {
        "exporters": wired,
        "receivers": {
            "otlp": {
                "protocols": {"grpc": endpoint, "http": endpoint},
                "auth": {"bearer_tokens": ["${env:TOKEN_SENDERS}", f"${{file:{directory}/token}}"]},
            }
        },
        "inspector": {
            "endpoint": "127.0.0.1:0",
            "directory": str(directory / "inspector"),
            "ingest_tokens": [{"token": "${env:TOKEN_AGENTS}", "environment": "e"}],
            "tokens": [{"token": "${env:TOKEN_PEOPLE}", "role": "viewer"}],
        },
        "telemetry": {"metrics": endpoint, "logs": {"level": "debug", "format": "json"}},
    }


def _refuses_poison(request: Received) -> Reply:
    """Galileo: one exchange it can't stand, and it tells all it was sent."""
    return Reply(400, request.body) if POISON in request.body else Reply()


def _refuses(request: Received) -> Reply:
    """Runscope, for a while: whoever asks is told what he asked with."""
    return Reply(401, request.headers["authorization"].encode() + request.body)


def _send(bridge: Bridge) -> list[Plot]:
    """All places through each entrance, and one exchange more that Galileo refuses."""
    first, second, third = (Plot().everywhere() for _ in range(3))
    poison = Plot().exchange(f"/{POISON.decode()}")
    as_json = second.wire(lambda request: MessageToJson(request, ensure_ascii=False).encode())
    for body, media_type in (
        (first.wire(), PROTOBUF),
        (as_json, {"Content-Type": "application/json"}),
        (poison.wire(), PROTOBUF),
    ):
        assert 200 == bridge.post(body, {**media_type, **BEARER}).status_code
    with exporting(bridge) as call:
        call(third.wire(), metadata=[("authorization", BEARER["Authorization"])])
    return [first, second, third, poison]


def _search_files(directory: Path, name: str, outputs: dict[str, bytes]) -> None:
    """Every byte below *directory*, but for what the user wrote himself."""
    own = {directory / file for file in ("bridge.yaml", "token")}
    for path, content in contents(directory):
        if path not in own:
            outputs[f"{name}: {path.relative_to(directory)}"] = content


def _search_letters(bridge: Bridge, environment: dict[str, str], outputs: dict[str, bytes]) -> None:
    command = ("dead-letters", "--config", bridge.config)
    listed = run(*command, "list", environment=environment)
    as_json = run(*command, "list", "--json", environment=environment)
    outputs["dead letters"] = (listed.out + listed.err + as_json.out + as_json.err).encode()
    for letter in json.loads(as_json.out):
        shown = run(*command, "show", letter["id"], environment=environment)
        outputs[f"dead letter {letter['id']}"] = (shown.out + shown.err).encode()


def _explode(
    directory: Path, environment: dict[str, str], bridge: Bridge, plot: Plot, outputs: dict[str, bytes]
) -> None:
    """The same directory again, with a fault in the receiver; Runscope takes what it was owed."""
    faulty = directory.parent / "faulty"
    faulty.mkdir()
    (faulty / "sitecustomize.py").write_text(FAULT)
    bridge.config.write_text(bridge.config.read_text().replace("json", "text"))
    body = f"explode {plot.secret('what the receiver stumbled on').secret}".encode()
    bridge.start(environment={**environment, "PYTHONPATH": str(faulty)})
    answer = bridge.post(body, {**PROTOBUF, **BEARER})
    with exporting(bridge) as call, pytest.raises(grpc.RpcError) as caught:
        call(body, metadata=[("authorization", BEARER["Authorization"])])
    assert (500, grpc.StatusCode.INTERNAL) == (answer.status_code, caught.value.code())
    outputs["answers to a fault"] = f"{answer.headers} {answer.text} {caught.value}".encode()
    eventually(lambda: bridge.metric("journal_backlog_records") == 0, "everything is delivered")
    bridge.stop()
    outputs["output, text"] = "".join(bridge.output).encode()


def _represented(file: Path, environment: dict[str, str]) -> bytes:
    config = load(file, environment)
    parts = (config, config.exporters, config.receivers, config.inspector, *config.exporters.values())
    return "".join(f"{part!r} {part}" for part in parts).encode()


def _convert(directory: Path, outputs: dict[str, bytes]) -> Plot:
    """What `convert` makes of a file with all places once more."""
    plot = Plot().everywhere()
    file = directory.parent / "request.pb"
    file.write_bytes(plot.wire())
    for target in ("alf", "runscope", "har"):
        ended = run("convert", file, "--to", target)
        assert 0 == ended.code, ended.err
        outputs[f"convert to {target}"] = (ended.out + ended.err).encode()
    return plot


def _received(vendor: VendorServer) -> bytes:
    return b"\n".join(f"{each.path} {each.headers}".encode() + each.body for each in vendor.requests)


def _tail(directory: Path, requests: Sequence[Received]) -> bytes:
    """What `tail` prints of all that was delivered."""
    config = directory.parent / "tail.yaml"
    config.write_text(f"inspector: {{endpoint: '127.0.0.1:{free_port()}'}}")
    lines = directory.parent / "lines"
    with lines.open("wb") as file:
        tail = Tail(file.fileno(), config, {})
        for each in requests:
            headers = {"Content-Type": "application/json"}
            assert httpx.post(
                tail.url + each.path, content=each.body, headers=headers, timeout=PATIENCE
            ).is_success
        code, _, err = tail.end()
    assert 0 == code
    return (tail.greeting + err).encode() + lines.read_bytes()
