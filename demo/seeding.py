"""Filling an empty marketplace with a plainly fictional one, the same each time."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import exists, select

from demo.assets import make_assets
from demo.closed_deals import make_closed_deals
from demo.loans import make_loans
from demo.market import make_market
from demo.people import Cast, make_cast
from demo.sizes import FULL, Size
from marketplace.core.clock import market_day
from marketplace.core.db import session
from marketplace.core.money import Money
from marketplace.identity.organisations import Organisation
from marketplace.risk_pool import pools, replenishments, schemes
from marketplace.risk_pool.published_schemes import published_scheme

SEED = 20261122
BUDGET = Money(4_000_000_000, "CNY")
ADOPTED = ("guangzhou-5311", "guangzhou-55", "zhongshan", "guangzhou-2025")


def is_seeded() -> bool:
    """Whether the demo is there already."""
    return bool(session.execute(select(exists().where(Organisation.demo))).scalar_one())


def seed_demo(now: datetime, tell: Callable[[str], None], size: Size = FULL) -> dict[str, Any]:
    """Make the whole demo; a second time does nothing."""
    if is_seeded():
        return {"seeded": False}
    dice = random.Random(SEED)  # fictional data, not secrets
    tell("people and organisations")
    cast = make_cast(now)
    tell(f"{size.assets} assets")
    owned = make_assets(dice, cast, size.assets)
    tell("closed sales")
    sold = make_closed_deals(dice, cast, owned, size.sales, now)
    tell("listings and auctions in progress")
    listings = make_market(dice, cast, owned, size, now)
    tell("risk pool and loans in every state")
    loans = make_loans(dice, cast, make_pool(cast, now), size.loans, now)
    made = {
        "organisations": len(cast.organisations),
        "assets": size.assets,
        "sales": sold,
        "listings": listings,
        "loans": loans,
    }
    return {"seeded": True, **made}


def make_pool(cast: Cast, now: datetime) -> list[schemes.Scheme]:
    """One pool of forty million, tenfold, with its four adopted schemes."""
    approver = cast.approvers["pool_administrator1"]
    name = {"zh": "示范知识产权质押风险补偿资金池（演示）", "en": "Demo IP pledge risk pool (fictional)"}
    pool = pools.open_pool(approver, name, "CNY", Fraction(10), now)
    transfer = replenishments.Told(
        amount=BUDGET, bank_reference="DEMO-BUDGET", received_on=market_day(now),
        reason=replenishments.Reason.YEARLY_BUDGET, sponsor_kind=replenishments.SponsorKind.CITY_BUDGET,
    )  # fmt: skip
    put_in = replenishments.record_replenishment(cast.officers["pool_administrator1"], pool.id, transfer, now)
    replenishments.confirm_replenishment(replace(approver, authenticated_at=now), put_in.id, now)
    first = date(now.year - 1, 1, 1)
    return [schemes.adopt_scheme(approver, pool.id, published_scheme(scheme), (first, None), now) for scheme in ADOPTED]
