"""What the index stores of each asset, read from the register and the visible listings."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Uuid, any_, literal, or_, select

from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.listings.index_entry import AssetDocument, life_on
from marketplace.listings.listings import VISIBLE, Listing
from marketplace.registry.assets import Asset, LegalStatus
from marketplace.registry.encumbrances import Encumbrance, EncumbranceKind
from marketplace.registry.owner_names import other_names_of
from marketplace.registry.ownership import OwnershipShare

BATCH = 1_000

_COLUMNS = (
    Asset.id, Asset.office, Asset.kind, Asset.number, Asset.kind_code, Asset.application_number, Asset.application_date,
    Asset.grant_date, Asset.expires_on, Asset.status, Asset.titles, Asset.abstracts, Asset.applicants, Asset.inventors,
    Asset.ipc, Asset.cpc, Asset.nice_classes, Asset.claims_count, Asset.family_id, Asset.mark,
)  # fmt: skip
_EXPIRING = (LegalStatus.IN_FORCE, LegalStatus.PENDING, LegalStatus.UNKNOWN)


def documents_of(asset_ids: Iterable[UUID]) -> Iterator[AssetDocument]:
    """The documents of these assets, in no order; an asset that is gone has none."""
    wanted = list(asset_ids)
    rows = list(session.execute(select(*_COLUMNS).where(among(Asset.id, wanted))))
    yield from _documents(rows, wanted)


def all_documents() -> Iterator[AssetDocument]:
    """The documents of every asset, read in batches by id."""
    last: UUID | None = None
    while True:
        query = select(*_COLUMNS).order_by(Asset.id).limit(BATCH)
        rows = list(session.execute(query if last is None else query.where(Asset.id > last)))
        if not rows:
            return
        yield from _documents(rows, [row.id for row in rows])
        last = rows[-1].id


def _documents(rows: list[Any], asset_ids: list[UUID]) -> Iterator[AssetDocument]:
    today = now().date()
    owners, pledged = _owners(asset_ids), pledged_among(asset_ids, today)
    listings = visible_listings_among(asset_ids)
    for row in rows:
        yield _document(row, tuple(sorted(owners[row.id])), row.id in pledged, listings[row.id], today)


def _document(row: Any, owners: tuple[str, ...], pledged: bool, listings: list[Listing], today: date) -> AssetDocument:
    prices = [
        each.price.amount_minor for each in listings if each.is_sale and each.price and each.price.currency == "CNY"
    ]
    listed = [each.published_at.date() for each in listings if each.published_at]
    ended = row.expires_on is not None and row.expires_on < today and row.status in _EXPIRING
    return AssetDocument(
        asset_id=row.id,
        titles=_texts(row.titles),
        abstracts=_texts(row.abstracts),
        applicants=tuple(row.applicants or ()),
        owners=owners,
        inventors=tuple(row.inventors or ()),
        numbers=tuple(
            text
            for text in (f"{row.office}{row.number}{row.kind_code}" if row.number else "", row.application_number)
            if text
        ),
        ipc=tuple(row.ipc or ()),
        cpc=tuple(row.cpc or ()),
        nice=tuple(str(each) for each in row.nice_classes or ()),
        kind=row.kind.value,
        status=LegalStatus.EXPIRED.value if ended else row.status.value,
        office=row.office,
        mode=tuple(sorted({each.mode.value for each in listings})),
        licence=tuple(sorted({each.exclusivity.value for each in listings if each.exclusivity})),
        pledged=pledged,
        financing=any(each.financing_welcome for each in listings),
        filed=row.application_date,
        granted=row.grant_date,
        expires=row.expires_on,
        claims=row.claims_count,
        price_minor=min(prices) if prices else None,
        listed_on=max(listed) if listed else None,
        family=row.family_id or "",
        extra=(row.mark or "", *sorted(each.summary for each in listings)),
        life=life_on(row.expires_on, today),
    )


def among(column: Any, asset_ids: Sequence[UUID]) -> ColumnElement[bool]:
    """Whether the column is one of these, as one parameter however many there are."""
    return cast("ColumnElement[bool]", column == any_(literal(list(asset_ids), ARRAY(Uuid))))


def _texts(by_language: dict[str, str] | None) -> tuple[str, ...]:
    return tuple(text for _, text in sorted((by_language or {}).items()) if text)


def _owners(asset_ids: list[UUID]) -> dict[UUID, set[str]]:
    """The names under which each asset's owners are found: as the office lists them, and those decided to be the same."""
    found: dict[UUID, set[str]] = defaultdict(set)
    query = select(OwnershipShare.asset_id, OwnershipShare.name).where(
        among(OwnershipShare.asset_id, asset_ids), OwnershipShare.known_to.is_(None), OwnershipShare.held_to.is_(None)
    )
    for asset_id, name in session.execute(query):
        found[asset_id].add(name)
    same = other_names_of({name for names in found.values() for name in names})
    for names in found.values():
        names |= {other for name in names for other in same.get(name, ())}
    return found


def pledged_among(asset_ids: list[UUID], today: date) -> set[UUID]:
    """Which of these assets carry a pledge today."""
    query = select(Encumbrance.asset_id).where(
        among(Encumbrance.asset_id, asset_ids),
        Encumbrance.kind == EncumbranceKind.PLEDGE,
        Encumbrance.begins_on <= today,
        Encumbrance.annulled_at.is_(None),
        or_(Encumbrance.lifted_at.is_(None), Encumbrance.lifted_on > today),
    )
    return set(session.execute(query).scalars())


def visible_listings_among(asset_ids: list[UUID]) -> dict[UUID, list[Listing]]:
    """What everybody may see of these assets' offers."""
    found: dict[UUID, list[Listing]] = defaultdict(list)
    query = select(Listing).where(among(Listing.asset_id, asset_ids), Listing.status.in_(VISIBLE))
    for listing in session.execute(query.order_by(Listing.id)).scalars():
        found[listing.asset_id].append(listing)
    return found
