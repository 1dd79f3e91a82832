"""Erasing what came as an access log, and what came as a span and a log."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from otel_bridge.erasure import erase
from otel_bridge.inspector.query import Query, parse
from otel_bridge.inspector.store.interface import EVER
from otel_bridge.journal import Journal, Signal
from otel_bridge.mapping import as_traces, spot
from tests.access_logs import Access, logs, spans
from tests.erasure.test_everywhere import CANARY, ERASED, has_canary
from tests.journal import PATIENCE, open_journal, read_all

ANNAS = Access(1, {"kong.auth.consumer.username": CANARY})
OTHERS = Access(2)


def keep(journal: Journal, signal: Signal, body: bytes) -> None:
    journal.append(signal, body).result(PATIENCE)


def test_her_access_log_goes_and_the_others_keep_their_addresses(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path)) as journal:
        keep(journal, Signal.LOGS, logs(ANNAS, OTHERS))
    receipt = erase(tmp_path, None, ERASED, EVER, dry_run=False)

    assert 1 == receipt.journal.exchanges
    assert [] == has_canary(tmp_path)
    with closing(open_journal(tmp_path)) as journal:
        (record,) = read_all(journal)
        (left,) = spot(as_traces(record.body)).exchanges

    assert Signal.LOGS is record.signal
    assert (OTHERS.request_id, (0, 0, 1)) == (left.exchange.request_id, left.span)


@pytest.mark.parametrize(
    "query", [ERASED, parse(f"path:{ANNAS.path}"), parse("status:201 consumer:anna.canary@example.com")]
)
@pytest.mark.parametrize("first", [Signal.TRACES, Signal.LOGS])
def test_both_accounts_of_her_request_go_whichever_of_them_names_her(
    tmp_path: Path, query: Query, first: Signal
) -> None:
    bodies = {Signal.TRACES: spans(ANNAS, OTHERS), Signal.LOGS: logs(ANNAS, OTHERS)}
    with closing(open_journal(tmp_path)) as journal:
        for signal in sorted(Signal, key=lambda each: each is not first):
            keep(journal, signal, bodies[signal])
    receipt = erase(tmp_path, None, query, EVER, dry_run=False)

    assert 1 == receipt.journal.exchanges
    needle = ANNAS.request_id.encode()
    assert [] == [path for path in tmp_path.rglob("*") if path.is_file() and needle in path.read_bytes()]
    with closing(open_journal(tmp_path)) as journal:
        assert all(OTHERS.request_id.encode() in record.body for record in read_all(journal))
