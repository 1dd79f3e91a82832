"""What the book can't do.

BookError               the text is for the reader
├── NameTakenError      two rules would have the same name
├── TooManyRulesError   there are as many as there may be
├── DamagedError        what is in the file can't be read
└── TooNewError         a later version wrote the file
"""

from __future__ import annotations


class BookError(Exception):
    """Nothing was changed: the book can't be read or written at the moment, or not like this."""


class NameTakenError(BookError):
    pass


class TooManyRulesError(BookError):
    pass


class DamagedError(BookError):
    pass


class TooNewError(BookError):
    pass
