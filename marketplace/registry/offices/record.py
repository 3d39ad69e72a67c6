"""The one normal form into which every office format is read."""

import re
from dataclasses import dataclass
from datetime import date

MAX_NUMBER = 60
_OFFICE = re.compile("[A-Z]{2}")

Cells = dict[str, str]
"""One row of a table by the name of its column."""


class UnreadableFile(Exception):
    """A whole file that is refused, with a code the import report can explain."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class BadValue(Exception):
    """One field of one record that cannot be what the office format says it is."""

    def __init__(self, code: str, value: str, field_name: str = "") -> None:
        super().__init__(f"{code}: {value!r}")
        self.code = code
        self.value = value
        self.field_name = field_name


@dataclass(frozen=True, slots=True)
class RowFault:
    """A record that was not imported: where it stood, which field, and why."""

    row: int
    field: str
    code: str
    message: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class OfficeEvent:
    """One event as the office wrote it; the code is kept even when nobody knows it."""

    code: str
    on: date | None = None
    text: str = ""
    scheme: str = ""


@dataclass(frozen=True, slots=True)
class FeeNotice:
    """A fee the office says is due or was paid; amounts in minor units of the currency."""

    name: str
    amount_minor: int
    currency: str
    state: str
    due_on: date | None = None
    paid_on: date | None = None


@dataclass(frozen=True, slots=True)
class PropertyReference:
    """One right touched by a recorded conveyance."""

    application_number: str = ""
    publication_number: str = ""
    patent_number: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Conveyance:
    """A recorded assignment, security interest, release or name change."""

    row: int
    office: str
    reference: str
    conveyance_class: str
    text: str
    recorded_on: date | None
    executed_on: date | None
    assignors: tuple[str, ...]
    assignees: tuple[str, ...]
    properties: tuple[PropertyReference, ...]
    place: str = ""


@dataclass(frozen=True, slots=True)
class OfficeRecord:
    """One published right or application, exactly as one office document states it."""

    row: int
    source_format: str
    office: str
    asset_kind: str
    number: str = ""
    kind_code: str = ""
    publication_date: date | None = None
    application_number: str = ""
    application_date: date | None = None
    registration_number: str = ""
    grant_date: date | None = None
    expires_on: date | None = None
    titles: tuple[tuple[str, str], ...] = ()
    abstracts: tuple[tuple[str, str], ...] = ()
    language: str = ""
    applicants: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    former_owners: tuple[str, ...] = ()
    inventors: tuple[str, ...] = ()
    ipc: tuple[str, ...] = ()
    cpc: tuple[str, ...] = ()
    nice_classes: tuple[str, ...] = ()
    locarno_classes: tuple[str, ...] = ()
    claims_count: int | None = None
    priorities: tuple[str, ...] = ()
    family_id: str = ""
    family_size: int | None = None
    cited_by_count: int | None = None
    mark: str = ""
    status_code: str = ""
    status_date: date | None = None
    status: str = ""
    term_extension_days: int = 0
    events: tuple[OfficeEvent, ...] = ()
    fees: tuple[FeeNotice, ...] = ()
    attribution: str = ""
    demo: bool = False
    place: str = ""


Row = OfficeRecord | Conveyance | RowFault


def checked(record: OfficeRecord | Conveyance) -> Row:
    """A record must name its office and carry a number people could quote, else it stands for no right."""
    if isinstance(record, Conveyance):
        return record
    if not _OFFICE.fullmatch(record.office):
        return RowFault(record.row, "office", "bad_office", record.office[:20])
    numbers = (record.number, record.application_number, record.registration_number)
    if not any(numbers):
        return RowFault(record.row, "number", "missing_field", "")
    if too_long := next((number for number in numbers if len(number) > MAX_NUMBER), None):
        return RowFault(record.row, "number", "bad_number", too_long[:40])
    return record
