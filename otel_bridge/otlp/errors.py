"""What the decoders raise."""

from __future__ import annotations


class UndecodableError(ValueError):
    """The body is not what it should be; the message is one sentence for its sender."""
