"""What was known of an asset on a day: nothing later than that day may enter a value."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from uuid import UUID

from sqlalchemy import select

from marketplace.core.db import session
from marketplace.registry.assets import Asset, AssetKind, LegalStatus
from marketplace.registry.event_codes import RegisterEventType
from marketplace.registry.register_events import RegisterEvent
from marketplace.valuation.price_factors import KnownFacts
from marketplace.valuation.renewal_files import default_model
from marketplace.valuation.renewal_records import NUMBER_COLUMNS, SECTIONS, RenewalRecord

TRADES = frozenset(
    {
        RegisterEventType.TRANSFER,
        RegisterEventType.LICENCE_RECORDAL,
        RegisterEventType.PLEDGE_OR_PRESERVATION,
        RegisterEventType.OPEN_LICENCE,
    }
)

_TOLD = {status: None if status is LegalStatus.UNKNOWN else status.value for status in LegalStatus}
_NOTHING: dict[str, float | None] = dict.fromkeys(NUMBER_COLUMNS)


def known_facts(asset: Asset, as_of: datetime) -> KnownFacts:
    """The facts of an asset as they stood at an instant; what was learned later is unknown."""
    return known_facts_of([(asset, as_of)])[0]


def known_facts_of(moments: Sequence[tuple[Asset, datetime]]) -> list[KnownFacts]:
    """The facts of assets, each as they stood at its own instant."""
    records = {at: record for at, moment in enumerate(moments) if (record := renewal_record(*moment)) is not None}
    ranks = default_model().middle_percentiles(list(records.values())).round(4).tolist() if records else []
    rank = dict(zip(records, ranks, strict=True))
    events: dict[UUID, list[RegisterEvent]] = defaultdict(list)
    ids = sorted({asset.id for asset, _as_of in moments})
    for event in session.execute(select(RegisterEvent).where(RegisterEvent.asset_id.in_(ids))).scalars():
        events[event.asset_id].append(event)
    return [
        facts_of(asset, as_of, rank.get(at), _trades_at(events[asset.id], as_of))
        for at, (asset, as_of) in enumerate(moments)
    ]


def _trades_at(events: Sequence[RegisterEvent], as_of: datetime) -> int | None:
    """Recorded trades known at an instant; None where no event at all was known."""
    known = [
        event.type in TRADES
        for event in events
        if event.known_from <= as_of
        and (event.known_to is None or event.known_to > as_of)
        and (event.valid_on is None or event.valid_on <= as_of.date())
    ]
    return sum(known) if known else None


def facts_of(asset: Asset, as_of: datetime, percentile: float | None, trades: int | None) -> KnownFacts:
    """The facts of an asset whose rank and register events are at hand."""
    on = as_of.date()
    published = asset.publication_date is None or asset.publication_date <= on
    counted = asset.changed_at <= as_of
    return KnownFacts(
        _status(asset, on),
        asset.expires_on,
        percentile,
        claims=asset.claims_count if published else None,
        family_size=asset.family_size if published and counted else None,
        citations=asset.cited_by_count if counted else None,
        traded_before=trades,
    )


def _status(asset: Asset, on: date) -> str | None:
    """The status on a day; a status dated later is replaced by what the dates then said."""
    if asset.status_on is None or asset.status_on <= on:
        return _TOLD[Asset.status_at(asset, on)]  # also of a row of columns
    if asset.grant_date and asset.grant_date <= on:
        return LegalStatus.IN_FORCE.value
    if asset.application_date and asset.application_date <= on:
        return LegalStatus.PENDING.value
    return None


def renewal_record(asset: Asset, as_of: datetime) -> RenewalRecord | None:
    """An invention as the renewal model sees it: claims, team and field only; other kinds are outside it."""
    if not may_be_ranked(asset, as_of):
        return None
    return record_of(asset.claims_count, len(asset.inventors), sections_in((*asset.ipc, *asset.cpc)), asset.grant_date)


def may_be_ranked(asset: Asset, as_of: datetime) -> bool:
    """Whether the renewal model can judge an asset by what was published by an instant."""
    published = asset.publication_date is None or asset.publication_date <= as_of.date()
    return asset.kind is AssetKind.INVENTION and asset.claims_count is not None and published


@lru_cache(maxsize=10_000)
def sections_in(codes: tuple[str, ...]) -> frozenset[str]:
    """The sections of classification codes, or of their first letters."""
    return frozenset(code[:1].upper() for code in codes)


def record_of(claims: int | None, inventors: int, sections: frozenset[str], granted_on: date | None) -> RenewalRecord:
    """The record of an asset with these facts; a team or field without any entry is unknown."""
    team = float(inventors) if inventors else None
    numbers = _NOTHING | {"claims": float(claims or 0), "inventors": team}
    return RenewalRecord("", None, None, None, numbers, _shares(sections), None, granted_on, None)


@lru_cache(maxsize=1_000)
def _shares(sections: frozenset[str]) -> dict[str, float | None]:
    """Whether a right is in each section; without any section all are unknown."""
    return {section: float(section in sections) if sections else None for section in SECTIONS}
