"""A rule as people write it: in a YAML file, and as JSON to the API. One language for both.

`RuleDocument.rule` makes the value that the rest works with, `RuleDocument.of` goes back. What is wrong is
said all at once, each fault with its path, and with its line where there is a file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from otel_bridge.documents.document import Document, dotted, read
from otel_bridge.documents.explain import explain
from otel_bridge.documents.faults import ConfigError, Fault
from otel_bridge.documents.values import show_seconds, whole_number, within
from otel_bridge.inspector.alerts import values
from otel_bridge.inspector.alerts.rule import (
    LONGEST_WINDOW,
    MOST_RULES,
    SHORTEST_WINDOW,
    Condition,
    Count,
    Origin,
    Rule,
    Severity,
    Share,
    Silence,
    Watch,
)

MOST_EXCHANGES = 1_000_000
LONGEST_COOLDOWN = 7 * 24 * 3600
FEWEST = 20
"""Of a share, where nothing is said."""
CONDITIONS = ("matches", "share", "fewer_than")

_Name = Annotated[str, BeforeValidator(values.name)]
_Query = Annotated[str, BeforeValidator(values.query)]
_Exchanges = Annotated[int, BeforeValidator(whole_number), AfterValidator(within(1, MOST_EXCHANGES))]
_Share = Annotated[float, BeforeValidator(values.share), WithJsonSchema({"type": ["number", "string"]})]
_Per = Annotated[str, BeforeValidator(values.per)]
_Seconds = Annotated[int, BeforeValidator(values.seconds), WithJsonSchema({"type": ["integer", "string"]})]
_Window = Annotated[_Seconds, AfterValidator(within(SHORTEST_WINDOW, LONGEST_WINDOW, show_seconds))]
Cooldown = Annotated[_Seconds, AfterValidator(within(0, LONGEST_COOLDOWN, show_seconds))]
ChannelNames = Annotated[
    tuple[Annotated[str, BeforeValidator(values.channel)], ...],
    BeforeValidator(values.listed),
    AfterValidator(values.once),
]
_Note = Annotated[str, BeforeValidator(values.note)]
_Url = Annotated[str, BeforeValidator(values.url)]


class _Section(BaseModel):
    """Unknown keys are faults, nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RuleDocument(_Section):
    """Descriptions and examples are the reference in docs/alerts.md."""

    name: _Name = Field(
        description="What it is called, 1 to 200 characters; no two rules have the same",
        examples=["Orders fail"],
    )
    when: _Query = Field(
        description="Which exchanges match, in the [query language](query.md); `''` is all of them",
        examples=["status:5xx service:orders"],
    )
    matches: _Exchanges | None = Field(
        default=None, description="It fires while at least so many exchanges match", examples=[5]
    )
    share: _Share | None = Field(
        default=None,
        description="It fires while at least this share of the group's exchanges matches; a percentage, or "
        "a number up to 1",
        examples=["5%"],
    )
    of_at_least: _Exchanges | None = Field(
        default=None,
        description=f"With `share`: fewer exchanges than this in the time say nothing; {FEWEST} unless given",
        examples=[50],
    )
    fewer_than: _Exchanges | None = Field(
        default=None,
        description="It fires while fewer exchanges than this match: 1 is silence",
        examples=[1],
    )
    within: _Window = Field(
        default=600,
        description="The time that is looked back over, `60s` to `24h`; a plain number is seconds",
        examples=["15m"],
    )
    per: _Per = Field(
        default="",
        description="What is counted apart: each value of it is a group that fires and ends on its own",
        examples=["consumer"],
    )
    severity: Severity = Field(
        default=Severity.WARNING, description="`info`, `warning` or `critical`", examples=["critical"]
    )
    cooldown: Cooldown = Field(
        default=0,
        description="After a notification, the time in which the same group causes no other one; up to `7d`",
        examples=["30m"],
    )
    notify: ChannelNames = Field(
        default=(),
        description="Channels, by their names in the configuration: one, or a list; without any the pages "
        "alone show it",
        examples=["[slack, pagerduty/oncall]"],
    )
    note: _Note = Field(
        default="",
        description="For whoever is notified: what it means, what to do; up to 2,000 characters",
        examples=["The card processor is down again?"],
    )
    runbook: _Url = Field(
        default="",
        description="Where it says more: a URL with http or https, up to 500 characters",
        examples=["https://wiki.example.com/orders#5xx"],
    )
    enabled: bool = Field(
        default=True,
        description="`false`: it stays in the list, and neither counts nor fires",
        examples=["false"],
    )

    @model_validator(mode="before")
    @classmethod
    def _with_fewest(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("share") is not None and data.get("of_at_least") is None:
            return data | {"of_at_least": FEWEST}
        return data

    @model_validator(mode="after")
    def _one_condition(self) -> RuleDocument:
        given = [key for key in CONDITIONS if getattr(self, key) is not None]
        if not given:
            raise ValueError("needs a number: one of `matches`, `share`, `fewer_than`")
        if len(given) > 1:
            raise ValueError(f"has {_and(given)}: one of them is right, others are rules of their own")
        if self.share is None and self.of_at_least is not None:
            raise ValueError("has `of_at_least`, which only goes with `share`")
        return self

    def rule(self, *, id: str, origin: Origin) -> Rule:  # noqa: A002 - the field's name
        return Rule(
            id=id,
            name=self.name,
            query=self.when,
            condition=self._condition(),
            window=self.within,
            per=self.per,
            severity=self.severity,
            cooldown=self.cooldown,
            channels=self.notify,
            note=self.note,
            runbook=self.runbook,
            enabled=self.enabled,
            origin=origin,
        )

    @classmethod
    def of(cls, rule: Rule) -> RuleDocument:
        """Also of one that could not be written today: another version may have known its query.

        Raises TypeError for a `Watch`: nobody can write one.
        """
        return cls.model_construct(
            name=rule.name,
            when=rule.query,
            **_numbers(rule.condition),
            within=rule.window,
            per=rule.per,
            severity=rule.severity,
            cooldown=rule.cooldown,
            notify=rule.channels,
            note=rule.note,
            runbook=rule.runbook,
            enabled=rule.enabled,
        )

    def _condition(self) -> Condition:
        if self.matches is not None:
            return Count(self.matches)
        if self.share is not None:
            return Share(self.share, self.of_at_least or FEWEST)
        assert self.fewer_than is not None
        return Silence(self.fewer_than)


def read_rules(text: str, *, channels: Collection[str] | None) -> list[RuleDocument]:
    """The rules of a YAML file; *channels*: the names that there are, None to take any.

    Raises ConfigError with every fault, in the order of the file.
    """
    document = read(text, None)
    rules, faults = _examine(document, channels)
    if faults:
        raise ConfigError(sorted(dict.fromkeys(faults), key=lambda fault: fault.line or 0))
    return list(rules)


class _RulesDocument(_Section):
    rules: tuple[RuleDocument, ...]


def _examine(
    document: Document, channels: Collection[str] | None
) -> tuple[tuple[RuleDocument, ...], list[Fault]]:
    """The rules, as far as there are no faults, and the faults."""
    if document.data is None and not document.faults:
        return (), [Fault("", None, "is empty: write `rules:` and a list of rules")]
    if not isinstance(document.data, dict):
        not_one = Fault("", document.line(()), "has to be a mapping: `rules:` and a list of rules")
        return (), document.faults or [not_one]
    faults = [*document.faults, *_too_many(document), *_repeated_names(document)]
    try:
        found = _RulesDocument.model_validate(document.data, context=_context(channels))
    except ValidationError as error:
        return (), [*faults, *explain(error, _RulesDocument, document, ())]
    return found.rules, faults


def _context(channels: Collection[str] | None) -> values.Channels | None:
    return None if channels is None else values.Channels(channels)


def _numbers(condition: Condition) -> dict[str, Any]:
    match condition:
        case Count(at_least):
            return {"matches": at_least}
        case Share(at_least, of_at_least):
            return {"share": at_least, "of_at_least": of_at_least}
        case Silence(fewer_than):
            return {"fewer_than": fewer_than}
        case Watch():
            raise TypeError(condition)


def _listed(document: Document) -> list[Any]:
    rules = document.data.get("rules")
    return rules if isinstance(rules, list) else []


def _too_many(document: Document) -> Iterator[Fault]:
    rules = _listed(document)
    if len(rules) > MOST_RULES:
        place = ("rules", MOST_RULES)
        yield Fault("rules", document.line(place), f"has {len(rules)} rules: {MOST_RULES} at most")


def _repeated_names(document: Document) -> Iterator[Fault]:
    first: dict[str, int | None] = {}
    for index, rule in enumerate(_listed(document)):
        name = rule.get("name") if isinstance(rule, dict) else None
        if not isinstance(name, str):
            continue
        place = ("rules", index, "name")
        if name.strip() in first:
            line = first[name.strip()]
            yield Fault(dotted(place), document.line(place), f"is the name of the rule in line {line} too")
        else:
            first[name.strip()] = document.line(place)


def _and(keys: list[str]) -> str:
    return " and ".join(f"`{key}`" for key in keys)
