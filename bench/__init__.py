"""`make bench`: what the bridge costs, in CPU microseconds per exchange, on recorded Kong traffic."""
