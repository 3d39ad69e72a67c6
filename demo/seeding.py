"""Filling an empty marketplace with a plainly fictional one, the same each time."""

import random
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select

from demo.assets import make_assets
from demo.closed_deals import make_closed_deals
from demo.loans import make_loans
from demo.market import make_market
from demo.people import make_cast
from demo.pool import make_pool
from demo.sizes import FULL, Size
from marketplace.core.db import session
from marketplace.identity.organisations import Organisation

SEED = 20261122


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
