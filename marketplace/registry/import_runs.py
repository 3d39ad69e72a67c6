"""A holder's import as a guided act: uploaded, checked without writing, then brought in batch by batch.

How far it has come is kept with every batch: it survives a reload of the page, and a restart goes on from there.
"""

import csv
import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.clock import now as present
from marketplace.core.db import Model, find, session
from marketplace.core.errors import Malformed, NotFound, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.documents.content_store import content_store
from marketplace.identity.verification import require_approved
from marketplace.registry.claims import claim_names_of
from marketplace.registry.importing import ImportReport, Rejection, import_rows
from marketplace.registry.offices.reading import FORMATS, read_stream
from marketplace.registry.offices.record import UnreadableFile
from marketplace.registry.words import rejection_words

MAX_BYTES = 60 * 1024 * 1024
SHOWN_REJECTIONS = 500
SILENT_TOO_LONG = timedelta(minutes=2)


class ImportStatus(StrEnum):
    """How far an import has come."""

    UPLOADED = "uploaded"
    CHECKED = "checked"
    IMPORTING = "importing"
    IMPORTED = "imported"
    REFUSED = "refused"


S = ImportStatus
IMPORT_LIFECYCLE = Lifecycle(
    "import",
    {S.UPLOADED: {S.CHECKED, S.REFUSED}, S.CHECKED: {S.IMPORTING}, S.IMPORTING: {S.IMPORTED, S.REFUSED}},
)


class ImportRun(Model):
    """One uploaded file on its way into the register, with its report."""

    __tablename__ = "import_runs"

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    person_id: Mapped[UUID | None]
    file_name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    wanted_format: Mapped[str] = mapped_column(String(20))
    status: Mapped[ImportStatus] = mapped_column(default=ImportStatus.UPLOADED)
    rows_read: Mapped[int] = mapped_column(default=0)
    rows_total: Mapped[int] = mapped_column(default=0)
    claimed: Mapped[int] = mapped_column(default=0)
    report: Mapped[dict[str, Any]] = mapped_column(default=dict)
    rejections: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, deferred=True)
    started_at: Mapped[datetime]
    progressed_at: Mapped[datetime]


@dataclass(frozen=True)
class ImportUploaded(Fact):
    """A holder uploaded a file of rights."""

    run_id: UUID
    organisation_id: UUID
    sha256: str


@dataclass(frozen=True)
class ImportConfirmed(Fact):
    """A holder confirmed a checked import."""

    run_id: UUID
    organisation_id: UUID


@dataclass(frozen=True)
class ImportFinished(Fact):
    """A holder's import is in the register."""

    run_id: UUID
    organisation_id: UUID
    created: int
    updated: int
    rejected: int


def upload_import(actor: Actor, content: bytes, name: str, wanted_format: str, now: datetime) -> ImportRun:
    """Keep an uploaded file and ask for its check."""
    require(actor.may("asset.manage"))
    require_approved(actor)
    if not content.strip():
        raise Malformed("file", _l("Choose a file that holds something."))
    if len(content) > MAX_BYTES:
        raise Malformed("file", _l("The file is larger than 60 MB. Split it, or ask the operator to import it."))
    if wanted_format not in FORMATS:
        raise Malformed("format", _l("This format is not known."))
    sha256 = hashlib.sha256(content).hexdigest()
    content_store().put(sha256, content)
    run = ImportRun(
        organisation_id=actor.organisation_id,
        person_id=actor.person_id,
        file_name=_shown_name(name),
        sha256=sha256,
        wanted_format=wanted_format,
        started_at=now,
        progressed_at=now,
    )
    session.add(run)
    session.flush()
    announce(actor, now, ImportUploaded(run.id, run.organisation_id, sha256))
    return run


def find_import(actor: Actor, run_id: UUID, lock: bool = False) -> ImportRun:
    """An import of the actor's own organisation."""
    run = find(ImportRun, run_id, lock=lock)
    require(run.organisation_id == actor.organisation_id, NotFound())
    return run


def imports_of(actor: Actor) -> list[ImportRun]:
    """The organisation's latest imports."""
    query = select(ImportRun).where(ImportRun.organisation_id == actor.organisation_id)
    return list(session.execute(query.order_by(ImportRun.id.desc()).limit(20)).scalars())


def check_import(run_id: UUID, now: datetime) -> ImportRun:
    """Read the whole file and report what would happen; nothing of it is written."""
    run = find(ImportRun, run_id)
    if run.status is not S.UPLOADED:
        return run
    trial = session.begin_nested()
    report = ImportReport()
    refused = _read(run, now, report, lambda stand: _note_progress(run_id, stand.read))
    trial.rollback()
    run = find(ImportRun, run_id, lock=True)
    if run.status is S.UPLOADED:
        _keep(run, report)
        run.rows_total, run.rows_read = report.read, 0
        run.status = IMPORT_LIFECYCLE.check(run.status, S.REFUSED if refused else S.CHECKED)
        session.flush()
    return run


def _note_progress(run_id: UUID, rows_read: int) -> None:
    """A check writes nothing, so how far it has come is written beside it."""
    counted = update(ImportRun).where(ImportRun.id == run_id, ImportRun.status == S.UPLOADED)
    with session.get_bind().engine.begin() as beside:
        beside.execute(counted.values(rows_read=rows_read, progressed_at=present()))


def confirm_import(actor: Actor, run_id: UUID, now: datetime) -> ImportRun:
    """The holder has read the report and wants the rows in the register."""
    run = find_import(actor, run_id, lock=True)
    run.status = IMPORT_LIFECYCLE.check(run.status, S.IMPORTING)
    run.report, run.rejections, run.rows_read, run.progressed_at = {}, [], 0, now
    session.flush()
    announce(actor, now, ImportConfirmed(run.id, run.organisation_id))
    return run


def bring_in(run_id: UUID, now: datetime, after_batch: Callable[[], None]) -> ImportRun:
    """Import a confirmed file batch by batch; after a crash it goes on behind the last batch that was kept."""
    run = find(ImportRun, run_id, lock=True)
    if run.status is not S.IMPORTING:
        return run

    def progress(report: ImportReport) -> None:
        _keep(run, report)
        run.progressed_at = present()
        after_batch()

    report = _report_so_far(run)
    refused = _read(run, now, report, progress)
    run = find(ImportRun, run_id, lock=True)
    _keep(run, report)
    run.claimed = claim_names_of(run.organisation_id, now)
    run.status = IMPORT_LIFECYCLE.check(run.status, S.REFUSED if refused else S.IMPORTED)
    session.flush()
    announce(
        SYSTEM,
        now,
        ImportFinished(run.id, run.organisation_id, report.created, report.updated, report.rejected_count),
    )
    return run


def silent_imports(now: datetime) -> Iterator[tuple[UUID, ImportStatus]]:
    """Imports whose work ended without a word, as when the server stopped: each is named once to be taken up again."""
    working = (S.UPLOADED, S.IMPORTING)
    query = select(ImportRun).where(ImportRun.status.in_(working), ImportRun.progressed_at < now - SILENT_TOO_LONG)
    for run in session.execute(query.limit(100).with_for_update(skip_locked=True)).scalars().all():
        run.progressed_at = now
        yield run.id, run.status


def errors_csv(run: ImportRun) -> str:
    """The rejected rows as a table that no spreadsheet runs as a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["file", "row", "field", "code", "reason", "value"])
    for item in run.rejections:
        cells = (item["source"], item["row"], item["field"], item["code"], rejection_words(item["code"]))
        writer.writerow([_inert(cell) for cell in (*cells, item["message"])])
    return out.getvalue()


def _read(run: ImportRun, now: datetime, report: ImportReport, progress: Callable[[ImportReport], None]) -> bool:
    """Read the file into the register; whether it had to be refused."""
    name, supplier_id = run.file_name, run.organisation_id
    rows = read_stream(io.BytesIO(content_store().get(run.sha256)), name, run.wanted_format)
    try:
        import_rows(SYSTEM, rows, name, now, report, supplier_id=supplier_id, progress=progress, skip=report.read)
    except UnreadableFile as refused:
        report.reject(name, 0, "", refused.code, refused.message)
        return True
    return False


def _keep(run: ImportRun, report: ImportReport) -> None:
    """The counts with the run, the first rejections to be shown, all that are named to be downloaded."""
    plain = report.as_json()
    named = plain["rejected"]
    run.rows_read = report.read
    run.report = plain | {"rejected": named[:SHOWN_REJECTIONS], "rejected_count": report.rejected_count}
    if named and len(named) != len(run.rejections):
        run.rejections = named


def _report_so_far(run: ImportRun) -> ImportReport:
    """What an interrupted import had already done."""
    counts = {name: run.report.get(name, 0) for name in ("read", "created", "updated", "unchanged", "rejected_count")}
    return ImportReport(rejected=[Rejection(**item) for item in run.rejections], **counts)


def _shown_name(name: str) -> str:
    plain = "".join(character for character in name if character.isprintable() and character not in '/\\"<>')
    return plain[-200:] or "upload"


def _inert(value: object) -> str:
    text = str(value if value is not None else "")
    return "'" + text if text[:1] in "=+-@\t\r" else text
