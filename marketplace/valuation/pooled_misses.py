"""How far past indications of every office and kind missed the prices that followed: what small segments borrow."""

from datetime import datetime

import numpy as np
from sqlalchemy import text

from marketplace.core.db import session
from marketplace.valuation import price_intervals
from marketplace.valuation.price_intervals import WINDOW
from marketplace.valuation.price_learning import conformal_sd
from marketplace.valuation.sales import Purpose

_MISSES = text("""
    SELECT ln(sale.price_minor::numeric / greatest(earlier.middle_minor, 1))::float8
    FROM closed_sales sale
    CROSS JOIN LATERAL (
        SELECT middle_minor FROM indications
        WHERE asset_id = sale.asset_id AND purpose = sale.purpose AND created_at < sale.recorded_at
          AND middle_currency = sale.price_currency
        ORDER BY created_at DESC LIMIT 1
    ) earlier
    WHERE sale.purpose = :purpose AND NOT sale.related_parties AND sale.recorded_at <= :as_of
    ORDER BY sale.closed_on DESC, sale.id DESC LIMIT :newest
""")


def pooled_doubt(purpose: Purpose, as_of: datetime) -> float | None:
    """The doubt of one price, as log spread, that held 80 % of the newest misses of all segments; None while few."""
    found = session.execute(_MISSES, {"purpose": purpose.value, "as_of": as_of, "newest": WINDOW})
    missed = np.abs(np.array(list(found.scalars()), dtype=float))
    return round(conformal_sd(missed), 9) if len(missed) >= price_intervals.POOL_BELOW else None
