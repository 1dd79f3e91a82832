"""The query language: one for search, live tail and alerts.

text ──parse──▶ tree ──matcher──▶ closure over a `Subject`        (here)
                  └────compile──▶ SQL                             (the store's)

`fields.FIELDS` is the language's table: its help, its docs and its completions are made from it. What a
condition means is said once, in `conditions.py`; what text searches in, in `searchable.py`; which words a
text has, in `words.py`. For the query box: `complete.py`, `hints.py`, `paste.py`, `edit.py`.
"""

from otel_bridge.inspector.query.errors import QuerySyntaxError
from otel_bridge.inspector.query.fields import FIELDS
from otel_bridge.inspector.query.kinds import Field, Kind
from otel_bridge.inspector.query.matcher import Matcher, matcher
from otel_bridge.inspector.query.parser import parse
from otel_bridge.inspector.query.searchable import text_of
from otel_bridge.inspector.query.subject import Subject
from otel_bridge.inspector.query.tree import All, And, Not, Or, Query, Term

__all__ = [
    "FIELDS",
    "All",
    "And",
    "Field",
    "Kind",
    "Matcher",
    "Not",
    "Or",
    "Query",
    "QuerySyntaxError",
    "Subject",
    "Term",
    "matcher",
    "parse",
    "text_of",
]
