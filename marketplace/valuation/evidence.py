"""Where a report's figures come from, in the reader's language: sources, inputs of each approach, comparable sales."""

from collections.abc import Callable
from datetime import date
from functools import cache
from math import expm1
from typing import Any

from marketplace.core.formats import show_money
from marketplace.core.i18n import _, pick
from marketplace.core.money import Money
from marketplace.valuation.benchmarks import benchmark_data, factor_data
from marketplace.valuation.income import royalty_bands
from marketplace.valuation.sale_chance import VAGUE, sale_chance_data
from marketplace.valuation.wording import factor_name


@cache
def _chinese_sources() -> dict[str, str]:
    """The Chinese text of every entered source, by its English text."""
    prices = benchmark_data()
    entries = [
        *prices["observations"],
        *prices["purposes"].values(),
        *prices["kinds"].values(),
        prices["other_offices"],
        *factor_data()["factors"].values(),
        *sale_chance_data()["events"],
    ]
    return {entry["source"]: entry["source_zh"] for entry in entries}


def source_text(source: str) -> str:
    """A source as entered, in the language of the page."""
    return pick({"en": source, "zh": _chinese_sources().get(source, source)})


def source_line(source: dict[str, Any]) -> str:
    """One source behind the level, with its grade and date."""
    if "deals" in source:
        return _("Grade A: %(count)s closed deals on this platform", count=source["deals"])
    if source["date"]:
        return _(
            "Grade %(grade)s, %(dated)s: %(source)s",
            grade=source["grade"],
            dated=source["date"],
            source=source_text(source["source"]),
        )
    return _("Grade %(grade)s: %(source)s", grade=source["grade"], source=source_text(source["source"]))


def input_sentences(approach: dict[str, Any], currency: str) -> list[str]:
    """What an approach was computed from, one sentence each."""
    detail = approach["detail"]
    kinds: dict[str, Callable[[dict[str, Any], str], list[str]]] = {
        "statistical": _statistical,
        "market": _market,
        "income": _income,
        "cost": _cost,
    }
    return kinds[approach["name"]](detail, currency)


def _statistical(detail: dict[str, Any], _currency: str) -> list[str]:
    published = [source for source in detail["sources"] if "deals" not in source]
    said = [_("%(count)s published prices and assumptions", count=len(published))]
    if not detail["sales"]:
        return [*said, _("no closed deal of a like right yet")]
    said.append(_("%(count)s closed deals", count=detail["sales"]))
    moved = {name: share for name, share in detail.get("multipliers", {}).items() if abs(share - 1) >= 0.05}
    return said + [
        _("closed deals count “%(fact)s” %(share)s times as much", fact=factor_name(name), share=f"{share:.1f}")
        for name, share in sorted(moved.items())
    ]


def _market(detail: dict[str, Any], _currency: str) -> list[str]:
    return [_("%(count)s comparable sales, listed below with each adjustment", count=len(detail["comparables"]))]


def _income(detail: dict[str, Any], currency: str) -> list[str]:
    low, high = detail["royalty_percent"]
    band = royalty_bands()[detail["industry"]]
    return [
        _("yearly revenue %(amount)s, as stated", amount=show_money(Money.parse(detail["revenue"], currency))),
        _(
            "royalty %(low)s–%(high)s %% of sales in %(industry)s (%(dated)s)",
            low=f"{low:g}",
            high=f"{high:g}",
            industry=pick({"zh": band["zh"], "en": band["en"]}),
            dated=band["dated"],
        ),
        _("discounted at %(rate)s %% a year over %(years)s years", rate=f"{detail['discount_percent']:g}", years=f"{detail['years']:.1f}"),
        _("2,000 simulated cases, seed %(seed)s", seed=detail["seed"]),
    ]  # fmt: skip


def _cost(detail: dict[str, Any], _currency: str) -> list[str]:
    return [
        _("%(years)s years of life used", years=f"{detail['years_used']:.1f}"),
        _("%(years)s years of life left", years=f"{detail['years_left']:.1f}"),
    ]


def chance_in_short(sale: dict[str, Any]) -> str:
    """The chance of a sale with its range and its horizon."""
    return _(
        "%(chance)s (P10 %(low)s, P90 %(high)s) within %(months)s months of being published",
        chance=f"{sale['chance']:.0%}",
        low=f"{sale['low']:.0%}",
        high=f"{sale['high']:.0%}",
        months=sale["horizon_months"],
    )


def chance_sentences(sale: dict[str, Any]) -> list[str]:
    """How likely an offer sells within the horizon, where that comes from, and what it means for the range of value."""
    return [
        _(
            "An offer of such a right ends in a completed deal within %(months)s months of being published about %(chance)s of the time; eight times in ten the true share lies between %(low)s and %(high)s.",
            months=sale["horizon_months"],
            chance=f"{sale['chance']:.0%}",
            low=f"{sale['low']:.0%}",
            high=f"{sale['high']:.0%}",
        ),
        _("The range of value is the price given a deal; an offer that finds no taker brings nothing."),
        _chance_starts_from(sale["prior"], sale["horizon_months"]),
        _("Like rights (same office and kind) on this platform: %(fared)s.", fared=_fared(sale["alike"])),
        _("Other rights on this platform: %(fared)s.", fared=_fared(sale["others"])),
        _(
            "Open offers younger than %(months)s months count for the full months they were watched; offers that the register or a related party took off the market, or that were hardly tried, for the months before.",
            months=sale["horizon_months"],
        ),
    ]


def _fared(offers: dict[str, Any]) -> str:
    """How a group of offers fared so far."""
    return _(
        "%(sold)s offers sold in time, %(unsold)s not, %(open)s still open and younger, %(aside)s set aside",
        sold=offers["sold"],
        unsold=offers["unsold"],
        open=offers["open"],
        aside=offers["set_aside"],
    )


def _chance_starts_from(prior: dict[str, Any], months: int) -> str:
    if prior["basis"] == VAGUE:
        return _(
            "No share of such offers that end in a deal is published. The chance starts from a law that favours no answer (Jeffreys), and until offers have ended here it says next to nothing."
        )
    return _(
        "Real deals are few: the chance starts from %(events)s published patent auctions (%(sold)s of %(offered)s lots sold, %(least)s to %(most)s at a single one), which weigh as much as %(weight)s offers here. An auction is answered at once; its share is taken as that of %(months)s months.",
        events=prior["events"],
        sold=prior["sold"],
        offered=prior["offered"],
        least=f"{prior['least']:.0%}",
        most=f"{prior['most']:.0%}",
        weight=f"{prior['weight']:.1f}",
        months=months,
    )


def swing_name(name: str) -> str:
    """What is swung in the sensitivity picture."""
    stated: dict[str, Callable[[], str]] = {
        "royalty": lambda: _("Royalty, over the industry's band"),
        "revenue": lambda: _("Stated revenue, half as much or half again"),
        "discount": lambda: _("Discount rate, five points either way"),
    }
    return stated[name]() if name in stated else factor_name(name)


def adjustment(comparable: dict[str, Any], name: str) -> str:
    """One adjustment of a comparable sale as a change of its price in per cent."""
    change = round(100 * expm1(comparable["adjustments"].get(name, 0.0)))
    return f"{change:+d}%" if change else "0%"


def sold_in(comparable: dict[str, Any]) -> str:
    """When and in which field a comparable was sold; who sold it stays private."""
    day = date.fromordinal(comparable["day"])
    fields = "、".join(comparable["fields"]) or "—"
    return _("%(year)s, field %(fields)s", year=day.year, fields=fields)
