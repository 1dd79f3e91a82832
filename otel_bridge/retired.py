"""Galileo's own collectors, which are shut down: whoever names one has to hear so."""

from __future__ import annotations

# The collectors answered below these; all of them are gone.
_DOMAINS = ("mashape.com", "apianalytics.com")


def is_retired(host: str) -> bool:
    """Whether *host* was one of Galileo's collectors."""
    bare = host.lower().rstrip(".")
    return any(bare == domain or bare.endswith(f".{domain}") for domain in _DOMAINS)
