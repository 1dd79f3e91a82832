"""Spans to HTTP exchanges. Pure: no sockets, clocks or randomness."""
