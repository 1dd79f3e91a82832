"""Exchanges as files for other programs, one exchange at a time.

store ──found──▶ exchanges ──written──▶ HAR, NDJSON, OTLP or CSV, in pieces
"""

from otel_bridge.inspector.export.formats import FORMATS, Format, written
from otel_bridge.inspector.export.found import found, total

__all__ = ["FORMATS", "Format", "found", "total", "written"]
