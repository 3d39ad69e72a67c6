"""What a right is worth for lending: the marketplace's own indication, frozen where it is used."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from marketplace.core.actor import Actor
from marketplace.core.db import session
from marketplace.core.errors import Refused
from marketplace.core.money import Money
from marketplace.registry.assets import Asset
from marketplace.valuation.reports import Indication, indicate_value, latest_indication
from marketplace.valuation.sales import Purpose


def known_value(actor: Actor, asset: Asset) -> Indication | None:
    """The holder's newest indication, for pledging where there is one; none is made."""
    return latest_indication(asset.id, actor, purpose="pledge") or latest_indication(asset.id, actor)


def value_seen(actor: Actor, asset: Asset, now: datetime) -> Indication | None:
    """The holder's newest indication, made now where there is none; unknown is none, never zero."""
    found = known_value(actor, asset)
    if found is not None:
        return found
    try:
        return indicate_value(actor, asset.id, "pledge", now)
    except Refused:
        return None


def values_of(asset_ids: Iterable[UUID]) -> dict[UUID, Money]:
    """The middle value of several rights: the marketplace's own for pledging first, then any for pledging, then any."""
    pledge = Indication.purpose == Purpose.PLEDGE
    columns = Indication.__table__.c
    query = (
        select(Indication.asset_id, columns.middle_minor, columns.middle_currency)
        .where(Indication.asset_id.in_(asset_ids))
        .distinct(Indication.asset_id)
        .order_by(
            Indication.asset_id, (Indication.organisation_id.is_(None) & pledge).desc(), pledge.desc(),
            Indication.as_of.desc(), Indication.id.desc(),
        )
    )  # fmt: skip
    return {asset_id: Money(minor, currency) for asset_id, minor, currency in session.execute(query)}
