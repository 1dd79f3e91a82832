"""What looks like a slip in a query that is none: a field's name that is nearly one."""

from __future__ import annotations

import difflib
import re
from typing import NamedTuple

from otel_bridge.inspector.query.conditions import Words
from otel_bridge.inspector.query.fields import ANYWHERE, BY_NAME
from otel_bridge.inspector.query.tree import Query, terms
from otel_bridge.inspector.query.words import fold

# A name and its colon, but not the beginning of a URL or of host:port.
_NAMED = re.compile(r"([A-Za-z][A-Za-z._]{1,20}):(?!//)\S")
_NEAR = 0.75


class Hint(NamedTuple):
    """For the person; the query runs as it is."""

    text: str
    """The word in question."""
    message: str


def hints(query: Query) -> tuple[Hint, ...]:
    """Bare words that were perhaps meant as `field:value`; a colon binds only after a field's name."""
    found = []
    for term in terms(query):
        if term.field is ANYWHERE and isinstance(term.condition, Words):
            match = _NAMED.match(term.condition.text)
            near = difflib.get_close_matches(fold(match[1]), BY_NAME, n=1, cutoff=_NEAR) if match else []
            if match and near:
                meant = BY_NAME[near[0]]
                message = f"{match[1]} is no field, so this looks for words: did you mean {meant.name}"
                found.append(Hint(term.condition.text, f"{message}, as in {meant.example} ?"))
    return tuple(found)
