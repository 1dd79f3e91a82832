"""Recorded Kong traffic and its replay: what the demo, the tests and the benchmarks send."""
