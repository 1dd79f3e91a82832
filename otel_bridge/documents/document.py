"""YAML text to plain data, with the line of every key and every fault of the text at once.

Nodes are composed and then read here instead of being constructed by the library: so each value's
line is known, duplicate keys are all found, and references are resolved in text values only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from otel_bridge.documents.faults import ConfigError, Fault
from otel_bridge.documents.references import UnresolvedError, resolve

Path = tuple[str | int, ...]

_TAG = "tag:yaml.org,2002:"
_MERGE = _TAG + "merge"


class Unreadable:
    """Stands for a value that had a fault of its own, so that nothing else is said about it."""

    def __repr__(self) -> str:
        return "Unreadable()"


UNREADABLE = Unreadable()


@dataclass(slots=True)
class Document:
    """What a YAML text says. `data` is None where the text is empty or could not be read."""

    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def line(self, path: Path) -> int | None:
        """The line of *path*, or of the nearest thing around it that has one."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)


def read(text: str, environment: Mapping[str, str] | None) -> Document:
    """Read *text*; references are left as they are where *environment* is None. Never raises."""
    document = Document()
    yaml = YAML(typ="safe", pure=True)
    # YAML allows it, and the library's warning goes to stderr with the line, which may hold a token.
    yaml.composer.warn_double_anchors = False
    try:
        node = yaml.compose(text)
        if node is not None:
            _Reader(document, yaml, environment).read(node, ())
    except RecursionError:
        document.faults.append(Fault("", None, "is nested too deeply"))
    except YAMLError as error:
        document.faults.append(_syntax_fault(error, text))
    return document


def text_of(file: FilePath) -> str:
    """The text of *file*, without a byte order mark. Raises ConfigError."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError([Fault("", None, f"can't be read: {error.strerror}")], file) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError([Fault("", line, "is not UTF-8 text")], file) from error


def dotted(path: Path) -> str:
    """`exporters.galileo.port`, `redaction.patterns[2]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


class _Reader:
    def __init__(self, document: Document, yaml: YAML, environment: Mapping[str, str] | None) -> None:
        self._document = document
        self._constructor = yaml.constructor
        self._environment = environment
        self._open: set[int] = set()

    def read(self, node: Node, path: Path) -> None:
        self._document.lines[()] = _line(node)
        self._document.data = self._value(node, path)

    def _value(self, node: Node, path: Path) -> Any:
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        if node.tag not in (_TAG + "map", _TAG + "seq"):
            return self._fault(path, node, "has a tag that means nothing here")
        if id(node) in self._open:
            return self._fault(path, node, "an alias stands inside of what it names")
        self._open.add(id(node))
        try:
            if isinstance(node, MappingNode):
                return self._mapping(node, path)
            return [self._item(item, (*path, index)) for index, item in enumerate(node.value)]
        finally:
            self._open.discard(id(node))

    def _item(self, node: Node, path: Path) -> Any:
        self._document.lines[path] = _line(node)
        return self._value(node, path)

    def _mapping(self, node: MappingNode, path: Path) -> Any:
        result: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                merged |= self._merge(value_node, path)
                continue
            if not isinstance(key_node, ScalarNode):
                self._fault(path, key_node, "a key has to be a plain name")
                continue
            key = str(key_node.value)
            here = (*path, key)
            if key in result:
                first = self._document.lines[here]
                self._fault(here, key_node, f"is given twice, first in line {first}")
                continue
            self._document.lines[here] = _line(key_node)
            result[key] = self._value(value_node, here)
        return {key: value for key, value in merged.items() if key not in result} | result

    def _merge(self, node: Node, path: Path) -> dict[str, Any]:
        if isinstance(node, MappingNode):
            value = self._value(node, path)
            return value if isinstance(value, dict) else {}
        if isinstance(node, SequenceNode):
            merged: dict[str, Any] = {}
            for item in reversed(node.value):  # the first one wins
                merged |= self._merge(item, path)
            return merged
        self._fault(path, node, "`<<` merges mappings only")
        return {}

    def _scalar(self, node: ScalarNode, path: Path) -> Any:
        tag = str(node.tag)
        if not tag.startswith(_TAG) or tag == _TAG + "binary":
            return self._fault(path, node, "has a tag that means nothing here")
        if tag == _TAG + "str":
            return self._text(node, path)
        if tag == _TAG + "timestamp":
            return str(node.value)
        try:
            return self._constructor.construct_object(node, deep=True)
        except (YAMLError, ValueError):
            return self._fault(path, node, f"is not a valid {tag.removeprefix(_TAG)}")

    def _text(self, node: ScalarNode, path: Path) -> Any:
        text = str(node.value)
        if self._environment is None:
            return text
        try:
            return resolve(text, self._environment)
        except UnresolvedError as fault:
            return self._fault(path, node, str(fault))

    def _fault(self, path: Path, node: Node, message: str) -> Unreadable:
        self._document.faults.append(Fault(dotted(path), _line(node), message))
        return UNREADABLE


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _syntax_fault(error: YAMLError, text: str) -> Fault:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = int(mark.line) + 1 if mark is not None else None
    problem = str(getattr(error, "problem", "") or "") if isinstance(error, MarkedYAMLError) else ""
    lines = text.splitlines()
    if line is not None and line <= len(lines) and "\t" in lines[line - 1][: _indent(lines[line - 1]) + 1]:
        return Fault("", line, "is indented with a tab: YAML wants blanks")
    if line is not None and "${" in "".join(lines[line - 1 : line]):
        return Fault("", line, 'is not YAML: inside of { } and [ ] a reference needs quotes, "${env:NAME}"')
    return Fault("", line, f"is not YAML: {problem or 'a character that is not allowed'}")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
