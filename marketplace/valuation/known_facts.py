"""What was known of an asset on a day: nothing later than that day may enter a value."""

from datetime import date, datetime

from marketplace.registry.assets import Asset, AssetKind, LegalStatus
from marketplace.registry.event_codes import RegisterEventType
from marketplace.registry.register_events import events_of
from marketplace.valuation.price_factors import KnownFacts
from marketplace.valuation.renewal_files import default_model
from marketplace.valuation.renewal_records import NUMBER_COLUMNS, SECTIONS, RenewalRecord

_TRADES = frozenset(
    {
        RegisterEventType.TRANSFER,
        RegisterEventType.LICENCE_RECORDAL,
        RegisterEventType.PLEDGE_OR_PRESERVATION,
        RegisterEventType.OPEN_LICENCE,
    }
)


def known_facts(asset: Asset, as_of: datetime) -> KnownFacts:
    """The facts of an asset as they stood at an instant; what was learned later is unknown."""
    on = as_of.date()
    published = asset.publication_date is None or asset.publication_date <= on
    counted = asset.changed_at <= as_of
    claims = asset.claims_count if published else None
    events = events_of(asset.id, on=on, known_at=as_of)
    trades = sum(1 for event in events if event.type in _TRADES)
    return KnownFacts(
        status=_status(asset, on),
        expires_on=asset.expires_on,
        renewal_percentile=_renewal_percentile(asset, claims),
        claims=claims,
        family_size=asset.family_size if published and counted else None,
        citations=asset.cited_by_count if counted else None,
        traded_before=trades if events else None,
    )


def _status(asset: Asset, on: date) -> str | None:
    """The status on a day; a status dated later is replaced by what the dates then said."""
    if asset.status_on is None or asset.status_on <= on:
        status = asset.status_at(on)
        return None if status is LegalStatus.UNKNOWN else status.value
    if asset.grant_date and asset.grant_date <= on:
        return LegalStatus.IN_FORCE.value
    if asset.application_date and asset.application_date <= on:
        return LegalStatus.PENDING.value
    return None


def _renewal_percentile(asset: Asset, claims: int | None) -> float | None:
    """Where the renewal model places an invention by its claims, inventors and field; other kinds are outside it."""
    if asset.kind is not AssetKind.INVENTION or claims is None:
        return None
    numbers: dict[str, float | None] = dict.fromkeys(NUMBER_COLUMNS)
    numbers["claims"] = float(claims)
    numbers["inventors"] = float(len(asset.inventors)) if asset.inventors else None
    fields = {code[:1].upper() for code in [*asset.ipc, *asset.cpc]}
    record = RenewalRecord(
        id=str(asset.id),
        title=None,
        owner=None,
        inventors=None,
        numbers=numbers,
        sections={section: float(section in fields) if fields else None for section in SECTIONS},
        earlier_publication=None,
        granted_on=asset.grant_date,
        priority_on=None,
    )
    return round(default_model().percentile(record)[1], 4)
