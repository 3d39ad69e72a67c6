"""Values of rights for tests."""

from datetime import datetime
from uuid import UUID

from marketplace.core.db import session
from marketplace.core.money import Money
from marketplace.valuation.reports import Indication
from marketplace.valuation.sales import Purpose


def make_value(asset_id: UUID, middle: Money, at: datetime) -> Indication:
    """The marketplace's own value of a right for pledging, as of that moment."""
    seen = Indication(
        asset_id=asset_id, organisation_id=None, purpose=Purpose.PLEDGE, low=middle, middle=middle, high=middle,
        as_of=at, method="test", model_version="test", inputs_hash="0" * 64, snapshot={}, answer={"factors": []},
    )  # fmt: skip
    session.add(seen)
    session.flush()
    return seen
