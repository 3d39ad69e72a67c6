"""Patents with the maintenance fees their owners really paid, read from CSV files.

A record keeps only what was known on the day of grant. Columns that were filled in later (fees paid, number of
similar documents, payment counts, status, citations received) are never read, so they cannot leak into a model.
"""

import csv
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l

STAGES = 4
"""A patent ends in stage 0, 1, 2 or 3: the number of maintenance fees paid (due 3.5, 7.5 and 11.5 years after grant)."""

LATER_COLUMNS = frozenset(
    {
        "num_similar_doc",
        "payment_times",
        "fees_paid_usd_large_2013",
        "fees_paid_usd_small_2013",
        "next_fee_refused_usd_large_2013",
        "legal_status",
        "forward_citations",
    }
)
"""Columns known only after grant. Listed so that the model card can name what was refused."""

NUMBER_COLUMNS = {
    "applications": "num_applications",
    "patent_citations": "num_patent_citations",
    "other_citations": "num_nonpatent_citations",
    "claims": "num_claims",
    "inventors": "num_authors",
    "pendency_days": "pendency_days",
    "priority_lag_days": "priority_lag_days",
}
SECTIONS = "ABCDEFGH"


@dataclass(frozen=True)
class RenewalRecord:
    """One granted patent as it was known at grant; ``None`` means unknown, never zero."""

    id: str
    title: str | None
    owner: str | None
    inventors: tuple[str, ...] | None
    numbers: dict[str, float | None]
    sections: dict[str, float | None]
    earlier_publication: float | None
    granted_on: date | None
    priority_on: date | None


@dataclass(frozen=True)
class RenewalOutcome:
    """What the owner did: fees paid so far, and how many of the three decisions had been due."""

    stage: int
    observable: int


def read_records(path: Path) -> tuple[list[RenewalRecord], list[RenewalOutcome | None]]:
    """Read patents and, where the file has them, their outcomes; unknown columns are ignored."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if not reader.fieldnames or "id" not in reader.fieldnames:
            raise Malformed("data", _l("The file needs a header line with a column named id."))
        rows = list(reader)
    return [_record(row) for row in rows], [_outcome(row) for row in rows]


def labelled(
    records: list[RenewalRecord], outcomes: Iterable[RenewalOutcome | None]
) -> tuple[list[RenewalRecord], list[RenewalOutcome]]:
    """The patents whose outcome is known, in order of grant then id, so that training never depends on file order."""
    pairs = [(record, outcome) for record, outcome in zip(records, outcomes, strict=True) if outcome]
    if not pairs:
        raise Malformed("data", _l("No row has a renewal stage to learn from."))
    pairs.sort(key=lambda pair: (pair[0].granted_on or date.min, pair[0].id))
    return [record for record, _outcome_ in pairs], [outcome for _record_, outcome in pairs]


def hash_of(path: Path) -> str:
    """The SHA-256 of a data file, written into the model card."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@lru_cache(maxsize=100_000)
def stable_number(text: str) -> int:
    """A 63-bit number for a name, the same on every machine; model files hold these instead of names of persons."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


@lru_cache(maxsize=20_000)
def owner_words(owner: str) -> str:
    """The telling words of an owner's name, so that spellings with and without 'the', 'board' or commas agree."""
    words = re.findall(r"[a-z0-9]+|[\u4e00-\u9fff]+", owner.lower().replace("trustess", "trustees"))
    return " ".join(word for word in words if word not in _FILLERS)


_FILLERS = frozenset(
    [
        "the",
        "of",
        "a",
        "and",
        "at",
        "in",
        "for",
        "on",
        "behalf",
        "by",
        "through",
        "acting",
        "inc",
        "board",
        "trustees",
        "regents",
        "univ",
    ]
)


def _record(row: dict[str, str]) -> RenewalRecord:
    numbers = {name: _number(row.get(column)) for name, column in NUMBER_COLUMNS.items()}
    granted, filed, priority = (_day(row.get(column)) for column in ("grant_date", "filing_date", "priority_date"))
    if numbers["pendency_days"] is None and granted and filed:
        numbers["pendency_days"] = float((granted - filed).days)
    if numbers["priority_lag_days"] is None and filed and priority:
        numbers["priority_lag_days"] = float((filed - priority).days)
    people = _text(row.get("inventors"))
    names = tuple(sorted({name.strip().lower() for name in people.split(",") if name.strip()})) if people else None
    if numbers["inventors"] is None and names:
        numbers["inventors"] = float(len(names))
    kind = _text(row.get("kind"))
    return RenewalRecord(
        id=row["id"] or "",
        title=_text(row.get("title")),
        owner=_text(row.get("assignee") or row.get("owner")),
        inventors=names,
        numbers=numbers,
        sections={section: _number(row.get(f"class_{section}")) for section in SECTIONS},
        earlier_publication=float(kind == "B2") if kind else None,
        granted_on=granted,
        priority_on=priority,
    )


def _outcome(row: dict[str, str]) -> RenewalOutcome | None:
    stage = _number(row.get("stage"))
    if stage is None or not 0 <= stage < STAGES:
        return None
    observable = _number(row.get("stages_observable"))
    censored = _number(row.get("censored"))
    if observable is None:
        observable = stage if censored else STAGES - 1
    return RenewalOutcome(int(stage), max(int(stage), min(int(observable), STAGES - 1)))


def _text(cell: str | None) -> str | None:
    cell = (cell or "").strip()
    return cell or None


def _number(cell: str | None) -> float | None:
    try:
        value = float(cell or "")
    except ValueError:
        return None
    return value if abs(value) < 1e9 else None


def _day(cell: str | None) -> date | None:
    try:
        return date.fromisoformat((cell or "")[:10])
    except ValueError:
        return None
