"""Weighing a proposed instrument beside two hundred that stand, against PostgreSQL's bare reading of them."""

import random
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from bench.server import own_database
from marketplace.core.actor import SYSTEM
from marketplace.core.clock import market_day, now
from marketplace.core.db import session
from marketplace.registry.encumbrances import encumber
from marketplace.registry.instrument_cases import judge_cases
from tests.makers.identity import make_organisation
from tests.makers.registry import make_asset

INSTRUMENTS, ROUNDS = 200, 300
COUNTRIES = ("DE", "FR", "IT", "ES", "NL", "SE", "PL", "GB", "CH", "AT")
FIELDS = ("A61K31", "A61K9", "A61P", "H04L9", "H04L12", "H04W", "G06F17", "name:toys", "name:drones", "*")


def measure() -> dict[str, Any]:
    """The milliseconds 95 of 100 verdicts keep, with the asset, its owners and instruments read anew for each."""
    dice = random.Random(20261123)
    with own_database("b" * 48):
        asset_id = _burdened(dice)
        verdicts, refused = _times(lambda: _ask(asset_id, dice))
        bare, _none = _times(lambda: _read(asset_id))
    return {
        "instruments": INSTRUMENTS,
        "verdict_p50_ms": verdicts[ROUNDS // 2],
        "verdict_p95_ms": verdicts[ROUNDS * 95 // 100],
        "bare_reading_p95_ms": bare[ROUNDS * 95 // 100],
        "ratio_bare_to_verdict": round(bare[ROUNDS // 2] / verdicts[ROUNDS // 2], 3),
        "refused": refused,
    }


def _burdened(dice: random.Random) -> UUID:
    """An asset with licences that all leave room for one another: half excluding in regions of their own."""
    owner, licensee = make_organisation(), make_organisation()
    asset, at = make_asset(owner, office="EP", expires_on=None), now()
    regions = [(country, field) for country in COUNTRIES for field in FIELDS[:-1]]
    dice.shuffle(regions)
    for number in range(INSTRUMENTS):
        alone = number < INSTRUMENTS // 3
        country, field = regions[number] if alone else regions[dice.randrange(INSTRUMENTS // 3, len(regions))]
        kind = dice.choice(("exclusive_licence", "sole_licence")) if alone else "non_exclusive_licence"
        begins = market_day(at) + timedelta(days=0 if alone else dice.randrange(900))
        encumber(
            SYSTEM, asset.id, kind, licensee.id, begins, begins + timedelta(days=700), f"L{number}", at,
            territory=[country], fields=[field],
        )  # fmt: skip
    session.commit()
    return asset.id


def _ask(asset_id: UUID, dice: random.Random) -> bool:
    begins = market_day(now()) + timedelta(days=dice.randrange(900))
    case = {
        "asset_id": str(asset_id), "kind": "licence",
        "exclusivity": dice.choice(("exclusive", "sole", "non_exclusive")),
        "territory": dice.sample(COUNTRIES, dice.randint(1, 4)), "fields": dice.sample(FIELDS, dice.randint(1, 3)),
        "begins_on": begins.isoformat(), "ends_on": (begins + timedelta(days=dice.randrange(1, 400))).isoformat(),
    }  # fmt: skip
    answer = judge_cases(case, begins, lambda problem: {"error": problem.code})[0]
    return not answer["allowed"]


def _read(asset_id: UUID) -> bool:
    rows = session.execute(text("SELECT * FROM encumbrances WHERE asset_id = :id"), {"id": asset_id}).all()
    return len(rows) != INSTRUMENTS


def _times(act: Callable[[], bool]) -> tuple[list[float], int]:
    spent, hits = [], 0
    for _round in range(ROUNDS):
        session.rollback()
        session.expunge_all()
        begun = time.perf_counter()
        hits += act()
        spent.append(round((time.perf_counter() - begun) * 1000, 2))
    return sorted(spent), hits
