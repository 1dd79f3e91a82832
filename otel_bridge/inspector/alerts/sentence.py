"""Rules and what they found, as sentences for people. Nothing of a body or a header gets into one."""

from __future__ import annotations

from otel_bridge.inspector.alerts.rule import Condition, Count, Rule, Share, Silence, Watch, Watched
from otel_bridge.inspector.alerts.window import holds

_UNITS = ((3600, "hour"), (60, "minute"), (1, "second"))
_WATCHED = {
    Watched.JOURNAL: "the journal fills up",
    Watched.DEAD_LETTERS: "dead letters rise",
    Watched.HOLD: "a pipeline is on hold",
}


def rule_sentence(rule: Rule) -> str:
    """`When status:5xx matches 5 times in 10 minutes per consumer, notify slack`. No full stop."""
    per = f" per {rule.per}" if rule.per and not isinstance(rule.condition, Watch) else ""
    return f"When {_condition(rule)}{per}, notify {_listed(rule.channels) or 'nobody'}"


def what_happened(rule: Rule, value: float, matched: int, total: int, ended: bool) -> str:
    """`7 exchanges matched in 10 minutes (5 or more)`. No full stop; arguments as in `Change`."""
    if isinstance(rule.condition, Watch):
        return _watched(rule.condition.what, value, ended=ended)
    if ended and holds(rule.condition, matched, total):
        return "the rule was changed, switched off or removed"
    time = f"in the last {spoken(rule.window)}" if ended else f"in {spoken(rule.window)}"
    return _counted(rule.condition, matched, total, time, ended=ended)


def spoken(seconds: int) -> str:
    """`10 minutes`, `1 hour`, `90 seconds`: in the largest unit that needs no fraction."""
    size, unit = next(each for each in _UNITS if seconds % each[0] == 0)
    return _number(seconds // size, unit)


def percent(share: float) -> str:
    """`12.34%`"""
    return f"{share * 100:.4g}%"


def _condition(rule: Rule) -> str:
    query = " ".join(rule.query.split())
    time = spoken(rule.window)
    match rule.condition:
        case Count(at_least):
            return f"{query or 'anything'} matches {_times(at_least)} in {time}"
        case Share(at_least, of_at_least):
            share = f"{percent(at_least)} or more of at least {_number(of_at_least, 'exchange')}"
            return f"{query or 'anything'} makes up {share} in {time}"
        case Silence(1):
            return f"nothing matches {query} for {time}" if query else f"nothing comes for {time}"
        case Silence(fewer_than):
            return f"{query or 'anything'} matches fewer than {_times(fewer_than)} in {time}"
        case Watch(what):
            return _WATCHED[what]


def _counted(condition: Condition, matched: int, total: int, time: str, *, ended: bool) -> str:
    exchanges = _number(matched, "exchange")
    match condition:
        case Count(at_least):
            return f"{exchanges} matched {time} ({_bound(at_least, below=ended)})"
        case Silence(fewer_than):
            return f"{exchanges} matched {time} ({_bound(fewer_than, below=not ended)})"
        case Share(at_least, of_at_least):
            if total < of_at_least:
                return f"{_number(total, 'exchange')} {time} ({_bound(of_at_least, below=True)} tell nothing)"
            limit = f"less than {percent(at_least)}" if ended else f"{percent(at_least)} or more"
            found = percent(matched / total if total else 0)
            return f"{matched} of {_number(total, 'exchange')} matched {time}: {found} ({limit})"
        case Watch():
            raise TypeError(condition)


def _watched(what: Watched, value: float, *, ended: bool) -> str:
    match what:
        case Watched.JOURNAL:
            return "the journal has room again" if ended else f"the journal is {percent(value)} full"
        case Watched.DEAD_LETTERS:
            letters = _number(round(value), "dead letter")
            return "no new dead letters" if ended else f"{letters}, and more are coming"
        case Watched.HOLD:
            held = max(round(value), 1)
            time = spoken(held - held % 60 if held > 60 else held)
            return "its pipeline goes on" if ended else f"its pipeline has been on hold for {time}"


def _bound(number: int, *, below: bool) -> str:
    return f"fewer than {number}" if below else f"{number} or more"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _number(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _listed(names: tuple[str, ...]) -> str:
    """`a, b and c`"""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
