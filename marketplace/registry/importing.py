"""Bringing office documents into the register: in batches, each document once, history kept."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import select, tuple_, update

from marketplace.core.actor import Actor
from marketplace.core.db import new_id, session
from marketplace.core.errors import require
from marketplace.core.events import Fact, announce
from marketplace.registry.assets import Asset, AssetNumber, Publication
from marketplace.registry.conveyances import store_conveyances
from marketplace.registry.names import normal_name
from marketplace.registry.offices.record import Conveyance, OfficeRecord, Row, RowFault
from marketplace.registry.ownership import OwnershipShare, equal_units
from marketplace.registry.pouring import pour
from marketplace.registry.projection import (
    Stored,
    digest_of,
    document_key,
    holds_control_characters,
    identity_keys,
    lookup_keys,
    owner_names,
    project,
    stored_form,
)
from marketplace.registry.register_events import RegisterEvent, event_type_of

BATCH = 1000


@dataclass(frozen=True)
class Rejection:
    """One row that was not imported, with the place and the reason."""

    source: str
    row: int
    field: str
    code: str
    message: str


@dataclass
class ImportReport:
    """What an import did, or would do."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: list[Rejection] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The report in the form outside callers read."""
        return {
            "read": self.read,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "rejected": [vars(rejection) for rejection in self.rejected],
        }


@dataclass(frozen=True)
class AssetsImported(Fact):
    """A set of office documents came into the register."""

    run_id: UUID
    created: int
    updated: int
    rejected: int


@dataclass
class _Document:
    """One record on its way into the register."""

    record: OfficeRecord
    stored: Stored
    key: str
    digest: str
    asset_id: UUID | None = None
    replaces: UUID | None = None
    supplied_by: UUID | None = None


def import_rows(
    actor: Actor,
    rows: Iterable[Row],
    source: str,
    now: datetime,
    report: ImportReport,
    supplier_id: UUID | None = None,
    progress: Callable[[ImportReport], None] | None = None,
) -> None:
    """Store every record of one file; the report counts what happened to each row.

    A file that an organisation supplies may add rights and tell more of its own, but not retell another's.
    """
    require(actor.may("asset.manage") or actor.may("platform.operate") or actor.may("system"))
    seen: set[tuple[str, str]] = set()
    pending = iter(rows)
    while batch := list(islice(pending, BATCH)):
        report.read += len(batch)
        documents = list(_documents(batch, source, seen, report))
        conveyances = [row for row in batch if isinstance(row, Conveyance)]
        if documents:
            _store(documents, now, report, supplier_id, source)
        if conveyances and supplier_id is not None:
            report.rejected.extend(
                Rejection(source, row.row, "", "operator_only", row.reference) for row in conveyances
            )
        elif conveyances:
            created, unchanged = store_conveyances(conveyances, now)
            report.created += created
            report.unchanged += unchanged
        if progress is not None:
            progress(report)


def finish_import(actor: Actor, report: ImportReport, now: datetime) -> UUID:
    """Announce the finished import as one fact."""
    run_id = new_id()
    announce(actor, now, AssetsImported(run_id, report.created, report.updated, len(report.rejected)))
    return run_id


def _documents(batch: list[Row], source: str, seen: set[tuple[str, str]], report: ImportReport) -> Iterator[_Document]:
    for row in batch:
        if isinstance(row, RowFault):
            report.rejected.append(Rejection(source, row.row, row.field, row.code, row.message))
        elif isinstance(row, OfficeRecord):
            stored = stored_form(row)
            if holds_control_characters(stored):
                report.rejected.append(Rejection(source, row.row, "", "control_character", ""))
                continue
            document = _Document(row, stored, document_key(row), digest_of(stored))
            place = (row.office, document.key)
            if place in seen:
                report.rejected.append(Rejection(source, row.row, "number", "duplicate_in_file", row.number))
                continue
            seen.add(place)
            yield document


def _store(
    documents: list[_Document], now: datetime, report: ImportReport, supplier_id: UUID | None, source: str
) -> None:
    fresh = list(_new_or_changed(documents, report))
    _find_assets(fresh)
    if supplier_id is not None:
        fresh = list(_own_or_new(fresh, supplier_id, report, source))
    if not fresh:
        return
    new_assets = _give_new_assets(fresh)
    closing = [document.replaces for document in fresh if document.replaces]
    if closing:
        session.execute(update(Publication).where(Publication.id.in_(closing)).values(known_to=now))
    _insert_assets(fresh, new_assets, now)
    pour(Publication, [_publication(document, now) for document in fresh])
    _update_assets(fresh, new_assets, now)
    _write_numbers(fresh)
    _write_events(fresh, now)
    report.created += sum(1 for document in fresh if document.replaces is None)
    report.updated += sum(1 for document in fresh if document.replaces is not None)


def _new_or_changed(documents: list[_Document], report: ImportReport) -> Iterator[_Document]:
    places = [(document.record.office, document.key) for document in documents]
    known = {
        (row.office, row.document_key): row
        for row in session.execute(
            select(
                Publication.id, Publication.asset_id, Publication.office, Publication.document_key, Publication.digest
            ).where(tuple_(Publication.office, Publication.document_key).in_(places), Publication.known_to.is_(None))
        )
    }
    for document in documents:
        row = known.get((document.record.office, document.key))
        if row is None:
            yield document
        elif row.digest == document.digest:
            report.unchanged += 1
        else:
            document.asset_id, document.replaces = row.asset_id, row.id
            yield document


def _find_assets(documents: list[_Document]) -> None:
    """Join documents to assets they are known to tell of: the same document first, then the same application."""
    wanted = {key for document in documents for key in identity_keys(document.record)}
    found = {
        (row.key, row.use): row.asset_id
        for row in session.execute(
            select(AssetNumber.key, AssetNumber.use, AssetNumber.asset_id).where(
                tuple_(AssetNumber.key, AssetNumber.use).in_(list(wanted))
            )
        )
    }
    for document in documents:
        for key in identity_keys(document.record):
            if document.asset_id is None and key in found:
                document.asset_id = found[key]


def _own_or_new(
    documents: list[_Document], supplier_id: UUID, report: ImportReport, source: str
) -> Iterator[_Document]:
    """What an organisation supplies about a right of somebody else is rejected."""
    known = {document.asset_id for document in documents if document.asset_id is not None}
    query = select(OwnershipShare.asset_id).where(
        OwnershipShare.asset_id.in_(known),
        OwnershipShare.organisation_id == supplier_id,
        OwnershipShare.known_to.is_(None),
        OwnershipShare.held_to.is_(None),
    )
    own = set(session.execute(query).scalars())
    for document in documents:
        if document.asset_id is None or document.asset_id in own:
            document.supplied_by = supplier_id
            yield document
        else:
            report.rejected.append(
                Rejection(source, document.record.row, "number", "not_yours", document.record.number)
            )


def _give_new_assets(documents: list[_Document]) -> set[UUID]:
    """New assets for what is left; documents of one new application share one asset."""
    made: dict[tuple[str, str], UUID] = {}
    new: set[UUID] = set()
    for document in documents:
        keys = identity_keys(document.record) or [(f"{document.record.office}:{document.key}", "same_doc")]
        if document.asset_id is None:
            document.asset_id = next((made[key] for key in keys if key in made), None)
        if document.asset_id is None:
            document.asset_id = new_id()
            new.add(document.asset_id)
        for key in keys:
            made.setdefault(key, document.asset_id)
    return new


def _publication(document: _Document, now: datetime) -> dict[str, Any]:
    record = document.record
    return {
        "id": new_id(),
        "asset_id": document.asset_id,
        "office": record.office,
        "document_key": document.key,
        "kind_code": record.kind_code[:8],
        "published_on": record.publication_date,
        "source_format": record.source_format,
        "digest": document.digest,
        "record": document.stored,
        "known_from": now,
        "supplied_by": document.supplied_by,
    }


def _insert_assets(documents: list[_Document], new: set[UUID], now: datetime) -> None:
    """New rights, each told by its documents in this batch."""
    told: dict[UUID, list[Stored]] = {}
    for document in documents:
        if document.asset_id in new:
            told.setdefault(document.asset_id, []).append(document.stored)
    if told:
        rows = [{"id": asset_id, **project(stored, now.date()), "changed_at": now} for asset_id, stored in told.items()]
        pour(Asset, rows)
        _write_owners(told, now)


def _update_assets(documents: list[_Document], new: set[UUID], now: datetime) -> None:
    """Known rights, told again from everything now believed of them."""
    changed = {document.asset_id for document in documents if document.asset_id not in new}
    if not changed:
        return
    told: dict[UUID, list[Stored]] = {}
    for asset_id, record in session.execute(
        select(Publication.asset_id, Publication.record).where(
            Publication.asset_id.in_(changed), Publication.known_to.is_(None)
        )
    ):
        told.setdefault(asset_id, []).append(record)
    rows = [{"id": asset_id, **project(stored, now.date()), "changed_at": now} for asset_id, stored in told.items()]
    session.execute(update(Asset), rows)
    owned = set(
        session.execute(
            select(OwnershipShare.asset_id).where(
                OwnershipShare.asset_id.in_(changed), OwnershipShare.known_to.is_(None)
            )
        ).scalars()
    )
    _write_owners({asset_id: stored for asset_id, stored in told.items() if asset_id not in owned}, now)


def _write_owners(told: dict[UUID, list[Stored]], now: datetime) -> None:
    """Owners as the newest document names them; shares an office does not state are equal and marked so."""
    rows = []
    for asset_id, stored in told.items():
        names = owner_names(stored)
        since = _held_from(stored, now)
        for name, units in zip(names, equal_units(len(names)) if names else (), strict=True):
            rows.append(
                {
                    "id": new_id(), "asset_id": asset_id, "organisation_id": None, "name": name,
                    "name_key": normal_name(name)[:500], "units": units, "share_stated": len(names) == 1,
                    "held_from": since, "held_to": None, "known_from": now, "known_to": None,
                    "reference": "office record",
                }
            )  # fmt: skip
    pour(OwnershipShare, rows)


def _held_from(stored: list[Stored], now: datetime) -> datetime:
    days = [item.get("application_date") or item.get("publication_date") for item in stored]
    earliest = min((day for day in days if day), default=None)
    if earliest is None:
        return now
    return min(datetime.combine(datetime.fromisoformat(earliest).date(), time(), UTC), now)


def _write_numbers(documents: list[_Document]) -> None:
    rows = {
        (key, use, document.asset_id)
        for document in documents
        for key, use in (*identity_keys(document.record), *lookup_keys(document.record))
    }
    numbers = [{"id": new_id(), "key": key, "use": use, "asset_id": asset_id} for key, use, asset_id in rows]
    pour(AssetNumber, numbers, skip_known=True)


def _write_events(documents: list[_Document], now: datetime) -> None:
    rows = {}
    for document in documents:
        record = document.record
        for event in record.events:
            key = digest_of({"event": [event.scheme, event.code, str(event.on), event.text]})
            rows[(document.asset_id, key)] = {
                "id": new_id(),
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
    pour(RegisterEvent, list(rows.values()), skip_known=True)
