"""Live traffic alerts: when *query* matches so often within so long for each group, tell these channels.

    live ─▶ engine ─▶ changes ─▶ book (alerts.db: firings, history, outbox) ─▶ courier ─▶ channels

The engine counts and knows no disk; the book decides who is told what and forgets nothing; the courier
sends until it is done. Rules about the bridge itself (`watches.py`) make changes of the same kind.
"""
