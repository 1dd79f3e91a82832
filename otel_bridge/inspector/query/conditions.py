"""What a term asks of a field's value. Frozen values; `values.py` reads and spells them.

Which fields take which:

TEXT                     Equals, Glob, Regex, Exists
ADDRESS                  the same, and Network
STATUS, NUMBER           Compare, Range, Exists; plain integers
DURATION, SIZE           the same; µs and bytes
KEYED, JSON, XML         Equals, Glob, Regex, Exists, Compare, Range
BODY and bare text       Words, Phrase, Part; BODY also Regex, Exists
FLAG                     Equals
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Number = int | float
Operator = Literal["=", ">", ">=", "<", "<="]


@dataclass(frozen=True, slots=True)
class Exists:
    """Anything is there."""


@dataclass(frozen=True, slots=True)
class Equals:
    """The same text, the letter case of ASCII aside. JSON's numbers equal a number's text by value."""

    text: str


@dataclass(frozen=True, slots=True)
class Glob:
    """The whole text, letter case aside; `*` stands for any run of characters and nothing else is special."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Regex:
    """RE2, found anywhere in the text; letter case counts."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Compare:
    """A number that compares so."""

    operator: Operator
    number: Number


@dataclass(frozen=True, slots=True)
class Range:
    """A number from *low* to *high*, both included."""

    low: Number
    high: Number


@dataclass(frozen=True, slots=True)
class Network:
    """An IP address in this network, `10.0.0.0/8`."""

    cidr: str


@dataclass(frozen=True, slots=True)
class Words:
    """Each of the text's words (`words.words`) occurs, in any order."""

    text: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """Each word of the text occurs as a word, and the text occurs, letter case and idle white space aside."""

    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """The text occurs, inside words too; letter case aside."""

    text: str


Condition = Exists | Equals | Glob | Regex | Compare | Range | Network | Words | Phrase | Part
