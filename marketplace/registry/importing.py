"""Bringing office documents into the register: in batches, each document once, history kept."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.core.db import new_id
from marketplace.core.errors import require
from marketplace.core.events import Fact, announce
from marketplace.registry.conveyances import store_conveyances
from marketplace.registry.entries import enter
from marketplace.registry.incoming import Document, SeenDocuments, document_of, of_supplier, recognise
from marketplace.registry.offices.record import Conveyance, OfficeRecord, Row, RowFault

BATCH = 500
NAMED_REJECTIONS = 20_000


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
    """What an import did, or would do; beyond twenty thousand rejections the rest are counted only."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    rejected_count: int = 0

    def reject(self, source: str, row: int, field_name: str, code: str, message: str) -> None:
        """Note a row that stays out."""
        self.rejected_count += 1
        if len(self.rejected) < NAMED_REJECTIONS:
            self.rejected.append(Rejection(source, row, field_name, code, message))

    def stand(self) -> "ImportReport":
        """The counts as they stand now, to go back to when a file must be refused half-way."""
        kept = self.rejected[:]
        return ImportReport(self.read, self.created, self.updated, self.unchanged, kept, self.rejected_count)

    def go_back(self, stand: "ImportReport") -> None:
        """Forget what was counted since."""
        self.__dict__.update(stand.__dict__)

    def as_json(self) -> dict[str, Any]:
        """The report in the form outside callers read; rejections beyond those named are counted."""
        plain: dict[str, Any] = {
            "read": self.read,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "rejected": [vars(rejection) for rejection in self.rejected],
        }
        unnamed = self.rejected_count - len(self.rejected)
        return plain | {"rejected_unnamed": unnamed} if unnamed else plain


@dataclass(frozen=True)
class AssetsImported(Fact):
    """A set of office documents came into the register."""

    answered = False
    run_id: UUID
    created: int
    updated: int
    rejected: int


def import_rows(
    actor: Actor,
    rows: Iterable[Row],
    source: str,
    now: datetime,
    report: ImportReport,
    supplier_id: UUID | None = None,
    progress: Callable[[ImportReport], None] | None = None,
    skip: int = 0,
) -> None:
    """Store every record of one file; the report counts what happened to each row.

    A file that an organisation supplies may add rights and tell more of its own, but not retell another's.
    The first ``skip`` rows came in before an interruption: they are remembered, not stored again.
    """
    require(actor.may("asset.manage") or actor.may("platform.operate") or actor.may("system"))
    seen = SeenDocuments()
    pending = iter(rows)
    _documents(list(islice(pending, skip)), source, seen, ImportReport())
    while batch := list(islice(pending, BATCH)):
        report.read += len(batch)
        _store_documents(_documents(batch, source, seen, report), source, now, report, supplier_id)
        _store_conveyances([row for row in batch if isinstance(row, Conveyance)], source, now, report, supplier_id)
        if progress is not None:
            progress(report)


def finish_import(actor: Actor, report: ImportReport, now: datetime) -> UUID:
    """Announce the finished import as one fact."""
    run_id = new_id()
    announce(actor, now, AssetsImported(run_id, report.created, report.updated, report.rejected_count))
    return run_id


def _documents(batch: list[Row], source: str, seen: SeenDocuments, report: ImportReport) -> list[Document]:
    """The documents of a batch that can be kept and were not met before in this file."""
    documents = []
    for row in batch:
        if isinstance(row, RowFault):
            report.reject(_place(source, row.place), row.row, row.field, row.code, row.message)
        elif isinstance(row, OfficeRecord):
            document = document_of(row)
            if document is None:
                report.reject(_place(source, row.place), row.row, "", "control_character", "")
            elif seen.meets(document):
                report.reject(_place(source, row.place), row.row, "number", "duplicate_in_file", row.number)
            else:
                documents.append(document)
    return documents


def _store_documents(
    documents: list[Document], source: str, now: datetime, report: ImportReport, supplier_id: UUID | None
) -> None:
    if not documents:
        return
    fresh, unchanged = recognise(documents)
    report.unchanged += unchanged
    if supplier_id is not None and fresh:
        fresh = _allowed(fresh, supplier_id, source, report)
    if fresh:
        enter(fresh, now)
    created = sum(1 for document in fresh if document.replaces is None)
    report.created += created
    report.updated += len(fresh) - created


def _allowed(documents: list[Document], supplier_id: UUID, source: str, report: ImportReport) -> list[Document]:
    """What an organisation supplies about a right of somebody else is rejected."""
    kept = []
    for document, allowed in of_supplier(documents, supplier_id):
        if allowed:
            kept.append(document)
        else:
            record = document.record
            report.reject(_place(source, record.place), record.row, "number", "not_yours", record.number)
    return kept


def _store_conveyances(
    rows: list[Conveyance], source: str, now: datetime, report: ImportReport, supplier_id: UUID | None
) -> None:
    """Recorded conveyances come from the operator's files only."""
    if not rows:
        return
    if supplier_id is not None:
        for row in rows:
            report.reject(_place(source, row.place), row.row, "", "operator_only", row.reference)
        return
    created, unchanged = store_conveyances(rows, now)
    report.created += created
    report.unchanged += unchanged


def _place(source: str, inside: str) -> str:
    """A file, or a file inside an archive."""
    return f"{source}!{inside}" if inside else source
