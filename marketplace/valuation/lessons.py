"""What closed prices teach about rights of one office, kind and purpose, as known at an instant, in plain JSON."""

import math
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from marketplace.registry.assets import Asset
from marketplace.valuation.benchmarks import Lesson, borrowed_lesson, price_level
from marketplace.valuation.known_facts import known_facts_of
from marketplace.valuation.price_factors import price_factors, remaining_years
from marketplace.valuation.sales import Purpose, sales_known_at


def words_of(asset: Asset) -> str:
    return words_in(asset.titles, asset.mark)


def words_in(titles: dict[str, str], mark: str) -> str:
    """What a right is called, in every language; of one without a title its mark."""
    return " ".join(text for _language, text in sorted(titles.items())) or mark


def fields_of(asset: Asset) -> list[str]:
    return fields_in([*asset.ipc, *asset.cpc])


def fields_in(codes: Iterable[str]) -> list[str]:
    """The subclasses of classification codes."""
    return sorted({code.replace(" ", "")[:4] for code in codes if code})


def lessons_for(asset: Asset, purpose: Purpose, as_of: datetime) -> list[dict[str, Any]]:
    """What closed prices teach about one right: its own earlier price is no news about it."""
    return without(lessons(asset.office, asset.kind.value, purpose, as_of), asset.id)


def without(rows: list[dict[str, Any]], asset_id: UUID) -> list[dict[str, Any]]:
    """The lessons as plain JSON without those of one right."""
    own = str(asset_id)
    return [
        {name: value for name, value in row.items() if name != "asset_id"} for row in rows if row["asset_id"] != own
    ]


def lessons(office: str, kind: str, purpose: Purpose, as_of: datetime) -> list[dict[str, Any]]:
    """Closed prices of like rights for this purpose, or where there are none for the purpose its prices come from."""
    own = _taught_by(office, kind, purpose, Lesson(purpose.value), as_of)
    lesson = borrowed_lesson(office, purpose.value)
    return own if own or lesson is None else _taught_by(office, kind, purpose, lesson, as_of)


def _taught_by(office: str, kind: str, purpose: Purpose, lesson: Lesson, as_of: datetime) -> list[dict[str, Any]]:
    """Closed prices of like rights, each with its own facts' factors on its own day."""
    currency = price_level(office, kind, purpose.value).currency
    known = sales_known_at(lesson.purpose, office, kind, as_of)
    pairs = [(sale, sold) for sale, sold in known if sale.price.currency == currency]
    moments = [(sold, min(sale.recorded_at, as_of)) for sale, sold in pairs]
    rows = []
    for (sale, sold), facts in zip(pairs, known_facts_of(moments), strict=True):
        factors = price_factors(facts, sale.closed_on)
        log_price = math.log(float(sale.price.amount)) + lesson.log_shift
        rows.append(
            {
                "asset_id": str(sold.id),
                "reference": sale.reference,
                "words": words_of(sold),
                "fields": fields_of(sold),
                "log_price": round(log_price, 9),
                "factors": {factor.name: round(factor.value, 9) for factor in factors},
                "years_left": remaining_years(facts.expires_on, sale.closed_on),
                "day": sale.closed_on.toordinal(),
            }
            | ({"doubt": lesson.log_sd} if lesson.log_sd else {})
        )
    return rows
