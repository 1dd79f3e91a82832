"""YAML files that people write, read so that every fault can be said at once, with its path and line.

    text ── document, references ─▶ data and lines ── a pydantic model, values ─▶ frozen sections
                                                              └─ explain ─▶ faults

The bridge's configuration, the rules of alerts and Kong's declarative files are such documents.
"""
