"""Queries as they are read and spelled, and what is said about those that are none."""

from __future__ import annotations

import pytest

from otel_bridge.inspector.query import FIELDS, Field, QuerySyntaxError, parse
from otel_bridge.inspector.query.conditions import (
    Compare,
    Equals,
    Exists,
    Glob,
    Network,
    Part,
    Phrase,
    Range,
    Regex,
    Words,
)
from otel_bridge.inspector.query.fields import ANYWHERE, BY_NAME
from otel_bridge.inspector.query.parser import DEEPEST, LONGEST, MOST_TERMS
from otel_bridge.inspector.query.tree import All, And, Not, Or, Term, terms


def a_word(text: str) -> Term:
    return Term(ANYWHERE, "", Words(text))


def test_a_query_as_a_tree() -> None:
    expected = And(
        (
            Or((a_word("a"), Term(BY_NAME["status"], "", Range(500, 599)))),
            Not(And((a_word("b"), a_word("c")))),
            Term(BY_NAME["resp.json"], "x[0]", Equals("y")),
        )
    )

    assert expected == parse("(a OR status:5xx) NOT (b AND c) resp.json.x[0]:y")
    assert All() == parse(" \t\n")


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("status:500", Compare("=", 500)),
        ("status:2XX", Range(200, 299)),
        ("status:200..299", Range(200, 299)),
        ("status:*", Exists()),
        ('status:"500"', Compare("=", 500)),
        ("duration:>500ms", Compare(">", 500_000)),
        ("duration:<=1.5s", Compare("<=", 1_500_000)),
        ("duration:2m..1h", Range(120_000_000, 3_600_000_000)),
        ("duration:250", Compare("=", 250_000)),
        ("size:1kb", Compare("=", 1000)),
        ("size:1KiB", Compare("=", 1024)),
        ("size:>=2.5mb", Compare(">=", 2_500_000)),
        ("service:orders", Equals("orders")),
        ('service:"a*"', Equals("a*")),
        ("service:a**b", Glob("a*b")),
        ("service:**", Exists()),
        ("service:/a", Equals("/a")),
        ("service:/^a(b|c)/", Regex("^a(b|c)")),
        ("path:/v1/", Equals("/v1/")),
        ("path:/^\\/v1/", Regex("^\\/v1")),
        ("url:http://x/?a=b:c", Equals("http://x/?a=b:c")),
        ("ip:10.1.2.3/8", Network("10.0.0.0/8")),
        ("ip:2001:db8::1", Equals("2001:db8::1")),
        ("http.version:HTTP/1.1", Equals("1.1")),
        ("req.header.X-Y:1", Equals("1")),
        ("req.header.x:>1.5", Compare(">", 1.5)),
        ("req.json.a:-1..1", Range(-1, 1)),
        ("req.json.a:1..b", Equals("1..b")),
        ("STATUS:500", Compare("=", 500)),
        ("is:Error", Equals("error")),
        ("resp.body:word", Words("word")),
        ('resp.body:"a phrase"', Phrase("a phrase")),
        ("*part*", Part("part")),
        ('*"a part"*', Part("a part")),
        (":", Part(":")),
        ("http://api.example.com/v1?x=1", Words("http://api.example.com/v1?x=1")),
        ("localhost:8080", Words("localhost:8080")),
        ("statsu:500", Words("statsu:500")),
        ("status.code:500", Words("status.code:500")),
        ('{"total":1}', Words('{"total":1}')),
        (r'"say \"hi\" \\ \n"', Phrase(r'say "hi" \ \n')),
    ],
)
def test_a_value_and_its_condition(text: str, condition: object) -> None:
    term = parse(text)

    assert isinstance(term, Term)
    assert condition == term.condition


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("a  AND b", "a b"),
        ("NOT a", "-a"),
        ("--a", "a"),
        ("((a) (b c))", "a b c"),
        ("(a OR (b OR c)) d", "(a OR b OR c) d"),
        ("-(a OR b)", "-(a OR b)"),
        ("status:500 OR status:502", "status:(500 OR 502)"),
        ("-status:(500 OR 502) x", "-status:(500 OR 502) x"),
        ("status:500..599", "status:5xx"),
        ("duration:1500ms", "duration:1.5s"),
        ("duration:100", "duration:100ms"),
        ("duration:0.5ms", "duration:500us"),
        ("size:2048", "size:2.048kb"),
        ('service:"/^a"', 'service:"/^a"'),
        ("service:OR", None),
        ('service:"OR"', 'service:"OR"'),
        ('service:"orders"', "service:orders"),
        ('req.header["Odd Name"]:x', 'req.header["odd name"]:x'),
        ('resp.json["a"][0]["b c"].d:x', 'resp.json.a[0]["b c"].d:x'),
        ("resp.json[0]:x", "resp.json[0]:x"),
        ('"a', None),
    ],
)
def test_a_query_is_spelled_in_one_way(text: str, spelled: str | None) -> None:
    if spelled is None:
        with pytest.raises(QuerySyntaxError):
            parse(text)
    else:
        assert spelled == str(parse(text))
        assert spelled == str(parse(spelled))


@pytest.mark.parametrize(
    ("text", "at_fault", "advice"),
    [
        ("status:", "status:", "such as status:5xx"),
        ("status: 500", "status:", "right after the colon"),
        ("x status:abc", "abc", "write 500, 5xx, 200..299 or >=400"),
        ("status:-5", "-5", "write 500"),
        ("status:599..500", "599..500", "smaller value first"),
        ("status:>", ">", "needs a number"),
        ("duration:5days", "5days", "write 500ms"),
        ("duration:999999999999999h", "999999999999999h", "too large"),
        ("duration:9999999999999999999", "9999999999999999999", "write 500ms"),
        ("size:1.5b", "1.5b", "write 1mb"),
        ("service:>a", ">a", "leave `>` out"),
        ("req.header.x:>a", ">a", "compares numbers"),
        ("service:(a b)", "b", "between values write OR: service:(this OR that)"),
        ("service:(a", "(", "never closed"),
        ("service:(a OR", "service:", "needs a value"),
        ("service:(a OR )", "service:", "needs a value"),
        ("service:(a OR (b))", "(", "between quotes"),
        ("has:*", "*", "one of has:trace"),
        ("is:slow", "slow", "one of is:error, is:captured"),
        ("ip:10.0.0.0/99", "10.0.0.0/99", "10.0.0.0/8"),
        ("url:/(/", "/(/", "not a regular expression for RE2: missing )"),
        ("url:/(?=a)/", "/(?=a)/", "not a regular expression for RE2"),
        ("url:/^a b/", "/^a", "write \\s for a space"),
        ("path:/^/v1/", "/^/v1/", "for a slash"),
        ("status:/5/", "/5/", "takes no pattern"),
        ("req.header:x", "req.header:", "write req.header.name:value"),
        ("req.json.a..b:x", "req.json.a..b:", "write req.json.a.b[0]:value"),
        ("resp.xml.a:x", "resp.xml.a:", "write resp.xml./a/b:value"),
        ("resp.xml./a[0]:x", "./a[0]", "write resp.xml./a/b:value"),
        ("(a", "(", "add )"),
        ("a)", ")", "leave this ) out"),
        ("()", ")", "add a term"),
        ('x "abc', '"abc', 'add "'),
        ("a OR", "", "add a term"),
        ("OR a", "OR", 'look for "OR"'),
        ("a OR AND b", "AND", "add one before it"),
        ("a - b", "-", "write -word"),
        ("NOT", "", "add a term"),
        ("a*b", "a*b", "write it so, or put the text between quotes"),
        ("*", "*", "between quotes"),
        ('""', '""', "nothing between the quotes"),
        ('service:*"a"*', '*"a"*', "service:*part*"),
    ],
)
def test_a_fault_is_underlined_and_says_what_to_write(text: str, at_fault: str, advice: str) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse(text)

    assert at_fault == text[caught.value.start : caught.value.end]
    assert advice in caught.value.message


def test_columns_count_code_points() -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse("é😀 status:x")

    assert (10, 11) == (caught.value.start, caught.value.end)


@pytest.mark.parametrize(
    "text",
    [
        "x" * (LONGEST + 1),
        " ".join("x" * (MOST_TERMS + 1)),
        "(" * (DEEPEST + 1) + "x" + ")" * (DEEPEST + 1),
        "service:(" + " OR ".join("x" * (MOST_TERMS + 1)) + ")",
        "url:/" + "a" * 501 + "/",
        "url:/((a{100}){100}){100}/",
        r"url:/\pL{100}/",
        f"resp.json{'.a' * 65}:x",
        f"resp.xml.{'/a' * 65}:x",
    ],
)
def test_queries_are_bounded(text: str) -> None:
    with pytest.raises(QuerySyntaxError):
        parse(text)


def test_the_largest_queries_are_read() -> None:
    parse("x" * LONGEST)
    parse("(" * DEEPEST + "x" + ")" * DEEPEST)
    parse("-" * (LONGEST - 1) + "x")
    parse(" OR ".join("x" * MOST_TERMS))


@pytest.mark.parametrize("field", FIELDS, ids=repr)
def test_each_fields_example_is_a_query_about_it(field: Field) -> None:
    query = parse(field.example)

    assert field.example == str(query)
    assert {field} == {term.field for term in terms(query)}
