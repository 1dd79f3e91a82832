"""What is wrong with a query, and where."""

from __future__ import annotations


class QuerySyntaxError(ValueError):
    """The text is not a query. The message says what to write instead, for the person who typed it.

    *start* and *end* are columns of the text in code points, from 0, *end* exclusive.
    """

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end

    @property
    def placed(self) -> str:
        """The message with its column, counted from 1, for where the text is not beside it."""
        return f"at column {self.start + 1}: {self.message}"
