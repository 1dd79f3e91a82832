"""Reading and emptying buckets, as the Runscope API lets its users."""

from otel_bridge.inspector.buckets.routes import routes

__all__ = ["routes"]
