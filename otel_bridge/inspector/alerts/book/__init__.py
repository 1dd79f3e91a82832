"""alerts.db: the rules, what fires and fired, what is not to be told, and what is still to be sent.

    AlertBook ─┬─ rules ── rule_document         made, changed, removed
               ├─ firings ── history             begun, ended; read and forgotten
               ├─ snoozes
               ├─ teller ── telling, messages    who is told, decided by a pure policy
               └─ outbox                         until it is delivered

Everything is one file, and what belongs together one transaction: a restart neither forgets nor repeats.
"""

from otel_bridge.inspector.alerts.book.book import FILE_NAME, AlertBook
from otel_bridge.inspector.alerts.book.errors import BookError, NameTakenError, TooManyRulesError
from otel_bridge.inspector.alerts.book.telling import HeldBack
from otel_bridge.inspector.alerts.book.values import Applied, Firing, FiringPage, Outgoing, Snooze, Told

__all__ = [
    "FILE_NAME",
    "AlertBook",
    "Applied",
    "BookError",
    "Firing",
    "FiringPage",
    "HeldBack",
    "NameTakenError",
    "Outgoing",
    "Snooze",
    "Told",
    "TooManyRulesError",
]
