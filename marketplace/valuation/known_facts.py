"""What was known of an asset on a day: nothing later than that day may enter a value."""

from datetime import date, datetime

from marketplace.registry.assets import Asset, AssetKind, LegalStatus
from marketplace.registry.event_codes import RegisterEventType
from marketplace.registry.register_events import events_of
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


def known_facts(asset: Asset, as_of: datetime) -> KnownFacts:
    """The facts of an asset as they stood at an instant; what was learned later is unknown."""
    record = renewal_record(asset, as_of)
    percentile = round(default_model().percentile(record)[1], 4) if record else None
    events = events_of(asset.id, on=as_of.date(), known_at=as_of)
    trades = sum(1 for event in events if event.type in TRADES) if events else None
    return facts_of(asset, as_of, percentile, trades)


def facts_of(asset: Asset, as_of: datetime, percentile: float | None, trades: int | None) -> KnownFacts:
    """The facts of an asset whose rank and register events are at hand."""
    on = as_of.date()
    published = asset.publication_date is None or asset.publication_date <= on
    counted = asset.changed_at <= as_of
    return KnownFacts(
        status=_status(asset, on),
        expires_on=asset.expires_on,
        renewal_percentile=percentile,
        claims=asset.claims_count if published else None,
        family_size=asset.family_size if published and counted else None,
        citations=asset.cited_by_count if counted else None,
        traded_before=trades,
    )


def _status(asset: Asset, on: date) -> str | None:
    """The status on a day; a status dated later is replaced by what the dates then said."""
    if asset.status_on is None or asset.status_on <= on:
        status = Asset.status_at(asset, on)  # also of a row of columns
        return None if status is LegalStatus.UNKNOWN else status.value
    if asset.grant_date and asset.grant_date <= on:
        return LegalStatus.IN_FORCE.value
    if asset.application_date and asset.application_date <= on:
        return LegalStatus.PENDING.value
    return None


def renewal_record(asset: Asset, as_of: datetime) -> RenewalRecord | None:
    """An invention as the renewal model sees it: claims, team and field only; other kinds are outside it."""
    published = asset.publication_date is None or asset.publication_date <= as_of.date()
    if asset.kind is not AssetKind.INVENTION or asset.claims_count is None or not published:
        return None
    numbers: dict[str, float | None] = dict.fromkeys(NUMBER_COLUMNS)
    numbers["claims"] = float(asset.claims_count)
    numbers["inventors"] = float(len(asset.inventors)) if asset.inventors else None
    fields = {code[:1].upper() for codes in (asset.ipc, asset.cpc) for code in codes}
    return RenewalRecord(
        id="",
        title=None,
        owner=None,
        inventors=None,
        numbers=numbers,
        sections={section: float(section in fields) if fields else None for section in SECTIONS},
        earlier_publication=None,
        granted_on=asset.grant_date,
        priority_on=None,
    )
