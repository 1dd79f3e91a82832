"""The collector's own validator and HAR's, over what is made of every recording."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

import pytest

from otel_bridge.formats import alf, har
from otel_bridge.formats.offline import gather
from otel_bridge.mapping.exchange import Body, HttpExchange
from otel_bridge.otlp.normalise import normalise
from tests.formats.exchanges import an_exchange
from tests.node_tools import run_node
from tests.recordings import HERE

FOLDERS = sorted({str(path.parent.relative_to(HERE)) for path in HERE.rglob("*.pb")})

ODD = [
    an_exchange(http_version="HTTP/3", status=0),
    an_exchange(http_version="", client_address="unknown", server_address="fe80::1%eth0"),
    an_exchange(client_address="2001:db8::1", server_address="::ffff:10.0.0.1"),
    an_exchange(captured=False, request_headers=(), response_headers=()),
    an_exchange(request_body=Body(content=b"\xff"), response_body=Body(content=b"\xff")),
    an_exchange(response_headers=(("set-cookie", "a=b; Expires=Wed, 21 Oct 2026 07:28:00 GMT"),)),
    an_exchange(url="http://example.com/orders/grüße/日本?q=é"),
]


def alf_document(entries: Iterable[HttpExchange], *, bodies: bool) -> bytes:
    written = [alf.entry(entry, bodies=bodies, extension=False) for entry in entries]
    return alf.document(written, service_token="token", environment=None)


def har_document(entries: Iterable[HttpExchange], *, bodies: bool) -> bytes:
    return har.document(har.entry(entry, bodies=bodies) for entry in entries)


@pytest.mark.field
@pytest.mark.parametrize(("kind", "document"), [("alf", alf_document), ("har", har_document)])
def test_validators_accept_everything(kind: str, document: Callable[..., bytes]) -> None:
    written = {"odd": ODD} | {name: exchanges(name) for name in FOLDERS}
    documents = {
        (name, bodies): document(found, bodies=bodies)
        for name, found in written.items()
        for bodies in (True, False)
    }
    said = run_node("validate.js", kind, stdin=b"\n".join(documents.values()))

    verdicts = dict(zip(documents, map(json.loads, said.splitlines()), strict=True))
    assert {} == {which: errors[:3] for which, errors in verdicts.items() if errors}


@pytest.mark.field
def test_the_validator_does_validate() -> None:
    (errors,) = map(json.loads, run_node("validate.js", "alf", stdin=b"{}").splitlines())

    assert "data.version" in {error["field"] for error in errors}


def exchanges(name: str) -> list[HttpExchange]:
    records = (normalise(path.read_bytes()).record for path in sorted((HERE / name).glob("*.pb")))
    return gather(records).exchanges
