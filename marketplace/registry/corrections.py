"""What an office corrects: the old belief is closed, never erased, and the new one stands beside it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from marketplace.core.db import session
from marketplace.registry.assets import Publication
from marketplace.registry.names import normal_name
from marketplace.registry.ownership import OwnershipShare, believed_shares, equal_units
from marketplace.registry.pouring import pour
from marketplace.registry.projection import Stored, owner_names
from marketplace.registry.register_events import RegisterEvent, event_key_of

FROM_OFFICE = "office record"


@dataclass(frozen=True)
class ToldBefore:
    """What documents that are being replaced said of one asset."""

    events: frozenset[str]
    owners: tuple[str, ...]


def told_before(publication_ids: list[UUID]) -> dict[UUID, ToldBefore]:
    """What the documents said, and all other documents of the same assets with them, before they are replaced."""
    if not publication_ids:
        return {}
    replaced = select(Publication.asset_id, Publication.record).where(Publication.id.in_(publication_ids))
    events: dict[UUID, set[str]] = {}
    for asset_id, record in session.execute(replaced):
        events.setdefault(asset_id, set()).update(_event_keys(record))
    told = _believed_documents(set(events))
    return {
        asset_id: ToldBefore(frozenset(keys), tuple(owner_names(told.get(asset_id, ()))))
        for asset_id, keys in events.items()
    }


def close_dropped_events(before: dict[UUID, ToldBefore], now: datetime) -> None:
    """Events that no document tells any longer are no longer believed."""
    told = _believed_documents(set(before))
    for asset_id, earlier in before.items():
        kept = {key for record in told.get(asset_id, ()) for key in _event_keys(record)}
        dropped = earlier.events - kept
        if dropped:
            session.execute(
                update(RegisterEvent)
                .where(
                    RegisterEvent.asset_id == asset_id,
                    RegisterEvent.event_key.in_(dropped),
                    RegisterEvent.known_to.is_(None),
                )
                .values(known_to=now)
            )


def correct_owners(before: dict[UUID, ToldBefore], now: datetime) -> None:
    """A document told again with other owners corrects them from the beginning, while nobody has claimed a share."""
    told = _believed_documents(set(before))
    rows: list[dict[str, Any]] = []
    for asset_id, earlier in before.items():
        names = owner_names(told.get(asset_id, ()))
        if _keys(names) == _keys(earlier.owners) or not names:
            continue
        believed = believed_shares(asset_id)
        if all(row.reference == FROM_OFFICE and row.organisation_id is None for row in believed):
            since = min((row.held_from for row in believed), default=now)
            for row in believed:
                row.known_to = max(now, row.known_from)
            rows += office_shares(asset_id, names, since, now)
    session.flush()
    pour(OwnershipShare, rows)


def office_shares(asset_id: UUID, names: list[str], since: datetime, now: datetime) -> list[dict[str, Any]]:
    """Owners as an office names them; shares it does not state are equal and marked so."""
    return [
        {
            "asset_id": asset_id, "organisation_id": None, "name": name, "name_key": normal_name(name)[:500],
            "units": units, "share_stated": len(names) == 1, "held_from": since, "held_to": None,
            "known_from": now, "known_to": None, "reference": FROM_OFFICE,
        }
        for name, units in zip(names, equal_units(len(names)) if names else (), strict=True)
    ]  # fmt: skip


def _believed_documents(asset_ids: set[UUID]) -> dict[UUID, list[Stored]]:
    found: dict[UUID, list[Stored]] = {}
    if not asset_ids:
        return found
    query = select(Publication.asset_id, Publication.record).where(
        Publication.asset_id.in_(asset_ids), Publication.known_to.is_(None)
    )
    for asset_id, record in session.execute(query):
        found.setdefault(asset_id, []).append(record)
    return found


def _event_keys(record: Stored) -> set[str]:
    return {
        event_key_of(event.get("scheme", ""), event.get("code", ""), str(event.get("on")), event.get("text", ""))
        for event in record.get("events", ())
    }


def _keys(names: tuple[str, ...] | list[str]) -> set[str]:
    return {normal_name(name) for name in names}
