"""The inspector's JSON API, and the pages in front of it.

    app.py       puts it together; `guard.py` lets in who may come
    traffic.py   search, counts, completions       ─┐
    exchanges.py one exchange, its bodies, pinning  ├─ the routes, by what they are about
    live.py      what arrives, as it arrives        │
    status.py    how the inspector is               ─┘
    shapes.py    what goes out: the JSON documents; `views.py` makes them, `body_view.py` the bodies' part

Routes ask the store in worker threads: a slow search holds up nobody.
"""
