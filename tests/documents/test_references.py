from __future__ import annotations

from pathlib import Path

import pytest

from otel_bridge.documents.references import UnresolvedError, resolve

ENVIRONMENT = {"NAME": "value", "EMPTY": "", "_X1": "$${env:NAME}"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("${env:NAME}", "value"),
        ("a${env:NAME}b${env:NAME}c", "avaluebvaluec"),
        ("${env:UNSET:-else}", "else"),
        ("${env:UNSET:-}", ""),
        ("${env:UNSET:-http://h:1/$$x}", "http://h:1/$$x"),
        ("${env:EMPTY:-else}", ""),
        ("${env:NAME:-else}", "value"),
        ("$${env:NAME}", "${env:NAME}"),
        ("$$$${x}", "$${x}"),
        ("$$${env:NAME}", "$value"),
        ("costs 5$", "costs 5$"),
        ("^a{2}$", "^a{2}$"),
        ("$NAME", "$NAME"),
        # what a variable holds is a value, not again a text with references
        ("${env:_X1}", "$${env:NAME}"),
    ],
)
def test_references(text: str, expected: str) -> None:
    assert expected == resolve(text, ENVIRONMENT)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${env:UNSET}", "environment variable UNSET is not set"),
        ("${NAME}", r"did you mean `\$\{env:NAME\}`"),
        ("${env:}", "name of an environment variable"),
        ("${env:9X}", "name of an environment variable"),
        ("${env:NAME", "is not closed"),
        ("${yaml:a: 1}", "neither"),
        ("${}", "neither"),
        ("${file:/nowhere/at/all}", "the file /nowhere/at/all can't be read: No such file"),
    ],
)
def test_what_can_not_be_resolved_is_said(text: str, message: str) -> None:
    with pytest.raises(UnresolvedError, match=message):
        resolve(text, ENVIRONMENT)


def test_a_file_loses_the_line_breaks_at_its_end_only(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first\nsecond\r\n\n")

    assert "<first\nsecond>" == resolve(f"<${{file:{file}}}>", {})


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(b"\xff\xfe")

    with pytest.raises(UnresolvedError, match="is not UTF-8 text"):
        resolve(f"${{file:{file}}}", {})
