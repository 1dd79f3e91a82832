"""`make bench-peers`: the bridge beside what else one could put there, on the same recorded traffic.

    sender process ──OTLP/HTTP──▶ bridge | collector | rotel ──ALF or OTLP──▶ sink process

peers    the programs, each in its set-ups       measure   one program under one load
bridge, collector, rotel    how each is run      growth    the bridge with more APIs, and a backlog
child    a program on a core of its own          table     what was measured, in a terminal or in Markdown
"""
