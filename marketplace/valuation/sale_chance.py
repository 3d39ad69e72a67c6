"""How likely an offer ends in a sale: published auctions first, then this platform's offers, then like rights' own.

Three levels of beta laws. Each published auction is a market with a chance of its own; how far their shares lie apart
says how little one market tells of another. Offers of other rights on this platform are one more market: together they
never weigh more than that. Offers of like rights (same office and kind) count in full. Where nothing is published (licences; rights other than patents) the first level is
Jeffreys' vague law, and the answer says so. Every offer that ends without a sale lowers the whole law, at both ends.
"""

import functools
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marketplace.valuation.beta_law import beta_quantile

JEFFREYS = 0.5
"""Both parameters of the vague law."""
PUBLISHED, VAGUE = "published_auctions", "vague"


@functools.cache
def sale_chance_data() -> dict[str, Any]:
    """The published auctions as entered."""
    path = Path(__file__).parent / "data" / "sale_chances.json"
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


@dataclass(frozen=True)
class Prior:
    """What is believed of a market before any of its offers has ended; ``weight`` is in ended offers."""

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
    """The chance of a sale with its P10 and P90, from ended offers of like rights and of others on this platform."""
    prior = prior_for(kind, str(outcomes["market"]))
    others, alike = outcomes["others"], outcomes["alike"]
    most = published_prior().weight
    share = most / (most + others["sold"] + others["unsold"])
    won = prior.mean * prior.weight + share * others["sold"] + alike["sold"]
    lost = (1 - prior.mean) * prior.weight + share * others["unsold"] + alike["unsold"]
    return {
        "chance": round(won / (won + lost), 4),
        "low": round(beta_quantile(0.1, won, lost), 4),
        "high": round(beta_quantile(0.9, won, lost), 4),
        "market": outcomes["market"],
        "prior": _told(prior),
        "alike": alike,
        "others": others,
        "sources": [_citation(event) for event in sale_chance_data()["events"]] if prior.basis == PUBLISHED else [],
    }


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
