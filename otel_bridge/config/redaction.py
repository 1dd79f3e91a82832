"""The `redaction` section as the rules that the receiver applies."""

from __future__ import annotations

from otel_bridge.config.models import Redaction
from otel_bridge.redaction import DEFAULTS, RedactionRules


def redaction_rules(section: Redaction) -> RedactionRules:
    """The section's lists, on top of the defaults unless it says `defaults: false`."""
    rules = DEFAULTS if section.defaults else RedactionRules.none()
    return rules.extended(
        headers=section.headers,
        query=section.query,
        fields=section.fields,
        patterns=section.patterns,
    )
