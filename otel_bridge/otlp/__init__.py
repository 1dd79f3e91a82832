"""OTLP as bytes and messages: decoding, normalising, JSON. Pure: no sockets, clocks or randomness."""
