"""What can go wrong with the journal, as far as some caller treats it differently.

JournalError               reading failed for now, or one of these:
├── JournalLocked          another bridge owns the directory (start-up fails)
├── JournalTooNew          a newer version wrote it; nothing was touched (start-up fails)
├── JournalFull            a bound is reached; over as soon as there is room again
└── JournalUnwritable      the disk refuses to take data; tried anew with the next record
"""

from __future__ import annotations


class JournalError(Exception):
    """The message is a sentence for the operator and names the file or the directory."""


class JournalLocked(JournalError):  # noqa: N818 - a state, told by its name
    pass


class JournalTooNew(JournalError):  # noqa: N818
    pass


class JournalFull(JournalError):  # noqa: N818
    pass


class JournalUnwritable(JournalError):  # noqa: N818
    pass
