"""What the rights of a batch are worth together: members of one family count once, and all are taken to fall together."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Text, cast, func, select

from marketplace.core.actor import Actor
from marketplace.core.db import session
from marketplace.core.money import Money
from marketplace.registry.assets import Asset
from marketplace.valuation.batches import BatchValue, find_batch


@dataclass(frozen=True)
class PortfolioValue:
    """The sum in one currency; ``families`` were counted, of ``rights`` valued.

    The ends are sums of ends: with prices that move together nothing is gained by spreading, so P10 stays honest.
    """

    rights: int
    families: int
    low: Money
    middle: Money
    high: Money


def portfolio_of_batch(actor: Actor, batch_id: UUID) -> list[PortfolioValue]:
    """The value of a batch of one's own together, by currency; of each family its strongest member counts."""
    batch = find_batch(actor, batch_id)
    values = BatchValue.__table__.c
    family = func.coalesce(func.nullif(Asset.family_id, ""), cast(Asset.id, Text))
    members = (
        select(
            values.low_minor,
            values.middle_minor,
            values.high_minor,
            values.low_currency.label("currency"),
            func.row_number()
            .over(partition_by=(values.low_currency, family), order_by=(values.low_minor.desc(), values.asset_id))
            .label("place"),
        )
        .join(Asset, Asset.id == values.asset_id)
        .where(values.batch_id == batch.id)
        .subquery()
    )
    first = members.c.place == 1
    sums = [func.sum(members.c[f"{end}_minor"]).filter(first) for end in ("low", "middle", "high")]
    query = select(members.c.currency, func.count(), func.count().filter(first), *sums).group_by(members.c.currency)
    return [
        PortfolioValue(rights, families, *(Money(int(amount), currency) for amount in amounts))
        for currency, rights, families, *amounts in session.execute(query.order_by(members.c.currency))
    ]
