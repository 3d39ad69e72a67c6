"""The announced terms of a lot: out of a listing, into the published document, and back."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.deals import auction_rules as rules
from marketplace.deals.auction_log import instant_text
from marketplace.deals.portfolio_rules import Part
from marketplace.deals.replay_log import read_instant


def terms_document(terms: rules.LotTerms, commitment: str | None) -> dict[str, Any]:
    """The terms as published: a hidden reserve appears only as its commitment."""
    return {
        "format": terms.format.value,
        "currency": terms.start.currency,
        "start": terms.start.format(),
        "increments": [
            {"below": None if row.below is None else row.below.format(), "step": row.step.format()}
            for row in terms.increments
        ],
        "opens_at": instant_text(terms.opens_at),
        "closes_at": instant_text(terms.closes_at),
        "soft_close_window_seconds": _seconds(terms.soft_close_window),
        "soft_close_extension_seconds": _seconds(terms.soft_close_extension),
        "extend_from": terms.extend_from.value,
        "max_extension_seconds": None if terms.max_extension is None else _seconds(terms.max_extension),
        "buy_now": None if terms.buy_now is None else terms.buy_now.format(),
        "reserve": terms.reserve.format() if terms.reserve_public and terms.reserve else None,
        "reserve_commitment": commitment,
        "priority_holders": dict(terms.priority_holders) if terms.priority_holders else None,
        "proxy": terms.proxy,
        **_falling_document(terms),
        **_parts_document(terms),
    }


def _parts_document(terms: rules.LotTerms) -> dict[str, Any]:
    if not terms.parts:
        return {}
    rows = enumerate(terms.parts, start=1)
    return {
        "parts": [{"part": nr, "start": part.start.format(), "assets": list(part.assets)} for nr, part in rows],
    }


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())


def _falling_document(terms: rules.LotTerms) -> dict[str, Any]:
    plan, span = terms.falling, terms.sealed_span
    if plan is None:
        return {}
    stages = {
        "step_bps": plan.step_bps,
        "step_seconds": _seconds(plan.step_time),
        "floor": None if plan.floor is None else plan.floor.format(),
        "dutch_ends_at": instant_text(terms.closes_at),
    }
    if span is None:
        return stages
    return stages | {
        "sealed_opens_at": instant_text(span[0]),
        "sealed_closes_at": instant_text(span[1]),
        "pause_seconds": _seconds(plan.pause),
        "sealed_seconds": _seconds(plan.sealed_time),
        "best_bid_seconds": _seconds(plan.best_bid_time),
    }


def read_terms(document: Mapping[str, Any], reserve: Money | None = None) -> rules.LotTerms:
    """The rules out of a published document; a public reserve may stand in it, a hidden one is passed in."""
    try:
        currency = document["currency"]
        limit = document.get("max_extension_seconds")
        public = document.get("reserve") is not None
        terms = rules.LotTerms(
            start=_money(document["start"], currency),
            increments=_increments(document.get("increments"), currency),
            opens_at=read_instant(document["opens_at"]),
            closes_at=read_instant(document["closes_at"]),
            soft_close_window=_span(document, "soft_close_window_seconds", 300),
            soft_close_extension=_span(document, "soft_close_extension_seconds", 300),
            extend_from=rules.ExtendFrom(document.get("extend_from", "bid")),
            max_extension=None if limit is None else timedelta(seconds=int(limit)),
            reserve=_money(document["reserve"], currency) if public else reserve,
            buy_now=_optional(document.get("buy_now"), currency),
            priority_holders=document.get("priority_holders"),
            format=rules.AuctionFormat(document.get("format", "english")),
            proxy=bool(document.get("proxy")),
            reserve_public=public,
            falling=_plan(document, currency),
            parts=tuple(
                Part(_money(row["start"], currency), tuple(map(str, row["assets"])))
                for row in document.get("parts", ())
            ),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as fault:
        raise Malformed("terms", _l("The terms of the log cannot be read.")) from fault
    require_sound(terms)
    return terms


def require_sound(terms: rules.LotTerms) -> None:
    """Refuse terms that cannot be announced, with every reason."""
    if faults := terms.faults():
        raise Malformed("terms", ", ".join(faults))


def _plan(document: Mapping[str, Any], currency: str) -> rules.FallingPlan | None:
    if not rules.AuctionFormat(document.get("format", "english")).is_falling:
        return None
    usual = rules.FallingPlan()
    return rules.FallingPlan(
        step_bps=int(document.get("step_bps") or usual.step_bps),
        step_time=_span(document, "step_seconds", _seconds(usual.step_time)),
        floor=_optional(document.get("floor"), currency),
        pause=_span(document, "pause_seconds", _seconds(usual.pause)),
        sealed_time=_span(document, "sealed_seconds", _seconds(usual.sealed_time)),
        best_bid_time=_span(document, "best_bid_seconds", _seconds(usual.best_bid_time)),
    )


def _span(document: Mapping[str, Any], name: str, usual: int) -> timedelta:
    value = document.get(name)
    return timedelta(seconds=usual if value is None else int(value))


def _increments(rows: object, currency: str) -> tuple[rules.IncrementStep, ...]:
    if not rows:
        return rules.default_increments(currency)
    if not isinstance(rows, list):
        return (rules.IncrementStep(None, _money(rows, currency)),)
    return tuple(
        rules.IncrementStep(_optional(row.get("below"), currency), _money(row["step"], currency)) for row in rows
    )


def _optional(value: object, currency: str) -> Money | None:
    return None if value is None else _money(value, currency)


def _money(value: object, currency: str) -> Money:
    if isinstance(value, Mapping):
        return Money.parse(str(value["amount"]), str(value["currency"]))
    return Money.parse(str(value), currency)


def terms_of_listing(listing: Mapping[str, Any]) -> rules.LotTerms:
    """The rules of a lot from a listing's own terms (price, times, reserve, and the rules of the lot)."""
    price: Money = listing["price"]
    own = listing.get("lot_rules") or {}
    terms = read_terms(
        {
            "currency": price.currency,
            "start": price.format(),
            "opens_at": instant_text(listing["opens_at"]),
            "closes_at": instant_text(listing["closes_at"]),
            **{name: value for name, value in own.items() if name not in ("reserve_public", "priority_holders")},
            "reserve": None,
            "priority_holders": priority_codes(own.get("priority_holders") or []),
        },
        listing.get("reserve"),
    )
    return rules.with_public_reserve(terms) if own.get("reserve_public") else terms


def priority_codes(holders: list[Mapping[str, Any]]) -> dict[str, int] | None:
    """Holders of priority rights are known to the other bidders by code, in the order they were named."""
    return {f"P{place}": int(holder["rank"]) for place, holder in enumerate(holders, start=1)} or None
