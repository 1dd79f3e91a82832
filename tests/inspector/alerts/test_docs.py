"""docs/alerts.md has the rules' keys and the metrics as the code has them, and its files are rules.

After a change: `python -m tests.inspector.alerts.test_docs` writes the tables anew.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from otel_bridge.cli import main
from otel_bridge.inspector.alerts.budget import LONGEST, MOST_EACH, MOST_OF_ALL, MOST_SHARE, SHORTEST
from otel_bridge.inspector.alerts.document import RuleDocument, read_rules
from otel_bridge.inspector.alerts.evaluator import MOST_GROUPS, MOST_GROUPS_EACH
from otel_bridge.inspector.alerts.grouping import NAMED, PLAIN, grouping
from otel_bridge.inspector.alerts.metrics import ROWS
from otel_bridge.inspector.alerts.rule import MOST_CHARACTERS, MOST_RULES
from otel_bridge.inspector.alerts.stored import MOST_READ, MOST_ROWS
from otel_bridge.inspector.alerts.window import FORGOTTEN, LATENESS, MOST_SLOTS

PAGE = Path(__file__).parents[3] / "docs" / "alerts.md"


def rule_table() -> str:
    rows = ["| Key | Default | Meaning | Example |", "|---|---|---|---|"]
    for name, field in RuleDocument.model_fields.items():
        (example,) = field.examples or [""]
        rows.append(f"| `{name}` | {_default(name)} | {field.description} | `{name}: {example}` |")
    return "\n".join(rows)


def _default(name: str) -> str:
    field = RuleDocument.model_fields[name]
    if field.is_required():
        return "required"
    spelled = {"within": "10m", "cooldown": "0s"}.get(name, field.default)
    if spelled in (None, "", ()):
        return ""
    return f"`{str(spelled).lower()}`"


def groups_table() -> str:
    return ", ".join(f"`{name}`" for name in (*PLAIN, *NAMED.values()))


def metrics_table() -> str:
    rows = ["| Metric | Labels | Meaning |", "|---|---|---|"]
    rows += [f"| `{each.exposed_name}` | {', '.join(each.labels)} | {each.help} |" for each in ROWS]
    return "\n".join(rows)


TABLES = {"rule": rule_table, "groups": groups_table, "metrics": metrics_table}


def block(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)", re.DOTALL)


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_are_the_code(name: str) -> None:
    found = block(name).search(PAGE.read_text())

    assert found is not None
    assert f"{TABLES[name]()}\n" == found.group()


def test_the_defaults_in_the_table_are_read_as_what_they_are() -> None:
    (plain,) = read_rules("rules: [{name: a, when: '', matches: 1}]", channels=None)
    (spelled,) = read_rules(
        "rules: [{name: a, when: '', matches: 1, within: 10m, cooldown: 0s}]", channels=None
    )

    assert plain == spelled


@pytest.mark.parametrize("name", RuleDocument.model_fields)
def test_each_example_is_one(name: str) -> None:
    (example,) = RuleDocument.model_fields[name].examples or [""]
    others = {"name": "a", "when": "''", "share" if name == "of_at_least" else "matches": "1"}
    if name in ("matches", "share", "fewer_than"):
        del others["matches"]
    text = "\n".join(f"    {key}: {value}" for key, value in (others | {name: example}).items())
    (rule,) = read_rules(f"rules:\n  -\n{text}\n", channels=None)

    assert getattr(rule, name) != RuleDocument.model_fields[name].default


def files() -> list[str]:
    return [
        text for text in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL) if "rules:" in text
    ]


@pytest.mark.parametrize("text", files())
def test_a_file_on_the_page_passes_the_check(text: str, tmp_path: Path) -> None:
    file = tmp_path / "alerts.yaml"
    file.write_text(text)
    result = CliRunner().invoke(main, ["alerts", "check", str(file)])

    assert (0, False) == (result.exit_code, "warning" in result.stdout)


def test_the_page_has_files_and_commands() -> None:
    commands = set(re.findall(r"otel-bridge alerts (\w+)", PAGE.read_text()))

    assert 2 <= len(files())
    assert {"apply", "check", "test"} == commands
    for name in commands:
        assert 0 == CliRunner().invoke(main, ["alerts", name, "--help"]).exit_code


def test_the_first_rule_takes_five_lines() -> None:
    assert 5 == len(files()[0].splitlines())


def test_groups_on_the_page_can_be_read() -> None:
    for per in re.findall(r"^ +per: (\S+)$", PAGE.read_text(), re.MULTILINE):
        grouping(per)


def test_the_numbers_in_the_text_are_the_codes() -> None:
    text = " ".join(PAGE.read_text().split())

    for number, said in {
        MOST_RULES: "More than 500 rules are refused",
        MOST_CHARACTERS: "cut after 200 characters",
        MOST_GROUPS_EACH: "tells 1,000 groups apart",
        MOST_GROUPS: "all rules together 20,000",
        MOST_ROWS: "Up to 20,000 are looked at",
        MOST_READ: "(2,000 where the group",
        MOST_SLOTS: "in 60 steps",
        round(MOST_EACH * 1e6): "over 100 µs",
    }.items():
        assert f"{number:,}" in said
        assert said in text
    assert (600, 86400, 0.2) == (LATENESS, FORGOTTEN, MOST_SHARE)
    assert (600, 86400, 0.5) == (SHORTEST, LONGEST, MOST_OF_ALL)


if __name__ == "__main__":
    page = PAGE.read_text()
    for each, table in TABLES.items():
        page = block(each).sub(lambda _, table=table: f"{table()}\n", page)  # type: ignore[misc]
    PAGE.write_text(page)
