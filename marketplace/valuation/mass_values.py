"""Ranges for many rights at once: the same arithmetic as an indication with nothing stated, to the same cent.

Only what the range needs is read, in a few queries for all; a full report of any right of the batch is one indication
as of the batch's instant away, and says the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, func, literal, or_, select

from marketplace.core.db import session
from marketplace.core.money import Money
from marketplace.registry.assets import Asset, find_asset
from marketplace.registry.register_events import RegisterEvent
from marketplace.valuation.benchmarks import price_level
from marketplace.valuation.estimating import quick_range
from marketplace.valuation.known_facts import TRADES, facts_of, renewal_record
from marketplace.valuation.lessons import fields_of, lessons, without, words_of
from marketplace.valuation.price_factors import KnownFacts
from marketplace.valuation.price_learning import learn_from_sales
from marketplace.valuation.renewal_files import default_model
from marketplace.valuation.reports import DEAD
from marketplace.valuation.sales import Purpose

_COLUMNS = (
    *(Asset.id, Asset.office, Asset.kind, Asset.application_date, Asset.publication_date, Asset.grant_date),
    *(Asset.expires_on, Asset.status, Asset.status_on, Asset.inventors, Asset.ipc, Asset.cpc, Asset.claims_count),
    *(Asset.family_size, Asset.cited_by_count, Asset.changed_at),
)


@dataclass(frozen=True)
class MassValue:
    """One right's range, or the code of the rule that refused it."""

    asset_id: UUID
    ends: tuple[Money, Money, Money] | None
    refusal: str = ""


def value_many(asset_ids: Sequence[UUID], purpose: Purpose, as_of: datetime) -> list[MassValue]:
    """The ranges of these rights for a purpose, by what was known at an instant."""
    query = select(*_COLUMNS).where(Asset.id == any_(_array(asset_ids)))
    rows = [cast("Asset", row) for row in session.execute(query)]
    trades = _trades([row.id for row in rows], as_of)
    records = [renewal_record(row, as_of) for row in rows]
    known = [record for record in records if record is not None]
    ranks = iter(default_model().middle_percentiles(known) if known else ())
    markets: dict[tuple[str, str], Market] = {}
    values = []
    for row, record in zip(rows, records, strict=True):
        rank = round(float(next(ranks)), 4) if record is not None else None
        facts = facts_of(row, as_of, rank, trades.get(row.id))
        key = (row.office, row.kind.value)
        if key not in markets:
            markets[key] = Market(*key, purpose, as_of)
        values.append(markets[key].value(row, facts))
    return values


def _array(asset_ids: Sequence[UUID]) -> Any:
    """The rights as one parameter instead of thousands."""
    return literal(list(asset_ids), ARRAY(Uuid()))


class Market:
    """What is shared by rights of one office and kind: the level, what closed prices teach, and the day."""

    def __init__(self, office: str, kind: str, purpose: Purpose, as_of: datetime) -> None:
        self.on = as_of.date()
        self.rows = lessons(office, kind, purpose, as_of)
        self.level = price_level(office, kind, purpose.value)
        self.taught = {row["asset_id"] for row in self.rows}
        self.everything = without(self.rows, UUID(int=0))
        self.learned = learn_from_sales(self.level, self.everything)
        self.range = lru_cache(maxsize=50_000)(self._range)

    def value(self, row: Asset, facts: KnownFacts) -> MassValue:
        """The range of one right, without its own earlier prices."""
        if facts.status in DEAD:
            return MassValue(row.id, None, "right_not_alive")
        if not self.rows:
            return MassValue(row.id, self.range(facts))
        sales, learned = self.everything, self.learned
        if str(row.id) in self.taught:
            sales = without(self.rows, row.id)
            learned = learn_from_sales(self.level, sales)
        asset = {"words": words_of(find_asset(row.id)), "fields": fields_of(row)}
        return MassValue(row.id, quick_range(asset, sales, learned, facts, self.on))

    def _range(self, facts: KnownFacts) -> tuple[Money, Money, Money]:
        """Without closed prices, rights with the same facts have the same range."""
        return quick_range({}, [], self.learned, facts, self.on)


def _trades(asset_ids: Sequence[UUID], as_of: datetime) -> dict[UUID, int]:
    """Recorded trades by right, known at an instant; rights without any event are absent."""
    query = (
        select(RegisterEvent.asset_id, func.count().filter(RegisterEvent.type.in_(TRADES)))
        .where(
            RegisterEvent.asset_id == any_(_array(asset_ids)),
            RegisterEvent.known_from <= as_of,
            or_(RegisterEvent.known_to.is_(None), RegisterEvent.known_to > as_of),
            or_(RegisterEvent.valid_on.is_(None), RegisterEvent.valid_on <= as_of.date()),
        )
        .group_by(RegisterEvent.asset_id)
    )
    return {asset_id: int(count) for asset_id, count in session.execute(query)}
