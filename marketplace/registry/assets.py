"""Assets: the rights themselves, the publications that tell of them, and how they are found by number."""

import re
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Date, ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Model, find, session
from marketplace.core.errors import NotFound, Refused
from marketplace.core.i18n import _l, pick
from marketplace.registry.offices.values import alphanumeric
from marketplace.registry.rules import LegalScope, legal_scope


class AssetKind(StrEnum):
    """Which right an asset is; each has its own term, fees and formalities."""

    INVENTION = "invention"
    UTILITY_MODEL = "utility_model"
    DESIGN = "design"
    TRADEMARK = "trademark"
    COPYRIGHT = "copyright"
    SOFTWARE = "software"
    LAYOUT_DESIGN = "layout_design"
    PLANT_VARIETY = "plant_variety"


class LegalStatus(StrEnum):
    """What the office last said of the right; unknown is a status of its own."""

    PENDING = "pending"
    IN_FORCE = "in_force"
    LAPSED = "lapsed"
    EXPIRED = "expired"
    INVALIDATED = "invalidated"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    UNKNOWN = "unknown"


PATENT_KINDS = frozenset({AssetKind.INVENTION, AssetKind.UTILITY_MODEL, AssetKind.DESIGN})
DEAD_STATUSES = frozenset(
    {LegalStatus.LAPSED, LegalStatus.EXPIRED, LegalStatus.INVALIDATED, LegalStatus.REFUSED, LegalStatus.WITHDRAWN}
)


class NumberAmbiguous(Refused):
    """Several rights carry the number that was asked for."""

    message = _l("Several rights carry this number; add the office and kind code: %(candidates)s.")


class Asset(Model):
    """One right or application, as the register believes it to be now."""

    __tablename__ = "assets"
    __table_args__ = (
        Index("ix_assets_status", "status"),
        Index("ix_assets_family", "family_id", postgresql_where=text("family_id <> ''")),
    )

    office: Mapped[str] = mapped_column(String(2))
    kind: Mapped[AssetKind]
    number: Mapped[str] = mapped_column(String(60), default="")
    kind_code: Mapped[str] = mapped_column(String(8), default="")
    application_number: Mapped[str] = mapped_column(String(60), default="")
    application_date: Mapped[date | None] = mapped_column(Date)
    publication_date: Mapped[date | None] = mapped_column(Date)
    grant_date: Mapped[date | None] = mapped_column(Date)
    expires_on: Mapped[date | None] = mapped_column(Date)
    status: Mapped[LegalStatus] = mapped_column(default=LegalStatus.UNKNOWN)
    status_on: Mapped[date | None] = mapped_column(Date)
    status_source: Mapped[str] = mapped_column(String(200), default="")
    titles: Mapped[dict[str, str]] = mapped_column(default=dict)
    abstracts: Mapped[dict[str, str]] = mapped_column(default=dict)
    language: Mapped[str] = mapped_column(String(8), default="")
    applicants: Mapped[list[str]] = mapped_column(default=list)
    inventors: Mapped[list[str]] = mapped_column(default=list)
    ipc: Mapped[list[str]] = mapped_column(default=list)
    cpc: Mapped[list[str]] = mapped_column(default=list)
    nice_classes: Mapped[list[str]] = mapped_column(default=list)
    claims_count: Mapped[int | None]
    family_id: Mapped[str] = mapped_column(String(60), default="")
    family_size: Mapped[int | None]
    cited_by_count: Mapped[int | None]
    mark: Mapped[str] = mapped_column(String(400), default="")
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    attribution: Mapped[str] = mapped_column(String(200), default="")
    demo: Mapped[bool] = mapped_column(default=False)
    changed_at: Mapped[datetime]

    @property
    def title(self) -> str:
        """The title in the page's language, or in the language it exists in."""
        return pick(self.titles) or self.mark or self.label

    @property
    def label(self) -> str:
        """Office, number and kind code as people quote them."""
        return f"{self.office} {self.number or self.application_number} {self.kind_code}".strip()

    @property
    def scope(self) -> LegalScope:
        """Whose law judges the right."""
        return legal_scope(self.office, self.kind.value)

    @property
    def is_chinese_patent(self) -> bool:
        """Whether Chinese patent law governs the right."""
        return self.office == "CN" and self.kind in PATENT_KINDS

    def status_at(self, on: date) -> LegalStatus:
        """The status on a day: a right past its last day has expired whatever the office last wrote."""
        ended = self.expires_on is not None and on > self.expires_on
        if ended and self.status in (LegalStatus.IN_FORCE, LegalStatus.PENDING, LegalStatus.UNKNOWN):
            return LegalStatus.EXPIRED
        return self.status

    def is_in_force(self, on: date) -> bool:
        """Whether the office granted the right and it has not ended by that day."""
        return self.status_at(on) is LegalStatus.IN_FORCE


class Publication(Model):
    """One office document about an asset, with the time from which and until which we believed it."""

    __tablename__ = "publications"
    __table_args__ = (
        Index(
            "uq_publications_current",
            "office",
            "document_key",
            unique=True,
            postgresql_where=text("known_to IS NULL"),
        ),
    )

    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"), index=True)
    office: Mapped[str] = mapped_column(String(2))
    document_key: Mapped[str] = mapped_column(String(120))
    kind_code: Mapped[str] = mapped_column(String(8))
    published_on: Mapped[date | None] = mapped_column(Date)
    source_format: Mapped[str] = mapped_column(String(20))
    digest: Mapped[str] = mapped_column(String(64))
    record: Mapped[dict[str, Any]]
    known_from: Mapped[datetime]
    known_to: Mapped[datetime | None]
    supplied_by: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"))


class AssetNumber(Model):
    """One way of writing a number that leads to an asset."""

    __tablename__ = "asset_numbers"
    __table_args__ = (Index("uq_asset_numbers", "key", "use", "asset_id", unique=True),)

    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"))
    key: Mapped[str] = mapped_column(String(120))
    use: Mapped[str] = mapped_column(String(12))


_NUMBER_PARTS = re.compile(r"^(ZL)?([A-Z]{2}(?=[A-Z]*\d))?([A-Z]*)0*(\d[0-9A-Z]*)$")


@lru_cache(maxsize=500)
def number_key(number: str) -> str:
    """The number as it is compared: no punctuation, no leading zeros, ZL and check digit aside."""
    plain = alphanumeric(number)
    match = _NUMBER_PARTS.match(plain)
    if match is None:
        return plain
    granted, office, letters, digits = match.groups()
    return f"{'CN' if granted and not office else office or ''}{letters}{digits}"


def application_key(office: str, number: str) -> str:
    """Chinese and European numbers are compared without their check digit, American ones without the year before them."""
    key = number_key(number)
    digits = key.removeprefix(office)
    if office == "CN" and (len(digits) == 13 or (len(digits) == 9 and "." in number)):
        return digits[:-1]
    if office == "EP" and "." in number:
        return digits[:-1]
    if office == "US" and len(digits) == 12 and digits.startswith(("19", "20")):
        return digits[4:].lstrip("0")
    return digits


def find_asset(asset_id: UUID, lock: bool = False) -> Asset:
    """The asset, or 404."""
    return find(Asset, asset_id, lock=lock)


def find_by_number(number: str) -> Asset:
    """The asset that carries a publication, grant, registration or application number however it is written."""
    keys = {number_key(number), number_key(re.sub(r"[A-Z]\d?$", "", alphanumeric(number)))}
    keys |= {application_key("CN", number), application_key("CN", number).removeprefix("CN")}
    exact = number_key(number)
    found = session.execute(
        select(AssetNumber.asset_id, AssetNumber.key, AssetNumber.use).where(AssetNumber.key.in_(keys))
    ).all()
    if not found:
        raise NotFound()
    for wanted in ((exact, "document"), (exact, "publication"), (exact, "application")):
        matches = {row.asset_id for row in found if (row.key, row.use) == wanted}
        if matches:
            return _only(matches)
    return _only({row.asset_id for row in found})


def _only(asset_ids: set[UUID]) -> Asset:
    if len(asset_ids) > 1:
        assets = session.execute(select(Asset).where(Asset.id.in_(list(asset_ids)[:6]))).scalars()
        raise NumberAmbiguous(candidates=", ".join(sorted(asset.label for asset in assets)))
    return find_asset(next(iter(asset_ids)))
