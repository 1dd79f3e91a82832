"""Kong's own spans, of versions 3.0 to 3.9: which one is the exchange and what the others are.

All are in one instrumentation scope. The root is `kong`, before 3.3 `GET /path`; every other span of
the scope tells what Kong did inside an exchange. Their names before 3.3 are in brackets below.
"""

from __future__ import annotations

from typing import NamedTuple

from otel_bridge.mapping.bounds import LONGEST_NAME
from otel_bridge.mapping.memory import Memory

SCOPE = b"kong-internal"
ROOT = b"kong"

BALANCERS = ("kong.balancer", "balancer try")
"""One span for each try to reach an upstream."""

OWN_CALLS = ("kong.internal.request", "HTTP ")
"""HTTP calls made by plugins; they look like exchanges and are none."""

# Always directly below the root; everything else may hang below a plugin's span.
_BELOW_ROOT = (
    "kong.router",
    "kong.rewrite.plugin.",
    "kong.access.plugin.",
    "kong.header_filter.plugin.",
    "router",
    "rewrite phase: ",
    "access phase: ",
    "header_filter phase: ",
)


class HelperName(NamedTuple):
    text: str
    balancer: bool
    own_call: bool


def is_root(name: bytes) -> bool:
    """Whether a SERVER span of Kong's scope with this *name* is an exchange."""
    return name == ROOT or name.partition(b" ")[2][:1] == b"/"


def is_balancer(name: str) -> bool:
    return name.startswith(BALANCERS)


def _helper_name(name: bytes) -> HelperName:
    text = name[:LONGEST_NAME].decode(errors="replace")
    return HelperName(text, is_balancer(text), text.startswith(OWN_CALLS))


HELPER_NAMES = Memory(_helper_name, entries=1024, longest=128)
"""What the name of a helper span says."""


def may_hang_elsewhere(name: str, *, root_has_parent: bool) -> bool:
    """Whether a helper span's parent may be another span than its root.

    In 3.4 the caller's span is the parent of the balancer's span instead of the root's.
    """
    if is_balancer(name):
        return not root_has_parent
    return not name.startswith(_BELOW_ROOT)
