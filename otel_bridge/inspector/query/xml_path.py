"""Paths into XML, a small part of XPath that costs linear time: `/a/b[2]/@id`, `//b`.

Names are without their prefix (`soap:Body` is `Body`), `*` is any name, `[2]` the second of its name below
its parent, `@id` at the end an attribute, `//` at the beginning any depth.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from lxml import etree

_SHAPE = re.compile(r"//?(?:[^/@\[\]]+(?:\[[1-9]\d{0,5}\])?(?:/(?=.)|$))*(?:@[^/@\[\]]+)?")
_STEP = re.compile(r"([^/@\[\]]+)(?:\[(\d+)\])?")


class XmlPath(NamedTuple):
    deep: bool
    """The first step may be anywhere."""
    steps: tuple[tuple[str, int], ...]
    """Local name and position from 1, 0 for all."""
    attribute: str


def is_path(text: str) -> bool:
    return len(text) > 1 and text != "//" and _SHAPE.fullmatch(text) is not None


def read(text: str) -> XmlPath:
    """*text*, which `is_path`, as its steps."""
    steps, _, attribute = text.partition("@")
    found = tuple((name, int(index or 0)) for name, index in _STEP.findall(steps))
    return XmlPath(text.startswith("//"), found, attribute)


def find(root: etree._Element, path: XmlPath) -> Iterator[str]:
    """The texts at *path*: of attributes, or of elements with all that is below them, stripped."""
    for element in _elements(root, path):
        if path.attribute:
            yield from _attributes(element, path.attribute)
        else:
            yield "".join(element.itertext(etree.Element)).strip()


def _elements(root: etree._Element, path: XmlPath) -> list[etree._Element]:
    if not path.steps:
        return list(root.iter(etree.Element)) if path.deep else [root]
    (name, position), *others = path.steps
    if path.deep:
        found = _picked(root.iter(_tag(name)), position)
    else:
        found = _picked([root] if name in ("*", _local(root.tag)) else [], position)
    for name, position in others:
        found = [child for parent in found for child in _picked(parent.iterchildren(_tag(name)), position)]
    return found


def _tag(name: str) -> str:
    """What lxml takes for elements of that local name; it compares several times as fast as we could."""
    return "*" if name == "*" else f"{{*}}{name}"


def _picked(elements: Iterable[etree._Element], position: int) -> list[etree._Element]:
    found = list(elements)
    return found[position - 1 : position] if position else found


def _attributes(element: etree._Element, name: str) -> Iterator[str]:
    for key, value in element.attrib.items():
        if _local(key) == name:
            yield str(value)


def _local(name: object) -> str:
    return str(name).rpartition("}")[2]
