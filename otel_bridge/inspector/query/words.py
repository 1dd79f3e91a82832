"""Texts as the query language compares them.

Laws: `words` cuts and folds exactly as SQLite's FTS5 does with its `ascii` tokenizer, so that the store's
index and the closure find the same. Letter case counts for ASCII only, as in SQLite's NOCASE and LIKE.
"""

from __future__ import annotations

import re

# FTS5's ascii tokenizer: letters and digits of ASCII, and everything beyond it.
_WORD = re.compile("[0-9A-Za-z\x80-\U0010ffff]+")
# A space next to punctuation says nothing: `"total": 1` is `"total":1`.
_IDLE_SPACE = re.compile("(?<=[\x00-/:-@[-`{-\x7f]) | (?=[\x00-/:-@[-`{-\x7f])")


def fold(text: str) -> str:
    """*text* with the letters A to Z in lower case, and no other change."""
    if text.isascii():
        return text.lower()
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def words(text: str) -> list[str]:
    """The words of *text*, folded, in order."""
    return _WORD.findall(fold(text))


def squeezed(text: str) -> str:
    """*text* without the white space that only lays it out; white space between words becomes one space."""
    return _IDLE_SPACE.sub("", " ".join(text.split()))
