"""Keeping the search index equal to the database: each machine follows the ordered table of changes.

Triggers write one row per changed asset into ``search_changes`` in the transaction that changes it. A follower applies
every row it can see and has not applied, and remembers the oldest transaction that was still open when it looked:
nothing committed later can have been missed, and applying a change twice changes nothing. So a follower may be killed
at any moment.
"""

import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Table, Uuid, func, insert, select, text

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.db import Model, session
from marketplace.listings.asset_documents import all_documents, documents_of
from marketplace.listings.building import build
from marketplace.listings.index_entry import LIFE_STEPS, SCHEMA_VERSION, short_key, years_on
from marketplace.listings.search_index import SearchIndex
from marketplace.registry.assets import Asset
from marketplace.registry.owner_names import OwnerNamesDecided, rights_of_party

BATCH = 500
KEPT = timedelta(days=7)

search_changes = Table(
    "search_changes",
    Model.metadata,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("asset_id", Uuid, nullable=False),
    Column("transaction", BigInteger, server_default=text("(pg_current_xact_id()::text)::bigint"), nullable=False),
    Column("noted_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
    Index("ix_search_changes_transaction", "transaction"),
)
"""Which assets changed, in which transaction; written by triggers, read by every machine's follower."""


def follow_owner_names(_actor: Actor, fact: OwnerNamesDecided, _now: datetime) -> None:
    """A decision on two owner names changes under which names their rights are found."""
    changed = [{"asset_id": asset_id} for asset_id in rights_of_party(fact.pair_id)]
    if changed:
        session.execute(insert(search_changes), changed)


@dataclass
class Place:
    """How far the index of this machine has followed which database."""

    database: str = ""
    generation: str = ""
    safe_transaction: int = 0
    on: str = ""
    version: int = 0


@dataclass
class Follower:
    """Applies changes to the index in one folder; remembers what it applied beyond the safe transaction."""

    home: Path
    applied: set[int] = field(default_factory=set)

    @property
    def folder(self) -> Path:
        """Where all generations of the index lie."""
        return self.home / "search"

    def place(self) -> Place:
        """What the folder says of itself; an unreadable note means no index."""
        try:
            return Place(**json.loads((self.folder / "place.json").read_text()))
        except (OSError, ValueError, TypeError):
            return Place()

    def note(self) -> tuple[int, int] | None:
        """What changes whenever the folder's note is written anew."""
        try:
            found = (self.folder / "place.json").stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns

    def index(self) -> SearchIndex | None:
        """The current index, if one was built in the form of today."""
        place = self.place()
        if place.version != SCHEMA_VERSION:
            return None
        built = self.folder / place.generation
        return SearchIndex(built) if place.generation and SearchIndex.is_there(built) else None

    def catch_up(self) -> int:
        """Apply every change not yet applied, building the index first if there is none; returns how many assets."""
        with self._alone():
            place = self.place()
            index = self.index()
            too_old = (now().date() - KEPT).isoformat()
            if index is None or place.database != _database() or place.on <= too_old:
                return self._rebuild()
            safe = _oldest_open_transaction()
            self._note_aged(place)
            changed = self._changes(place.safe_transaction)
            asset_ids = sorted({asset_id for _, asset_id in changed}, key=str)
            for at in range(0, len(asset_ids), BATCH):
                some = asset_ids[at : at + BATCH]
                documents = list(documents_of(some))
                gone = set(some) - {document.asset_id for document in documents}
                index.replace(documents, removed=gone)
            if changed or safe != place.safe_transaction or place.on != _today():
                place.safe_transaction, place.on = safe, _today()
                self._write(place)
            self.applied = (self.applied | {position for position, _ in changed}) if self.applied or changed else set()
            self._forget(safe)
            return len(asset_ids)

    def rebuild(self) -> int:
        """Build a fresh index from the database and put it in place of the old one; returns the number of assets."""
        with self._alone():
            return self._rebuild()

    def verify(self) -> dict[str, int]:
        """Compare the index with the database, asset by asset, after catching up."""
        self.catch_up()
        index = self.index()
        stored = index.fingerprints() if index else {}
        checked = missing = stale = 0
        for document in all_documents():
            checked += 1
            held = stored.pop(document.key, None)
            missing += held is None
            stale += held is not None and held != document.fingerprint
        return {"assets": checked, "missing": missing, "stale": stale, "surplus": len(stored)}

    def _rebuild(self) -> int:
        safe = _oldest_open_transaction()
        generation = uuid4().hex
        index = SearchIndex(self.folder / generation)
        written = build(index, all_documents(), _number_of_assets())
        self._write(Place(_database(), generation, safe, _today(), SCHEMA_VERSION))
        self.applied = set()
        for old in self.folder.iterdir():
            if old.is_dir() and old.name != generation:
                shutil.rmtree(old, ignore_errors=True)
        return written

    def _changes(self, since: int) -> list[tuple[int, UUID]]:
        columns = search_changes.c
        rows = session.execute(select(columns.position, columns.asset_id).where(columns.transaction >= since))
        return [(position, asset_id) for position, asset_id in rows if position not in self.applied]

    def _forget(self, safe: int) -> None:
        """Positions of transactions before the safe one are never read again."""
        columns = search_changes.c
        if self.applied:
            kept = session.execute(select(columns.position).where(columns.transaction >= safe)).scalars()
            self.applied &= set(kept)

    def _note_aged(self, place: Place) -> None:
        """A right that passed its last day, or a step of remaining life, changed without anybody changing it."""
        if place.on and place.on < _today():
            then, today = date.fromisoformat(place.on), now().date()
            for low, _high in LIFE_STEPS.values():
                passed = select(Asset.id).where(
                    Asset.expires_on >= years_on(then, low), Asset.expires_on < years_on(today, low)
                )
                session.execute(insert(search_changes).from_select(["asset_id"], passed))

    def _write(self, place: Place) -> None:
        fresh = self.folder / "place.json.new"
        fresh.write_text(json.dumps(asdict(place)))
        fresh.replace(self.folder / "place.json")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One writer a machine: others wait for their turn."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def forget_old_changes(at: datetime) -> None:
    """Changes are kept for a week; an index that was not followed for longer is built anew."""
    session.execute(search_changes.delete().where(search_changes.c.noted_at < at - KEPT))


def _number_of_assets() -> int:
    return int(session.execute(select(func.count()).select_from(Asset)).scalar_one())


def _today() -> str:
    return now().date().isoformat()


def _database() -> str:
    name = session.execute(text("SELECT datname || ':' || oid FROM pg_database WHERE datname = current_database()"))
    return f"{name.scalar_one()}:{short_key(str(session.get_bind().engine.url))}"


def _oldest_open_transaction() -> int:
    return int(session.execute(text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")).scalar_one())
