"""Exchanges in a terminal: `otel-bridge tail`."""
