"""OTLP in: both transports, their answers, and the way of a request into the journal."""
