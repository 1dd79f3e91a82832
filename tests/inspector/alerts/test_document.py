"""Rules as people write them: every fault with its place, and nothing lost on the way there and back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from otel_bridge.documents.document import Document
from otel_bridge.documents.explain import explain
from otel_bridge.documents.faults import ConfigError
from otel_bridge.inspector.alerts.document import RuleDocument, read_rules
from otel_bridge.inspector.alerts.grouping import NAMED, PLAIN, is_clean
from otel_bridge.inspector.alerts.rule import (
    MOST_RULES,
    Count,
    Origin,
    Rule,
    Severity,
    Share,
    Silence,
    Watch,
    Watched,
)
from tests.inspector.strategies import query_texts

FAULTS = sorted((Path(__file__).parent / "faults").glob("*.yaml"))
CHANNELS = ("slack", "email", "pagerduty/oncall")
ID = "0123456789abcdef"

EVERYTHING = """
rules:
  - name: Orders fail
    when: status:5xx service:orders
    matches: 5
    within: 15m
    per: consumer
    severity: critical
    cooldown: 1h
    notify: [slack, pagerduty/oncall, slack]
    note: |
      The card processor is down again?
      Ask them first.
    runbook: https://wiki.example.com/orders?page=5xx#first
    enabled: false
  - {name: Too slow, when: "duration:>2s", share: 12.5%, of_at_least: 50, notify: email}
  - {name: Silence, when: "", fewer_than: 1, within: 300}
"""


def faults_of(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read_rules(text, channels=CHANNELS)
    return [f"{fault.line}: {fault}" for fault in caught.value.faults]


@pytest.mark.parametrize("file", FAULTS, ids=lambda file: file.stem)
def test_each_fault_is_named_with_its_path_and_line(file: Path) -> None:
    announced = re.findall(r"^# ((?:\d+|None): .*)$", file.read_text(), re.MULTILINE)

    assert announced == faults_of(file.read_text())


def test_everything_of_the_file_arrives() -> None:
    rules = [each.rule(id=ID, origin=Origin.FILE) for each in read_rules(EVERYTHING, channels=CHANNELS)]

    assert [
        Rule(
            id=ID,
            name="Orders fail",
            query="status:5xx service:orders",
            condition=Count(5),
            window=900,
            per="consumer",
            severity=Severity.CRITICAL,
            cooldown=3600,
            channels=("slack", "pagerduty/oncall"),
            note="The card processor is down again?\nAsk them first.",
            runbook="https://wiki.example.com/orders?page=5xx#first",
            enabled=False,
            origin=Origin.FILE,
        ),
        Rule(
            id=ID,
            name="Too slow",
            query="duration:>2s",
            condition=Share(0.125, 50),
            window=600,
            channels=("email",),
            origin=Origin.FILE,
        ),
        Rule(id=ID, name="Silence", query="", condition=Silence(1), window=300, origin=Origin.FILE),
    ] == rules


def test_what_is_left_out_is_the_default() -> None:
    document = RuleDocument.model_validate({"name": "Failures", "when": "status:5xx", "share": "5%"})

    assert Share(0.05, 20) == document.rule(id=ID, origin=Origin.PAGE).condition


def test_a_file_may_have_no_rules() -> None:
    assert [] == read_rules("rules: []\n", channels=())


def test_any_channel_is_taken_where_nobody_knows_which_there_are() -> None:
    (document,) = read_rules("rules: [{name: a, when: b, matches: 1, notify: teams}]", channels=None)

    assert ("teams",) == document.notify


def test_a_channel_where_there_are_none_says_so() -> None:
    with pytest.raises(ConfigError, match=r"rules\[0\].notify\[0\]: is not configured .*; there are none"):
        read_rules("rules: [{name: a, when: b, matches: 1, notify: teams}]", channels=())


def test_references_are_text_like_any_other() -> None:
    (document,) = read_rules("rules: [{name: '${env:HOME}', when: b, matches: 1}]", channels=())

    assert "${env:HOME}" == document.name


def test_more_rules_than_there_may_be_are_refused() -> None:
    text = "rules:\n" + "".join(
        f"  - {{name: r{number}, when: a, matches: 1}}\n" for number in range(MOST_RULES + 1)
    )

    assert [f"{MOST_RULES + 2}: rules: has {MOST_RULES + 1} rules: {MOST_RULES} at most"] == faults_of(text)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (None, "is not a mapping of keys to values"),
        ([], "is not a mapping of keys to values"),
        ({"when": "a", "matches": 1}, "name: is required"),
        ({"name": "", "when": "a", "matches": 1}, "name: is empty: a value is required"),
        ({"name": "n" * 201, "when": "a", "matches": 1}, "name: is too long: 200 characters at most"),
        ({"name": "\ud800", "when": "a", "matches": 1}, "name: holds control characters or line breaks"),
        ({"name": "n", "when": "\x00", "matches": 1}, "when: holds control characters"),
        ({"name": "n", "when": 5, "matches": 1}, "when: is not text: put it in quotes"),
        ({"name": "n", "when": "a", "matches": True}, "matches: is not a whole number"),
        ({"name": "n", "when": "a", "share": "NaN"}, "share: is not a share: give text such as 5%"),
        ({"name": "n", "when": "a", "share": True}, "share: is not a share: give text such as 5%"),
        ({"name": "n", "when": "a", "matches": 1, "notify": [["a"]]}, "notify[0]: is not text"),
        ({"name": "n", "when": "a", "matches": 1, "notify": {"a": 1}}, "notify: is not a list"),
        ({"name": "n", "when": "a", "matches": 1, "note": "n" * 2001}, "note: is too long: 2000"),
        ({"name": "n", "when": "a", "matches": 1, "runbook": f"http://h/{'u' * 500}"}, "runbook: is too"),
        ({"name": "n", "when": "a", "matches": 1, "runbook": "http://h:x/"}, "runbook: is not a URL: its"),
        ({"name": "n", "when": "a", "matches": 1, "per": "p" * 201}, "per: is too long: 200"),
        ({"name": "n", "when": "a" * 5000, "matches": 1}, "when: is not a query, at column 4097: "),
    ],
)
def test_a_rule_for_the_api_says_what_is_wrong_in_words(data: object, fault: str) -> None:
    with pytest.raises(ValidationError) as caught:
        RuleDocument.model_validate(data)
    first, *_ = explain(caught.value, RuleDocument, Document(), ())

    assert str(first).startswith(fault)


def test_nobody_can_write_what_the_bridge_watches() -> None:
    rule = Rule(id=ID, name="n", query="", condition=Watch(Watched.HOLD), window=60)

    with pytest.raises(TypeError):
        RuleDocument.of(rule)


def lines(most: int) -> st.SearchStrategy[str]:
    return st.text(max_size=most).filter(is_clean).map(str.strip)


def conditions() -> st.SearchStrategy[dict[str, Any]]:
    number = st.integers(1, 1_000_000)
    share = st.floats(0, 1, exclude_min=True, allow_subnormal=False)
    percent = st.decimals("0.0001", 100, places=4).map(lambda each: f"{each}%")
    return st.one_of(
        st.fixed_dictionaries({"matches": number}),
        st.fixed_dictionaries({"fewer_than": number}),
        st.fixed_dictionaries({"share": share | percent}, optional={"of_at_least": number}),
    )


def written() -> st.SearchStrategy[dict[str, Any]]:
    per = st.sampled_from(["", *PLAIN, *(f"{name}.x" for name in NAMED), 'resp.json["a b"][0]'])
    rest = st.fixed_dictionaries(
        {"name": lines(200).filter(bool), "when": query_texts() | st.just("")},
        optional={
            "within": st.integers(60, 86400) | st.integers(1, 1440).map(lambda each: f"{each}m"),
            "per": per,
            "severity": st.sampled_from(["info", "warning", "critical"]),
            "cooldown": st.integers(0, 604800),
            "notify": st.lists(lines(20).filter(bool)) | st.sampled_from(CHANNELS),
            "note": lines(300),
            "runbook": st.sampled_from(["", "http://h", "https://wiki.example.com/a?b=c#d"]),
            "enabled": st.booleans(),
        },
    )
    return st.tuples(rest, conditions()).map(lambda pair: pair[0] | pair[1])


def is_readable(data: dict[str, Any]) -> bool:
    return is_clean(data["when"], lines=True)


@settings(max_examples=200, deadline=None)
@given(data=written().filter(is_readable), origin=st.sampled_from(Origin))
def test_a_rule_and_its_document_say_the_same(data: dict[str, Any], origin: Origin) -> None:
    document = RuleDocument.model_validate(data)
    rule = document.rule(id=ID, origin=origin)

    assert document == RuleDocument.of(rule)
    assert rule == RuleDocument.of(rule).rule(id=ID, origin=origin)


@settings(max_examples=200, deadline=None)
@given(data=written().filter(is_readable))
def test_what_is_printed_as_json_is_read_as_the_same_rule(data: dict[str, Any]) -> None:
    document = RuleDocument.model_validate(data)
    printed = orjson.dumps({"rules": [document.model_dump(mode="json")]}).decode()

    assert document == RuleDocument.model_validate(orjson.loads(printed)["rules"][0])
    assert [document] == read_rules(printed, channels=None)
