"""The embedded store: SQLite files, one for each hour. All SQL of the inspector is in this package."""

from otel_bridge.inspector.store.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
