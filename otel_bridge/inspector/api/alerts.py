"""Alerts: the rules, what fires, what fired, who was told; and what a rule would have done."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from secrets import token_hex
from typing import Annotated
from urllib.parse import urljoin

from fastapi import APIRouter, HTTPException, Request
from fastapi import Query as Parameter

from otel_bridge.inspector.alerts.alerting import Alerting
from otel_bridge.inspector.alerts.book import AlertBook, NameTakenError, Snooze
from otel_bridge.inspector.alerts.document import RuleDocument
from otel_bridge.inspector.alerts.preview import preview
from otel_bridge.inspector.alerts.rule import MOST_RULES, Origin, Rule
from otel_bridge.inspector.api import alert_views as views
from otel_bridge.inspector.api.alert_shapes import (
    AlertsShape,
    FiringNowShape,
    FiringsShape,
    PreviewBody,
    PreviewShape,
    RuleChange,
    RuleDetailShape,
    RuleShape,
    SnoozeBody,
    TestBody,
    TestShape,
    WakeBody,
)
from otel_bridge.inspector.api.asking import Asking, From, To
from otel_bridge.inspector.settings import InspectorSettings
from otel_bridge.inspector.store.interface import Period, Store

_HOUR = 3_600_000_000
# Of the groups of one rule that fire.
_SHOWN = 100


def routes(store: Store, alerting: Alerting, settings: InspectorSettings, asking: Asking) -> APIRouter:
    """Everything below /api/alerts."""
    router = APIRouter(prefix="/api/alerts", tags=["alerts"])
    _add_views(router, alerting, settings, asking)
    _add_rules(router, alerting, asking)
    _add_snoozes(router, alerting, asking)
    _add_preview(router, store, asking)
    _add_channels(router, alerting, settings)
    return router


def _add_views(router: APIRouter, alerting: Alerting, settings: InspectorSettings, asking: Asking) -> None:
    book = alerting.book

    @router.get("")
    async def everything(request: Request) -> AlertsShape:
        """Every rule with its state, every channel with its health, and what is wrong."""
        rules = await asking.ask(request, lambda _: _views_of(alerting, book.rules()))
        health = await asking.ask(request, lambda _: alerting.channel_health())
        return AlertsShape(
            rules=rules,
            channels=[views.channel(name, health.get(name)) for name in sorted(alerting.channels)],
            warnings=list(
                views.warnings(
                    missed=alerting.missed,
                    trouble=alerting.trouble,
                    sampling_rate=settings.sampling_rate,
                    channels=health,
                )
            ),
        )

    @router.get("/firing")
    async def firing(
        request: Request, limit: Annotated[int, Parameter(ge=1, le=1000)] = 100
    ) -> FiringNowShape:
        """What fires now, newest first."""
        found = await asking.ask(request, lambda _: book.firing(limit=limit))
        counts = await asking.ask(request, lambda _: book.count_firing())
        return FiringNowShape(firings=[views.firing(each) for each in found], total=sum(counts.values()))

    @router.get("/history")
    async def history(
        request: Request,
        rule: Annotated[str | None, Parameter(max_length=16)] = None,
        before: Annotated[int | None, Parameter(ge=0, lt=2**53)] = None,
        start: From = None,
        end: To = None,
        limit: Annotated[int, Parameter(ge=1, le=200)] = 50,
    ) -> FiringsShape:
        """What fired, newest first, and who was told."""
        found = await asking.ask(
            request,
            lambda _: book.firings(rule_id=rule, before=before, period=Period(start, end), limit=limit),
        )
        return FiringsShape(firings=[views.firing(each) for each in found.firings], next=found.next)


def _add_rules(router: APIRouter, alerting: Alerting, asking: Asking) -> None:
    book = alerting.book

    @router.get("/rules/{rule_id}")
    async def one(request: Request, rule_id: str) -> RuleDetailShape:
        """A rule, what of it fires, and which groups are snoozed."""
        rule = await asking.ask(request, lambda _: _known(book, rule_id))
        firing = await asking.ask(request, lambda _: book.firing(rule_id=rule_id, limit=_SHOWN))
        snoozes = await asking.ask(request, lambda _: book.snoozes())
        return RuleDetailShape(
            rule=await asking.ask(request, lambda _: _rule(alerting, rule)),
            firing=[views.firing(each) for each in firing],
            snoozes=views.snoozes(snoozes, rule_id),
        )

    @router.post("/rules", status_code=201)
    async def create(request: Request, document: RuleDocument) -> RuleShape:
        """A new rule."""
        _check_channels(alerting, document.notify)
        rule = document.rule(id=token_hex(8), origin=Origin.PAGE)
        await asking.ask(request, lambda _: _put(book, rule, new=True))
        await alerting.take_over()
        return await asking.ask(request, lambda _: _rule(alerting, rule))

    @router.put("/rules/{rule_id}")
    async def change(request: Request, rule_id: str, document: RuleDocument) -> RuleShape:
        """Another rule in its place; what it has counted is gone."""
        old = await asking.ask(request, lambda _: _known(book, rule_id))
        if old.origin is not Origin.PAGE:
            raise HTTPException(409, _CHANGED_ELSEWHERE[old.origin])
        _check_channels(alerting, document.notify)
        rule = document.rule(id=rule_id, origin=Origin.PAGE)
        await asking.ask(request, lambda _: _put(book, rule))
        await alerting.take_over()
        return await asking.ask(request, lambda _: _rule(alerting, rule))

    @router.patch("/rules/{rule_id}")
    async def adjust(request: Request, rule_id: str, wanted: RuleChange) -> RuleShape:
        """Switch a rule on or off; who is told, and how often."""
        old = await asking.ask(request, lambda _: _known(book, rule_id))
        if old.origin is Origin.FILE and (wanted.notify, wanted.cooldown) != (None, None):
            raise HTTPException(409, _CHANGED_ELSEWHERE[old.origin])
        # Those it has already may be gone from the configuration: it can be switched off all the same.
        _check_channels(alerting, wanted.notify or ())
        rule = _adjusted(old, wanted)
        await asking.ask(request, lambda _: _put(book, rule))
        await alerting.take_over()
        return await asking.ask(request, lambda _: _rule(alerting, rule))

    @router.delete("/rules/{rule_id}", status_code=204)
    async def remove(request: Request, rule_id: str) -> None:
        """No such rule any more; what fired stays in the history."""
        old = await asking.ask(request, lambda _: _known(book, rule_id))
        if old.origin is not Origin.PAGE:
            raise HTTPException(409, _CHANGED_ELSEWHERE[old.origin])
        await asking.ask(request, lambda _: book.remove(rule_id))
        await alerting.take_over()


def _add_snoozes(router: APIRouter, alerting: Alerting, asking: Asking) -> None:
    book = alerting.book

    @router.post("/rules/{rule_id}/snooze", status_code=204)
    async def snooze(request: Request, rule_id: str, wanted: SnoozeBody) -> None:
        """Tell nobody about a group of the rule, or about all of them, for a time."""
        now = _now()
        until = None if wanted.seconds is None else now + wanted.seconds * 1_000_000
        await asking.ask(request, lambda _: _known(book, rule_id))
        await asking.ask(request, lambda _: book.snooze(rule_id, wanted.group, until, now))
        await alerting.take_over()

    @router.post("/rules/{rule_id}/wake", status_code=204)
    async def wake(request: Request, rule_id: str, wanted: WakeBody) -> None:
        """Tell again."""
        await asking.ask(request, lambda _: _known(book, rule_id))
        await asking.ask(request, lambda _: book.wake(rule_id, wanted.group))
        await alerting.take_over()


def _add_preview(router: APIRouter, store: Store, asking: Asking) -> None:
    @router.post("/preview")
    async def would_fire(request: Request, wanted: PreviewBody) -> PreviewShape:
        """When a rule would have fired on the traffic that is kept."""
        rule = wanted.rule.rule(id="preview", origin=Origin.PAGE)
        now = _now()
        period = Period(now - wanted.hours * _HOUR, now)
        found = await asking.ask(request, lambda stop: preview(store, rule, period, now_us=now, stop=stop))
        return views.preview(found, rule)


def _add_channels(router: APIRouter, alerting: Alerting, settings: InspectorSettings) -> None:
    @router.post("/test")
    async def test(wanted: TestBody) -> TestShape:
        """Send a message through a channel, and say what became of it."""
        _check_channels(alerting, [wanted.channel])
        link = urljoin(settings.public_url, "/alerts") if settings.public_url else ""
        outcome = await alerting.test(wanted.channel, link=link)
        return TestShape.model_validate({"result": outcome.result.value, "detail": outcome.detail})


_CHANGED_ELSEWHERE = {
    Origin.FILE: "this rule comes from a file: change it there, and run otel-bridge alerts apply",
    Origin.BUILT_IN: "this rule is built in: switch it off, or change who is told",
}


def _views_of(alerting: Alerting, rules: Iterable[Rule]) -> list[RuleShape]:
    book = alerting.book
    firing, snoozes, last = book.count_firing(), book.snoozes(), book.last_fired()
    health = alerting.health()
    return [
        views.rule(
            rule,
            health.get(rule.id),
            firing.get(rule.id, 0),
            _whole(snoozes, rule.id),
            last.get(rule.id),
        )
        for rule in rules
    ]


def _rule(alerting: Alerting, rule: Rule) -> RuleShape:
    return _views_of(alerting, (rule,))[0]


def _whole(snoozes: Iterable[Snooze], rule_id: str) -> Snooze | None:
    return next((each for each in snoozes if each.rule_id == rule_id and each.group is None), None)


def _known(book: AlertBook, rule_id: str) -> Rule:
    rule = book.rule(rule_id)
    if rule is None:
        raise HTTPException(404, "there is no such rule")
    return rule


def _put(book: AlertBook, rule: Rule, *, new: bool = False) -> None:
    if new and len(book.rules()) >= MOST_RULES:
        raise HTTPException(409, f"there are {MOST_RULES} rules already: remove some")
    try:
        book.put(rule)
    except NameTakenError as error:
        raise HTTPException(409, str(error)) from error


def _check_channels(alerting: Alerting, names: Iterable[str]) -> None:
    for name in names:
        if name not in alerting.channels:
            raise HTTPException(400, f"there is no channel {name} in inspector.alerts.channels")


def _adjusted(rule: Rule, wanted: RuleChange) -> Rule:
    return replace(
        rule,
        enabled=rule.enabled if wanted.enabled is None else wanted.enabled,
        channels=rule.channels if wanted.notify is None else wanted.notify,
        cooldown=rule.cooldown if wanted.cooldown is None else wanted.cooldown,
    )


def _now() -> int:
    return time.time_ns() // 1000
