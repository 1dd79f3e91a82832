"""What alert rules cost: each kind for itself, and a hundred of them on busy traffic."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from bench.clock import Effort
from bench.inspector import recent
from otel_bridge.inspector.alerts.engine import Engine
from otel_bridge.inspector.alerts.rule import Condition, Count, Rule, Share
from otel_bridge.inspector.exchange import Exchange, Side

ALERTS = "alerts"
PER_SECOND = 3_000
RULES = 100
GOAL = 0.5

_BATCH = 500
# Nothing fires, but most of what there is to do is done.
_MANY = 10**9
_NEVER = Count(_MANY)
_NEVER_SHARE = Share(1.0, _MANY)
_SERVICES = ("orders", "billing", "users", "search", "stock", "mail", "auth", "files")

KINDS: dict[str, tuple[str, Condition, str]] = {
    "attribute": ("status:5xx", _NEVER, ""),
    "two attributes": ("service:orders status:5xx", _NEVER, ""),
    "of each consumer": ("status:4xx", _NEVER, "consumer"),
    "everything": ("", _NEVER, ""),
    "share": ("status:5xx", _NEVER_SHARE, ""),
    "share of each consumer": ("status:5xx", _NEVER_SHARE, "consumer"),
    "glob": ("path:/health*", _NEVER, ""),
    "pattern of a path": ("path:/^.v1.(a|b)+$/", _NEVER, ""),
    "header": ("req.header.user-agent:curl*", _NEVER, ""),
    "JSON": ("resp.json.error.code:E_CARD", _NEVER, ""),
    "pattern of a body": ("resp.body:/E_[A-Z]+_FAILED/", _NEVER, ""),
    "text": ('"card refused"', _NEVER, ""),
    "XML": ("resp.xml./answer/error:*", _NEVER, ""),
}
"""Query, condition and group, by name."""


def report(effort: Effort) -> Iterator[str]:
    """What was measured, in lines."""
    exchanges = recent(PER_SECOND)
    alone = _cost([], exchanges, effort)
    yield f"{ALERTS}: {PER_SECOND} exchanges of about 3.4 KB; CPU µs for each exchange"
    yield f"  {'no rule':<24}{alone:>8.2f}"
    for name, (query, condition, per) in KINDS.items():
        traffic = [_as_xml(each) for each in exchanges] if name == "XML" else exchanges
        yield f"  {name:<24}{_cost([_rule(query, condition, per)], traffic, effort) - alone:>8.2f}"
    all_of_them = _cost(typical_rules(), exchanges, effort)
    core = all_of_them * PER_SECOND / 1e6
    told = f"{core:.2f} of a core at {PER_SECOND} exchanges a second, goal {GOAL}"
    yield f"  {f'{RULES} typical rules':<24}{all_of_them:>8.2f}   {told}"


def typical_rules() -> list[Rule]:
    """Most look at attributes, some of each group; a few into headers and JSON."""
    templates: list[tuple[str, Condition, str]] = [
        ("service:{} status:5xx", _NEVER, ""),
        ("service:{} status:>=500", _NEVER, "consumer"),
        ("service:{} duration:>5s", _NEVER, "route"),
        ("status:401 path:/v1/{}/*", _NEVER, "ip"),
        ("route:{}-1 is:error", _NEVER, ""),
        ("status:5xx -service:{}", _NEVER_SHARE, "service"),
        ("service:{} method:POST size:>1mb", _NEVER, ""),
        ("consumer:{}-partner status:4xx", _NEVER, ""),
        ("service:{} status:429", _NEVER, "consumer"),
        ("host:{}.example.com status:(502 OR 503 OR 504)", _NEVER, ""),
        ("req.header.user-agent:{}*", _NEVER, ""),
        ("service:{} resp.json.error.code:E_CARD", _NEVER, "consumer"),
        ("status:200 resp.json.error.code:E_{}", _NEVER, ""),
    ]
    return [
        _rule(query.format(_SERVICES[number % len(_SERVICES)]), condition, per, str(number))
        for number in range(RULES)
        for query, condition, per in [templates[number % len(templates)]]
    ]


def _rule(query: str, condition: Condition, per: str, rule_id: str = "1") -> Rule:
    return Rule(id=rule_id, name=rule_id, query=query, condition=condition, window=600, per=per)


def _cost(rules: Sequence[Rule], exchanges: Sequence[Exchange], effort: Effort) -> float:
    """CPU microseconds for an exchange, and for what goes with it; the best of some rounds."""
    return min(_spent(rules, exchanges) for _ in range(effort.rounds)) / len(exchanges) * 1e6


def _spent(rules: Sequence[Rule], exchanges: Sequence[Exchange]) -> float:
    now_us = exchanges[-1].arrived_us
    # By a clock that stands still no rule is too dear.
    engine = Engine(now=lambda: now_us, cpu=lambda: 0.0)
    engine.use(rules)
    begun = time.thread_time()
    for start in range(0, len(exchanges), _BATCH):
        engine.see(exchanges[start : start + _BATCH])
    engine.tick()
    return time.thread_time() - begun


def _as_xml(exchange: Exchange) -> Exchange:
    """With a response as large as it was."""
    words = (exchange.response.body or b"").decode().translate({ord(each): " " for each in '{}":,&<'}).split()
    body = f"<answer>{''.join(f'<word>{word}</word>' for word in words[: len(words) // 3])}</answer>"
    return exchange._replace(response=Side(headers=exchange.response.headers, body=body.encode()))
