"""What a document enters in the register: the asset, the publication, its owners, numbers and events."""

from collections.abc import Iterable
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from marketplace.core.db import session
from marketplace.registry.assets import Asset, AssetNumber, Publication
from marketplace.registry.corrections import close_dropped_events, correct_owners, office_shares, told_before
from marketplace.registry.event_codes import event_type_of
from marketplace.registry.incoming import Document, give_new_assets
from marketplace.registry.ownership import OwnershipShare
from marketplace.registry.pouring import pour
from marketplace.registry.projection import Stored, lookup_keys, owner_names, project
from marketplace.registry.register_events import RegisterEvent, event_key_of


def enter(documents: list[Document], now: datetime) -> None:
    """Write documents that are new or changed; what they replace is closed, never erased."""
    new = give_new_assets(documents)
    closing = [document.replaces for document in documents if document.replaces]
    before = told_before(closing)
    if closing:
        session.execute(update(Publication).where(Publication.id.in_(closing)).values(known_to=now))
    _insert_assets(documents, new, now)
    pour(Publication, [_publication(document, now) for document in documents])
    _update_assets({document.asset_id for document in documents if document.asset_id not in new}, now)
    for of_new in (True, False):
        part = [document for document in documents if (document.asset_id in new) is of_new]
        pour(AssetNumber, _numbers(part), skip_known=not of_new)
        pour(RegisterEvent, _events(part, now), skip_known=not of_new)
    close_dropped_events(before, now)
    correct_owners(before, now)


def _publication(document: Document, now: datetime) -> dict[str, Any]:
    record = document.record
    return {
        "asset_id": document.asset_id,
        "office": record.office,
        "document_key": document.key,
        "kind_code": record.kind_code[:8],
        "published_on": record.publication_date,
        "source_format": record.source_format,
        "digest": document.digest,
        "record": document.content,
        "known_from": now,
        "supplied_by": document.supplied_by,
    }


def _insert_assets(documents: list[Document], new: set[UUID], now: datetime) -> None:
    """New rights, each told by its documents in this batch."""
    told: dict[UUID, list[Stored]] = {}
    for document in documents:
        if document.asset_id in new:
            told.setdefault(document.asset_id, []).append(document.stored)
    today = now.date()
    pour(Asset, [{"id": asset_id, **project(stored, today), "changed_at": now} for asset_id, stored in told.items()])
    _write_owners(told, now)


def _update_assets(changed: set[UUID | None], now: datetime) -> None:
    """Known rights, told again from everything now believed of them."""
    if not changed:
        return
    told: dict[UUID, list[Stored]] = {}
    believed = select(Publication.asset_id, Publication.record).where(
        Publication.asset_id.in_(changed), Publication.known_to.is_(None)
    )
    for asset_id, record in session.execute(believed):
        told.setdefault(asset_id, []).append(record)
    rows = [{"id": asset_id, **project(stored, now.date()), "changed_at": now} for asset_id, stored in told.items()]
    session.execute(update(Asset), rows)
    owned = select(OwnershipShare.asset_id).where(
        OwnershipShare.asset_id.in_(changed), OwnershipShare.known_to.is_(None)
    )
    known = set(session.execute(owned).scalars())
    _write_owners({asset_id: stored for asset_id, stored in told.items() if asset_id not in known}, now)


def _write_owners(told: dict[UUID, list[Stored]], now: datetime) -> None:
    """Owners as the newest document names them; shares an office does not state are equal and marked so."""
    rows: list[dict[str, Any]] = []
    for asset_id, stored in told.items():
        names = owner_names(stored)
        since = _held_from(stored, now)
        rows += office_shares(asset_id, names, since, now)
    pour(OwnershipShare, rows)


def _held_from(stored: list[Stored], now: datetime) -> datetime:
    days = [item.get("application_date") or item.get("publication_date") for item in stored]
    earliest = min((day for day in days if day), default=None)
    if earliest is None:
        return now
    return min(datetime.combine(datetime.fromisoformat(earliest).date(), time(), UTC), now)


def _numbers(documents: Iterable[Document]) -> list[dict[str, Any]]:
    rows = {}
    for document in documents:
        asset_id = str(document.asset_id)
        for key, use in (*document.identities, *lookup_keys(document.record)):
            rows[(key, use, asset_id)] = {"key": key, "use": use, "asset_id": asset_id}
    return list(rows.values())


def _events(documents: Iterable[Document], now: datetime) -> list[dict[str, Any]]:
    rows = {}
    for document in documents:
        record = document.record
        for event in record.events:
            key = event_key_of(event.scheme, event.code, str(event.on), event.text)
            rows[(document.asset_id, key)] = {
                "asset_id": document.asset_id,
                "type": event_type_of(event.scheme, event.code, record.grant_date is not None),
                "code": event.code[:60],
                "scheme": event.scheme[:30],
                "words": event.text,
                "valid_on": event.on,
                "source": record.source_format,
                "event_key": key,
                "known_from": now,
            }
    return list(rows.values())
