"""Secrets out of traces and logs before anything is written. Pure: no sockets, clocks or randomness.

record ──trigger: nothing suspicious in the bytes (nearly always)──▶ the same record
   └──▶ suspicious spans, log records ──keys, texts, codings──▶ values replaced by REDACTED, marks set
"""

from otel_bridge.redaction.redactor import Redacted, Redactor
from otel_bridge.redaction.rules import DEFAULTS, RedactionRules

__all__ = ["DEFAULTS", "Redacted", "RedactionRules", "Redactor"]
