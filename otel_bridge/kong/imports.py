"""Kong's retired `galileo` and `runscope` plugin blocks as a configuration of the bridge.

Nothing is lost silently: what can't be carried over stays in the text as a comment with its reason.
Tokens are carried as they are, since the text stands for the file it was made from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from otel_bridge.config.fields import key_type
from otel_bridge.config.models import EXPORTER_TYPES, ApplyTo, Inspector
from otel_bridge.config.selectors import clashes
from otel_bridge.documents.document import Document
from otel_bridge.documents.explain import explain
from otel_bridge.kong.declarative import UNNAMED
from otel_bridge.kong.gateway import Gateway, Plugin
from otel_bridge.retired import is_retired

_PLACEHOLDERS = {
    "service_token": "${env:GALILEO_SERVICE_TOKEN}",
    "host": "${env:GALILEO_HOST}",
    "access_token": "${env:RUNSCOPE_TOKEN}",
    "bucket_key": "${env:RUNSCOPE_BUCKET_KEY}",
}
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_INSPECTOR = Inspector().endpoint


@dataclass(slots=True)
class _Block:
    """One exporter's part of the text."""

    key: str
    plugin: Plugin
    settings: dict[str, Any] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)
    left_out: str = ""
    """Why the exporter stays a comment as a whole; "" where it does not."""
    uses_inspector: bool = False


class NothingToImportError(ValueError):
    """The gateway has no plugin block of the two kinds."""


def convert(gateway: Gateway) -> str:
    """A configuration that does what the plugin blocks of *gateway* did; raises NothingToImportError."""
    plugins = [plugin for plugin in gateway.plugins if plugin.name in EXPORTER_TYPES]
    if not plugins:
        raise NothingToImportError("holds no `galileo` and no `runscope` plugin")
    blocks: list[_Block] = []
    for plugin in plugins:
        blocks.append(_block(plugin, blocks))
    lines = [*_head(len(plugins)), "exporters:"]
    for block in blocks:
        lines += _written(block)
    if any(block.uses_inspector and not block.left_out for block in blocks):
        lines += ["inspector:", "  enabled: true"]
    return "".join(f"{line}\n" for line in lines)


def _head(count: int) -> Iterator[str]:
    yield f"# From {count} plugin block{'' if count == 1 else 's'} of Kong, by `otel-bridge kong import`."
    yield '# Tokens stand here as they stood there; a reference is safer: "${env:GALILEO_SERVICE_TOKEN}".'
    yield "# Certificates are checked unless a block said `https_verify`; the plugins did not by default."
    yield "# Names in apply_to are those of Kong's services (once APIs), routes and consumers. Kong sends"
    yield "# them with the capture only: see `otel-bridge kong capture`."


def _block(plugin: Plugin, before: list[_Block]) -> _Block:
    block = _Block(_key(plugin, {other.key for other in before}), plugin)
    _select(block)
    _carry(block)
    if plugin.name == "galileo":
        _replace_retired_host(block)
    _drop_invalid(block)
    _fill_required(block)
    others = {other.key: _apply_to(other) for other in before if not other.left_out}
    if not plugin.enabled:
        block.left_out = "was switched off (enabled: false)"
    elif plugin.scope.group:
        block.left_out = "can't be selected: consumer groups do not reach the bridge"
    elif any(clashes(others | {block.key: _apply_to(block)})):
        block.left_out = "is one too many for the same traffic"
    return block


def _key(plugin: Plugin, taken: set[str]) -> str:
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", "-".join(filter(None, plugin.scope)))
    base = f"{plugin.name}/{name}" if name else plugin.name
    if base not in taken:
        return base
    return next(
        key for n in range(2, len(taken) + 3) if (key := f"{plugin.name}/{name or 'other'}-{n}") not in taken
    )


def _select(block: _Block) -> None:
    scope = block.plugin.scope
    selectors = {part: getattr(scope, part) for part in ("service", "route", "consumer")}
    for part, name in selectors.items():
        if name.startswith(UNNAMED) or _UUID.fullmatch(name):
            block.comments.append(f"this {part} has no name in Kong: give it one, and put it into apply_to")
    if any(selectors.values()):
        block.settings["apply_to"] = {part: name for part, name in selectors.items() if name}


def _apply_to(block: _Block) -> ApplyTo:
    return ApplyTo.model_validate(block.settings.get("apply_to"))


def _carry(block: _Block) -> None:
    known = EXPORTER_TYPES[block.plugin.name].model_fields
    for name, value in block.plugin.config.items():
        if name in known and name != "apply_to":
            if value is not None:
                block.settings[name] = value
        else:
            block.comments.append(f"not carried over, there is no such setting: {_pair(name, value)}")


def _replace_retired_host(block: _Block) -> None:
    host = block.settings.get("host")
    if host and not is_retired(str(host)):
        return
    block.comments.append(
        f"{host or 'collector.galileo.mashape.com'} is shut down: the inspector takes its place"
    )
    for name in ("host", "port", "https", "https_verify"):
        if name in block.settings and name != "host":
            block.comments.append(
                f"not carried over, it was that host's: {_pair(name, block.settings[name])}"
            )
        block.settings.pop(name, None)
    block.settings |= {"host": _INSPECTOR.host, "port": _INSPECTOR.port, "https": False, "extensions": True}
    block.uses_inspector = True


def _drop_invalid(block: _Block) -> None:
    """Turn every setting that the bridge would refuse into a comment."""
    model = EXPORTER_TYPES[block.plugin.name]
    try:
        model.model_validate(block.settings)
    except ValidationError as error:
        wrong = {str(detail["loc"][0]) for detail in error.errors()}
        reasons = {
            fault.path.partition(".")[0]: fault.message for fault in explain(error, model, Document(), ())
        }
        for name in wrong & block.settings.keys():
            value = block.settings.pop(name)
            block.comments.append(f"not carried over, it {reasons[name]}: {_pair(name, value)}")


def _fill_required(block: _Block) -> None:
    for name, model_field in EXPORTER_TYPES[block.plugin.name].model_fields.items():
        if model_field.is_required() and name not in block.settings:
            block.settings[name] = _Reference(_PLACEHOLDERS[name])
            block.comments.append(f"{name} was missing or unusable: set the variable before you start")


class _Reference(str):
    """Text whose `${...}` is meant."""

    __slots__ = ()


def _written(block: _Block) -> Iterator[str]:
    lines = [f"  # {block.plugin.name}, {block.plugin.place}"]
    if block.left_out:
        lines[0] += f": {block.left_out}"
    lines += [f"  # {comment}" for comment in block.comments]
    lines = ["".join(map(_visible, line)) for line in lines]
    mark = "  # " if block.left_out else "  "
    lines.append(f"{mark}{block.key}:")
    lines += [f"{mark}  {_pair(name, value)}" for name, value in _in_order(block)]
    return iter(lines)


def _in_order(block: _Block) -> list[tuple[str, Any]]:
    order = list(EXPORTER_TYPES[key_type(block.key)].model_fields)
    required_first = {"apply_to": -4, "service_token": -3, "access_token": -3, "bucket_key": -2, "host": -2}
    return sorted(block.settings.items(), key=lambda item: required_first.get(item[0], order.index(item[0])))


def _pair(name: str, value: object) -> str:
    return f"{name}: {_yaml(value)}"


def _yaml(value: object) -> str:
    """*value* in one line of YAML, a dollar sign meaning itself."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_yaml(key)}: {_yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_yaml, value)) + "]"
    if isinstance(value, str):
        text = value if isinstance(value, _Reference) else value.replace("$", "$$")
        return "".join(map(_visible, json.dumps(text, ensure_ascii=False)))
    return json.dumps(value, default=str)


def _visible(character: str) -> str:
    # YAML forbids or folds what can't be seen, even inside of quotes.
    return character if character.isprintable() else f"\\U{ord(character):08x}"
