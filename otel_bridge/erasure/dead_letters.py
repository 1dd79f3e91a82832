"""Erasing from the dead letters: those with nothing else in them are dropped, the others cut."""

from __future__ import annotations

from otel_bridge.erasure.cutting import cut
from otel_bridge.erasure.receipt import NOTHING, Erased, added
from otel_bridge.erasure.selection import Selection
from otel_bridge.journal import DeadLetters


def erase(letters: DeadLetters, selection: Selection, *, dry_run: bool) -> Erased:
    """Raises JournalError; what was erased until then stays erased."""
    erased = NOTHING
    for number in [letter.id for letter in letters.list() if letter.size]:
        letter = letters.get(number)
        if letter is None or letter.otlp is None:
            continue
        found = selection.of(letter.otlp, received_ns=letter.last_ns)
        erased = added(erased, [each.started_us for each in found])
        if found and not dry_run:
            left = letter.exchanges - len(found)
            if left > 0:
                rest = cut(letter.otlp, {each.span for each in found}, {each.trace_id for each in found})
                letters.cut(number, otlp=rest or b"", exchanges=left)
            else:
                letters.drop([number])
    if erased.exchanges and not dry_run:
        letters.scrub()
    return erased
