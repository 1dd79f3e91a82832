"""Pydantic's errors in the words of this program.

Only locations and kinds are taken from them: the inputs they carry may be secrets.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from otel_bridge.documents.document import Document, Path, Unreadable, dotted
from otel_bridge.documents.faults import Fault, did_you_mean

_PLAIN = {
    "missing": "is required",
    "bool_type": "is neither true nor false",
    "bool_parsing": "is neither true nor false",
    "string_type": "is not text: put it in quotes",
    "tuple_type": "is not a list",
    "dict_type": "is not a mapping of keys to values",
    "model_type": "is not a mapping of keys to values",
}


def explain(
    error: ValidationError, model: type[BaseModel], document: Document, prefix: Path
) -> Iterator[Fault]:
    """A fault for each thing *error* says about the part of *document* at *prefix*."""
    for detail in error.errors(include_url=False):
        # Pydantic says so where a key of a mapping is wrong; the key itself stands before it.
        location = tuple(part for part in detail["loc"] if part != "[key]")
        path = (*prefix, *location)
        if isinstance(detail["input"], Unreadable):
            continue
        yield Fault(dotted(path), document.line(path), _message(detail, model, location))


def nearest_key(model: type[BaseModel], location: Path) -> str:
    """A hint for the unknown key at *location*, counted from *model*."""
    owner = _model_at(model, location[:-1])
    names = [field.alias or name for name, field in owner.model_fields.items()] if owner else ()
    return did_you_mean(str(location[-1]), names)


def _message(detail: ErrorDetails, model: type[BaseModel], location: Path) -> str:
    kind = detail["type"]
    if kind == "extra_forbidden":
        return f"is unknown; {nearest_key(model, location)}"
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    if kind in ("literal_error", "enum"):
        choices = re.findall(r"'(\w+)'", detail["ctx"]["expected"])
        return f"must be one of {', '.join(choices)}{_near(detail['input'], choices)}"
    return _PLAIN.get(kind, "is not valid")


def _near(value: object, choices: list[str]) -> str:
    """A hint that holds nothing of *value* itself."""
    near = difflib.get_close_matches(str(value), choices, n=1)
    return f"; did you mean `{near[0]}`?" if near else ""


def _model_at(model: type[BaseModel], location: Path) -> type[BaseModel] | None:
    found: type[BaseModel] | None = model
    for part in location:
        if isinstance(part, int) or found is None:
            continue
        field = found.model_fields.get(part)
        found = _submodel(field.annotation) if field else None
    return found


def _submodel(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_submodel, get_args(annotation))), None)
