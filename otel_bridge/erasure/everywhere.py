"""One erasure in all places, in the order in which traffic passes them."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path

from otel_bridge.erasure import dead_letters, journal
from otel_bridge.erasure.receipt import NOTHING, Erased, Receipt
from otel_bridge.erasure.selection import Selection
from otel_bridge.inspector.query import Query
from otel_bridge.inspector.store.interface import Period, Store
from otel_bridge.journal import DeadLetters, rewriting, state

# A bridge looks each second whether somebody asks for something.
_PATIENCE = 20.0


def erase(
    journal_directory: Path,
    store: Store | None,
    query: Query,
    period: Period,
    *,
    dry_run: bool,
    patience: float = _PATIENCE,
) -> Receipt:
    """Take what *query* means in *period* out of the journal, the dead letters and the inspector's *store*.

    A running bridge gets *patience* seconds to let go of the segment it writes. Raises JournalError or
    StoreError; what was erased until then stays erased.
    """
    receipt = Receipt(dry_run, False, NOTHING, {}, NOTHING, NOTHING, 0, ())
    selection = Selection(query, period)
    if journal_directory.is_dir():
        receipt = _from_journal(receipt, journal_directory, selection, patience)
    if store is not None:
        found = store.drop(query, period, dry_run=dry_run)
        receipt = receipt._replace(
            inspector=Erased(found.exchanges, found.files, found.oldest_us, found.newest_us),
            pinned=found.pinned,
            unread=(*receipt.unread, *store.held().quarantined),
        )
    return receipt


def _from_journal(receipt: Receipt, directory: Path, selection: Selection, patience: float) -> Receipt:
    dry_run = receipt.dry_run
    with ExitStack() as stack:
        running = False
        if not dry_run:
            running = stack.enter_context(rewriting.sealed(directory, patience=patience))
        outcome = journal.erase(directory, selection, dry_run=dry_run)
        letters = NOTHING
        if (directory / state.FILE).exists():
            opened = DeadLetters.open(directory, max_size=0, max_age_s=0)
            letters = dead_letters.erase(stack.enter_context(closing(opened)), selection, dry_run=dry_run)
    return receipt._replace(
        running=running,
        journal=outcome.erased,
        undelivered=dict(outcome.undelivered),
        dead_letters=letters,
        unread=tuple(map(str, rewriting.quarantined(directory))),
    )
