"""A query cut into tokens, with their columns.

A token ends at white space or at a bracket, unless it began with a quote. What may stand after a field's
colon is cut by `value`, everything else by `token`: so the parser says where it is.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import NamedTuple

from otel_bridge.inspector.query import json_path, values, xml_path
from otel_bridge.inspector.query.errors import QuerySyntaxError
from otel_bridge.inspector.query.fields import ANYWHERE, BY_NAME
from otel_bridge.inspector.query.kinds import Field, Kind
from otel_bridge.inspector.query.words import fold

MOST_STEPS = 64
"""Of a path into JSON or XML."""


class Mark(Enum):
    OPEN = auto()
    CLOSE = auto()
    MINUS = auto()
    AND = auto()
    OR = auto()
    NOT = auto()
    FIELD = auto()
    BARE = auto()
    QUOTED = auto()
    PART = auto()
    """`*"text"*`"""
    PATTERN = auto()
    OPERATOR = auto()
    END = auto()


class Token(NamedTuple):
    mark: Mark
    start: int
    end: int
    text: str = ""
    """Without quotes, stars and slashes. FIELD: the argument."""
    field: Field = ANYWHERE


_SPACE = re.compile(r"\s*")
_BARE = re.compile(r"[^\s()]+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_PART = re.compile(r'\*"((?:[^"\\]|\\.)+)"\*', re.DOTALL)
_PATTERN = re.compile(r"/(?:[^\s/\\]|\\\S)+/(?=[\s()]|\Z)")
_OPERATOR = re.compile(r">=|<=|>|<")
_KEYWORDS = {"AND": Mark.AND, "OR": Mark.OR, "NOT": Mark.NOT}
_SINGLE = {"(": Mark.OPEN, ")": Mark.CLOSE}

_NAME = re.compile(
    "|".join(re.escape(name) for name in sorted(BY_NAME, key=len, reverse=True)), re.IGNORECASE
)
_NO_ARGUMENT = re.compile("():")
_ARGUMENTS = {
    Kind.KEYED: re.compile(r'(\.[^\s:()"\[\]]+|\["(?:[^"\\]|\\.)*"\]):', re.DOTALL),
    Kind.JSON: re.compile(f"({json_path.SEGMENT}+):", re.DOTALL),
    Kind.XML: re.compile(r'\.(/[^\s:()"]+):'),
}
_ARGUMENT_EXAMPLES = {Kind.KEYED: ".name", Kind.JSON: ".a.b[0]", Kind.XML: "./a/b"}
_COLON_AHEAD = re.compile(r"[.\[:][^\s()]*")


class Lexer:
    """Cuts *text*; `position` is where the next token is looked for."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def token(self) -> Token:
        """The next token where a term may begin. Raises `QuerySyntaxError`."""
        start = self.skip_space()
        text = self.text
        if start == len(text):
            return Token(Mark.END, start, start)
        if mark := _SINGLE.get(text[start]):
            return self._take(Token(mark, start, start + 1))
        if text[start] == "-":
            return self._minus(start)
        return self._field(start) or self._text(start, ANYWHERE)

    def value(self, field: Field) -> Token:
        """The next token where a value of *field* may stand. Raises `QuerySyntaxError`."""
        start = self.position
        text = self.text
        if start == len(text) or text[start].isspace():
            return Token(Mark.END, start, start)
        if mark := _SINGLE.get(text[start]):
            return self._take(Token(mark, start, start + 1))
        if match := _OPERATOR.match(text, start):
            return self._take(Token(Mark.OPERATOR, start, match.end(), match[0]))
        return self._text(start, field)

    def skip_space(self) -> int:
        match = _SPACE.match(self.text, self.position)
        assert match is not None
        self.position = match.end()
        return self.position

    def _take(self, token: Token) -> Token:
        self.position = token.end
        return token

    def _minus(self, start: int) -> Token:
        following = self.text[start + 1 : start + 2]
        if not following or following.isspace() or following == ")":
            raise QuerySyntaxError(
                "`-` leaves out what follows it without a space: write -word or -field:value",
                start,
                start + 1,
            )
        return self._take(Token(Mark.MINUS, start, start + 1))

    def _field(self, start: int) -> Token | None:
        """`name:`, or None where this is text."""
        match = _NAME.match(self.text, start)
        if match is None:
            return None
        field = BY_NAME[fold(match[0])]
        argument = _ARGUMENTS.get(field.kind, _NO_ARGUMENT).match(self.text, match.end())
        if argument is None:
            self._refuse_bad_argument(field, start, match.end())
            return None
        text = _canonical(field, argument[1])
        if _steps(field, text) > MOST_STEPS:
            raise QuerySyntaxError(
                f"the path has more than {MOST_STEPS} steps: shorten it", start, argument.end()
            )
        if field.kind is Kind.XML and not xml_path.is_path(text):
            raise _bad_argument(field, match.end(), argument.end() - 1)
        return self._take(Token(Mark.FIELD, start, argument.end(), text, field))

    def _refuse_bad_argument(self, field: Field, start: int, end: int) -> None:
        """Raise where someone meant *field*, but not as it is written."""
        ahead = _COLON_AHEAD.match(self.text, end)
        if field.kind in _ARGUMENTS and ahead is not None and ":" in ahead[0]:
            raise _bad_argument(field, start, end + ahead[0].index(":") + 1)

    def _text(self, start: int, field: Field) -> Token:
        text = self.text
        if text[start] == '"':
            return self._quoted(start)
        if match := _PART.match(text, start):
            return self._take(Token(Mark.PART, start, match.end(), values.unquoted(match[1])))
        match = _PATTERN.match(text, start)
        if match and values.is_pattern(field, match[0]):
            return self._take(Token(Mark.PATTERN, start, match.end(), match[0][1:-1]))
        match = _BARE.match(text, start)
        assert match is not None
        if field is not ANYWHERE and text.startswith("/^", start):
            raise QuerySyntaxError(
                "the pattern that begins here is not finished: end it with /; "
                "inside, write \\s for a space and \\/ for a slash",
                start,
                match.end(),
            )
        return self._take(Token(_KEYWORDS.get(match[0], Mark.BARE), start, match.end(), match[0]))

    def _quoted(self, start: int) -> Token:
        match = _QUOTED.match(self.text, start)
        if match is None:
            raise QuerySyntaxError(
                'the quote that opens here is never closed: add " where the text ends', start, len(self.text)
            )
        return self._take(Token(Mark.QUOTED, start, match.end(), values.unquoted(match[1])))


def _canonical(field: Field, argument: str) -> str:
    if field.kind is Kind.JSON:
        return json_path.spelled(json_path.read(argument))
    if field.kind is Kind.KEYED:
        name = json_path.read_name(argument)
        return name if field.name == "req.query" else fold(name)
    return argument


def _steps(field: Field, argument: str) -> int:
    if field.kind is Kind.JSON:
        return len(json_path.read(argument))
    return argument.count("/") if field.kind is Kind.XML else 1


def _bad_argument(field: Field, start: int, end: int) -> QuerySyntaxError:
    example = f"{field.name}{_ARGUMENT_EXAMPLES[field.kind]}:value"
    what = "a name" if field.kind is Kind.KEYED else "a path"
    hint = (
        "names without their prefix" if field.kind is Kind.XML else f'odd names as {field.name}["odd name"]'
    )
    return QuerySyntaxError(
        f"{field.name} needs {what} before the colon: write {example}, {hint}", start, end
    )
