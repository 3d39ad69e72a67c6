"""Closed prices for tests."""

from datetime import datetime
from itertools import count
from typing import Any

from marketplace.core.actor import SYSTEM
from marketplace.core.money import Money
from marketplace.registry.assets import Asset
from marketplace.valuation.sales import ClosedSale, record_sale

_numbers = count(1)


def make_sale(asset: Asset, price: str, now: datetime, **changes: Any) -> ClosedSale:
    """A price paid for an asset between unrelated parties."""
    options: dict[str, Any] = {"purpose": "transfer", "related": False, "reference": f"test-sale-{next(_numbers)}"}
    options |= changes
    return record_sale(
        SYSTEM, asset.id, options["purpose"], Money.parse(price, "CNY"), options["reference"], now, options["related"]
    )
