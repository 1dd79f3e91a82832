"""References inside text: `${env:NAME}`, `${env:NAME:-default}`, `${file:path}`; `$$` is a dollar sign.

As in the OpenTelemetry Collector: they may stand anywhere in a value, a default counts where the
variable is unset (not where it is empty), and file paths are relative to the working directory.
Line breaks at the end of a file are dropped, since editors and secret stores add them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

_REFERENCE = re.compile(r"\$\$|\$\{([^{}]*)(\}?)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class UnresolvedError(ValueError):
    """A reference that can't be resolved; the message names it, never what it stands for."""


def resolve(text: str, environment: Mapping[str, str]) -> str:
    """*text* with every reference replaced; raises UnresolvedError at the first that can't be."""
    if "$" not in text:
        return text
    return _REFERENCE.sub(lambda found: _value(found, environment), text)


def _value(found: re.Match[str], environment: Mapping[str, str]) -> str:
    inside, end = found[1], found[2]
    if inside is None:
        return "$"
    if not end:
        raise UnresolvedError("a reference `${` is not closed; write `$${` for these characters themselves")
    scheme, colon, rest = inside.partition(":")
    if scheme == "env" and colon:
        return _variable(rest, environment)
    if scheme == "file" and colon:
        return _file(rest)
    if _VARIABLE.fullmatch(inside):
        raise UnresolvedError(f"`${{{inside}}}` needs its kind: did you mean `${{env:{inside}}}`?")
    raise UnresolvedError("a reference is neither `${env:NAME}` nor `${file:path}`")


def _variable(reference: str, environment: Mapping[str, str]) -> str:
    name, has_default, default = reference.partition(":-")
    if not _VARIABLE.fullmatch(name):
        raise UnresolvedError("`${env:...}` does not hold the name of an environment variable")
    if name in environment:
        return environment[name]
    if not has_default:
        raise UnresolvedError(
            f"the environment variable {name} is not set: set it, or give a default, ${{env:{name}:-...}}"
        )
    return default


def _file(name: str) -> str:
    try:
        return Path(name).expanduser().read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise UnresolvedError(f"the file {name} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UnresolvedError(f"the file {name} is not UTF-8 text") from error
