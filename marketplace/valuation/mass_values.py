"""Ranges for many rights at once: the same arithmetic as an indication with nothing stated, to the same cent.

Only what the range needs is read, in a few queries for all; a full report of any right of the batch is one indication
as of the batch's instant away, and says the same. Sums are made for all rights together; a range that lies so near
half a cent that the order of adding could show is computed again as a single indication computes it.
"""

import gc
import json
import re
from collections import defaultdict, namedtuple
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import ARRAY, Text, Uuid, func, literal, or_, select
from sqlalchemy import cast as as_type

from marketplace.core.db import session
from marketplace.registry.assets import Asset
from marketplace.registry.register_events import RegisterEvent
from marketplace.valuation.benchmarks import price_level
from marketplace.valuation.estimating import quick_range, sold_in, subject_of
from marketplace.valuation.known_facts import TRADES, facts_of, may_be_ranked, record_of, sections_in
from marketplace.valuation.lessons import fields_in, lessons, without, words_in
from marketplace.valuation.mass_comparables import Beside
from marketplace.valuation.pooled_misses import pooled_doubt
from marketplace.valuation.price_factors import KnownFacts, factor_ranges, price_factors
from marketplace.valuation.price_learning import learn_from_sales
from marketplace.valuation.reconciliation import minor_of_logs, reconcile_many
from marketplace.valuation.renewal_files import default_model
from marketplace.valuation.renewal_records import RenewalRecord
from marketplace.valuation.reports import DEAD
from marketplace.valuation.sales import Purpose, any_sale_known_at

_ID = as_type(Asset.id, Text).label("id")
_CODES = as_type(Asset.ipc.op("||")(Asset.cpc), Text).label("codes")
_COLUMNS = (
    *(_ID, Asset.office, Asset.kind, Asset.publication_date, Asset.grant_date),
    *(Asset.application_date, Asset.expires_on, Asset.status, Asset.status_on, Asset.claims_count),
    *(Asset.family_size, Asset.cited_by_count, Asset.changed_at),
    *(func.jsonb_array_length(Asset.inventors).label("team"), _CODES),
)
_DESCRIPTION = (as_type(Asset.titles, Text).label("titles"), Asset.mark)
"""Read too where prices have closed to compare with."""
_FIRST_LETTER = re.compile('"([^"]?)[^"]*"')


TOGETHER = 2_000
"""Rights computed at once: while they are, the database takes in those before."""


@dataclass(frozen=True)
class Ranges:
    """The ranges of some rights as columns: low, middle and high in minor units of one currency."""

    currency: str
    asset_ids: list[str]
    minor: list[list[int]]


@dataclass(frozen=True)
class MassValues:
    """The ranges of many rights, computed as they are taken, and which rule refused the others."""

    refusals: dict[str, str]
    ranges: Iterator[Ranges]
    """Everything is read beforehand: taking them asks the database nothing."""


def value_many(asset_ids: Sequence[str], purpose: Purpose, as_of: datetime, order: UUID) -> MassValues:
    """The ranges of some rights of an order for a purpose, by what was known at an instant."""
    rows = _read((*_COLUMNS, *_DESCRIPTION) if any_sale_known_at(as_of) else _COLUMNS, asset_ids)
    ranks, trades = _ranks(rows, as_of), _trades(asset_ids, as_of)
    refusals: dict[str, str] = {}
    alike: dict[tuple[str, str], list[tuple[Any, KnownFacts]]] = defaultdict(list)
    for row in rows:
        facts = facts_of(row, as_of, ranks.get(row.id), trades.get(row.id))
        if facts.status in DEAD:
            refusals[row.id] = "right_not_alive"
        else:
            alike[row.office, row.kind].append((row, facts))
    markets = [
        (_market(order, purpose, as_of, office, kind), members[first : first + TOGETHER])
        for (office, kind), members in alike.items()
        for first in range(0, len(members), TOGETHER)
    ]
    return MassValues(refusals, (market.ranges(members) for market, members in markets))


@lru_cache(maxsize=64)
def _market(_order: UUID, purpose: Purpose, as_of: datetime, office: str, kind: str) -> "Market":
    """All steps of one order learn from the same prices; another order reads them anew."""
    return Market(office, kind, purpose, as_of)


@contextmanager
def no_collection() -> Iterator[None]:
    """A step makes many objects and no circles: looking for circles again and again would be a third of its time."""
    paused = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if paused:
            gc.enable()


def _read(columns: tuple[Any, ...], asset_ids: Sequence[str]) -> list[Any]:
    """The rows as plain tuples with names, whose members are found faster than a result row's."""
    row = namedtuple("row", [column.key for column in columns])  # type: ignore[misc]  # named by the query
    query = select(*columns).where(among(Asset.id, asset_ids))
    return list(map(row._make, session.connection().execute(query)))  # rows, not objects: no need of the session's map


def among(column: Any, asset_ids: Sequence[str]) -> Any:
    """Whether a column names one of these rights, which are one parameter instead of thousands."""
    return column.in_(select(func.unnest(as_type(literal("{" + ",".join(asset_ids) + "}", Text), ARRAY(Uuid())))))


def _ranks(rows: Sequence[Any], as_of: datetime) -> dict[str, float]:
    """Where each right the renewal model can judge stands; rights it cannot tell apart are judged once."""
    alike: dict[Any, int] = {}
    records: list[RenewalRecord] = []
    places: dict[str, int] = {}
    for row in rows:
        if may_be_ranked(row, as_of):
            granted, sections = row.grant_date, _sections_in(row.codes)
            seen = (row.claims_count, row.team, sections, granted and granted.year)
            place = places[row.id] = alike.setdefault(seen, len(records))
            if place == len(records):
                records.append(record_of(row.claims_count, row.team, sections, granted))
    found = default_model().middle_percentiles(records).round(4).tolist() if records else ()
    return {own: found[place] for own, place in places.items()}


def _sections_in(codes: str) -> frozenset[str]:
    """The sections of a JSON list of codes; one with escaped letters, which no code has, is read in full."""
    return sections_in(tuple(json.loads(codes) if "\\" in codes else _FIRST_LETTER.findall(codes)))


class Market:
    """What is shared by rights of one office and kind: the level, what closed prices teach, and the day."""

    def __init__(self, office: str, kind: str, purpose: Purpose, as_of: datetime) -> None:
        self.on, self.pooled = as_of.date(), pooled_doubt(purpose, as_of)
        self.rows = lessons(office, kind, purpose, as_of)
        self.level = price_level(office, kind, purpose.value)
        self.sales = without(self.rows, UUID(int=0))
        self.learned = learn_from_sales(self.level, self.sales, self.pooled)
        self.taught = {row["asset_id"] for row in self.rows}
        self.beside = Beside(sold_in(self.sales)) if self.sales else None

    def ranges(self, members: Sequence[tuple[Any, KnownFacts]]) -> Ranges:
        """The ranges of these rights, each without its own earlier prices."""
        means, sds, lows, highs = (
            np.atleast_2d(part) for part in self._statistical([facts for _row, facts in members])
        )
        if self.beside is not None:
            described = _described([row for row, _facts in members])
            mean, sd = self.beside.values(
                [subject_of(own, facts, self.on) for own, (_row, facts) in zip(described, members, strict=True)]
            )
            nothing = np.zeros(len(members))
            means, sds = np.vstack([means, mean]), np.vstack([sds, np.hypot(sd, self.learned.borrowed_doubt)])
            lows, highs = np.vstack([lows, nothing]), np.vstack([highs, nothing])
        minor, unsure = minor_of_logs(reconcile_many(means, sds, lows, highs), self.level.currency)
        ranges: list[list[int]] = minor.T.tolist()
        again = np.any(unsure, axis=0).tolist()
        for at, (row, facts) in enumerate(members):
            if again[at] or row.id in self.taught:
                ranges[at] = self._alone(row, facts)
        return Ranges(self.level.currency, [row.id for row, _facts in members], ranges)

    def _statistical(self, facts: Sequence[KnownFacts]) -> tuple[Any, Any, Any, Any]:
        """Middle, spread and how far unknown facts may move it, for each right."""
        shares = np.array([self.learned.multipliers.get(one.name, 1.0) for one in price_factors(facts[0], self.on)])
        value, low, high = np.moveaxis(factor_ranges(facts, self.on) * shares[:, None], 2, 0)
        level = self.learned.level
        spread = np.full(len(facts), level.log_sd)
        return level.log_mean + value.sum(axis=1), spread, (value - low).sum(axis=1), (high - value).sum(axis=1)

    def _alone(self, row: Any, facts: KnownFacts) -> list[int]:
        """One range as a single indication computes it."""
        own = row.id in self.taught
        sales = without(self.rows, UUID(row.id)) if own else self.sales
        learned = learn_from_sales(self.level, sales, self.pooled) if own else self.learned
        described = _described([row])[0] if self.sales else {}
        return [money.amount_minor for money in quick_range(described, sales, learned, facts, self.on)]


def _described(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """The words and fields by which rights are compared; their JSON is read in one go."""
    titles, codes = (
        json.loads(f"[{','.join(texts)}]") for texts in ([r.titles for r in rows], [r.codes for r in rows])
    )
    return [
        {"words": words_in(title, row.mark), "fields": fields_in(code)}
        for row, title, code in zip(rows, titles, codes, strict=True)
    ]


def _trades(asset_ids: Sequence[str], as_of: datetime) -> dict[str, int]:
    """Recorded trades by right, known at an instant; rights without any event are absent."""
    query = (
        select(RegisterEvent.asset_id, func.count().filter(RegisterEvent.type.in_(TRADES)))
        .where(
            among(RegisterEvent.asset_id, asset_ids),
            RegisterEvent.known_from <= as_of,
            or_(RegisterEvent.known_to.is_(None), RegisterEvent.known_to > as_of),
            or_(RegisterEvent.valid_on.is_(None), RegisterEvent.valid_on <= as_of.date()),
        )
        .group_by(RegisterEvent.asset_id)
    )
    return {str(asset_id): int(count) for asset_id, count in session.execute(query)}
