"""How likely an offer is sold within the horizon: published auctions first, then this platform's offers, then like rights' own.

The horizon is twelve months from publication (``data/sale_chances.json``). Each month an offer not yet sold may be sold
or not; what is believed of each month's chance is a beta law, and together they are one Dirichlet law before any offer
was watched. An offer counts in every full month it was watched and no longer: one still open and younger than the horizon
teaches about its first months only, and one that ended without a sale stays among the watched as one that did not sell.

Three levels. Each published auction is a market with a chance of its own; how far their shares lie apart says how little
one market tells of another. Offers of other rights on this platform are one more market: in no month do they weigh more
than that. Offers of like rights (same office and kind) count in full. Where nothing is published (licences; rights other
than patents) the first level is Jeffreys' vague law, and the answer says so. One more unsold offer never raises the
chance, and one of a like right raises neither end of its range.
"""

import functools
import json
import math
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from marketplace.valuation.beta_law import beta_quantile

JEFFREYS = 0.5
"""Both parameters of the vague law."""
MONTH = timedelta(days=365) / 12
PUBLISHED, VAGUE = "published_auctions", "vague"


@functools.cache
def sale_chance_data() -> dict[str, Any]:
    """The published auctions as entered."""
    path = Path(__file__).parent / "data" / "sale_chances.json"
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def horizon_months() -> int:
    """Within how many months of its publication an offer counts as sold."""
    return int(sale_chance_data()["horizon_months"])


@dataclass(frozen=True)
class Prior:
    """What is believed of a market before any of its offers was watched; ``weight`` is in offers watched to the end."""

    mean: float
    weight: float
    basis: str


@functools.cache
def published_prior() -> Prior:
    """The beta law with the mean and the spread of the published auctions' shares, their own chance errors taken out."""
    events = [(event["sold"] / event["offered"], event["offered"]) for event in sale_chance_data()["events"]]
    mean = math.fsum(share for share, _offered in events) / len(events)
    spread = math.fsum((share - mean) ** 2 for share, _offered in events) / (len(events) - 1)
    chance = math.fsum(share * (1 - share) / (offered - 1) for share, offered in events) / len(events)
    between = min(max(spread - chance, 1e-3), 0.95 * mean * (1 - mean))
    return Prior(mean, mean * (1 - mean) / between - 1, PUBLISHED)


def prior_for(kind: str, market: str) -> Prior:
    """The first level for a kind of right offered for transfer or licence."""
    if market == "transfer" and kind in sale_chance_data()["kinds"]:
        return published_prior()
    return Prior(0.5, 2 * JEFFREYS, VAGUE)


def chance_of_sale(kind: str, outcomes: dict[str, Any]) -> dict[str, Any]:
    """The chance of a sale within the horizon with its P10 and P90, from offers of like rights and of others here."""
    prior = prior_for(kind, str(outcomes["market"]))
    won, lost = _law(prior, outcomes)
    return {
        "chance": round(won / (won + lost), 4),
        "low": round(beta_quantile(0.1, won, lost), 4),
        "high": round(beta_quantile(0.9, won, lost), 4),
        "horizon_months": outcomes["horizon_months"],
        "market": outcomes["market"],
        "prior": _told(prior),
        "alike": outcomes["alike"],
        "others": outcomes["others"],
        "sources": [_citation(event) for event in sale_chance_data()["events"]] if prior.basis == PUBLISHED else [],
    }


def _law(prior: Prior, outcomes: dict[str, Any]) -> tuple[float, float]:
    """The beta law of the chance of a sale in any month up to the horizon: its two parameters, sold and not.

    Its mean is the exact one. The first parameter is the sales that were believed or seen, so that the law weighs as many
    offers as such sales come from: exact while every offer was watched to the end, and an offer watched for some months
    only counts for that much less.
    """
    months = int(outcomes["horizon_months"])
    never, won = 1.0, 0.0
    for month in range(months):
        sold, unsold = _month(prior, outcomes, month, months)
        never *= unsold / (sold + unsold)
        won += sold
    return won, won * never / (1 - never)


def _month(prior: Prior, outcomes: dict[str, Any], month: int, months: int) -> tuple[float, float]:
    """The two parameters of one month: sold in it, and not; the first level spreads its sales evenly over the months."""
    sold = prior.weight * prior.mean / months
    unsold = prior.weight * (1 - prior.mean * (month + 1) / months)
    most = published_prior().weight
    for group, share in (("alike", 1.0), ("others", most / (most + outcomes["others"]["watched_by_month"][month]))):
        taken = outcomes[group]["sold_by_month"][month]
        sold += share * taken
        unsold += share * (outcomes[group]["watched_by_month"][month] - taken)
    return sold, unsold


def _told(prior: Prior) -> dict[str, Any]:
    """The first level in figures: its middle, what it counts for, and the published auctions behind it."""
    told = {"basis": prior.basis, "mean": round(prior.mean, 4), "weight": round(prior.weight, 2)}
    if prior.basis == VAGUE:
        return told
    events = sale_chance_data()["events"]
    shares = [event["sold"] / event["offered"] for event in events]
    return told | {
        "events": len(events),
        "offered": sum(event["offered"] for event in events),
        "sold": sum(event["sold"] for event in events),
        "least": round(min(shares), 4),
        "most": round(max(shares), 4),
    }


def _citation(event: dict[str, Any]) -> dict[str, str]:
    return {"source": event["source"], "grade": event["grade"], "date": event["date"]}
