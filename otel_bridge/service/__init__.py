"""`otel-bridge serve`: the pieces put together, started, watched and stopped."""
