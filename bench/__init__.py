"""`make bench`: what the bridge costs, in CPU microseconds per exchange, on recorded Kong traffic.

clock    how long work takes        stages    each stage alone, in this process
loads    what is worked on          program   `serve` under load: sender ─▶ serve ─▶ sink
"""
