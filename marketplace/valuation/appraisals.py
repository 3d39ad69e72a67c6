"""Values from elsewhere, kept beside our indications: appraisals, a bank's own value, a negotiated one.

They are never mixed into an indication and never teach it: appraisals for a loan are not prices.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.clock import market_day
from marketplace.core.db import Model, money_columns, session
from marketplace.core.errors import Malformed, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.documents.files import find_file, store_file
from marketplace.identity.verification import require_approved
from marketplace.registry.assets import find_asset
from marketplace.valuation.sales import Purpose

MOST_BYTES = 20 * 1024 * 1024


class Basis(StrEnum):
    """Whose value it is."""

    EXTERNAL_APPRAISAL = "external_appraisal"
    BANK_INTERNAL = "bank_internal"
    NEGOTIATED = "negotiated"


class Appraisal(Model):
    """One value stated by somebody else, with its document where there is one; written once."""

    __tablename__ = "appraisals"
    __table_args__ = (
        CheckConstraint("value_minor > 0", name="value_positive"),
        CheckConstraint("basis <> 'external_appraisal' OR file_id IS NOT NULL", name="appraisal_has_report"),
    )

    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"), index=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    basis: Mapped[Basis]
    purpose: Mapped[Purpose]
    appraiser: Mapped[str] = mapped_column(String(200))
    value: Mapped[Money] = money_columns("value")
    valued_on: Mapped[date] = mapped_column(Date)
    file_id: Mapped[UUID | None] = mapped_column(ForeignKey("files.id"))


@dataclass(frozen=True)
class AppraisalAdded(Fact):
    """A value from elsewhere was put beside ours."""

    appraisal_id: UUID
    asset_id: UUID


def add_appraisal(actor: Actor, asset_id: UUID, stated: dict[str, Any], now: datetime) -> Appraisal:
    """Keep a value from elsewhere for one's own organisation; an external appraisal needs its report."""
    require_approved(actor)
    assert actor.organisation_id is not None
    asset = find_asset(asset_id)
    file_id: UUID | None = stated.get("file_id")
    if file_id is not None:
        find_file(actor, file_id, now)
    basis = Basis(stated["basis"])
    require(basis is not Basis.EXTERNAL_APPRAISAL or file_id is not None, _report_missing())
    require(
        stated["valued_on"] <= market_day(now), Malformed("valued_on", _l("The day of the value has not come yet."))
    )
    appraisal = Appraisal(
        asset_id=asset.id,
        organisation_id=actor.organisation_id,
        basis=basis,
        purpose=Purpose(stated["purpose"]),
        appraiser=stated["appraiser"],
        value=stated["value"],
        valued_on=stated["valued_on"],
        file_id=file_id,
    )
    session.add(appraisal)
    session.flush()
    announce(
        actor, now, AppraisalAdded(appraisal.id, asset.id), after={"basis": basis.value, "value": str(appraisal.value)}
    )
    return appraisal


def _report_missing() -> Malformed:
    return Malformed("file", _l("An external appraisal needs its report."))


def upload_appraisal(actor: Actor, asset_id: UUID, stated: dict[str, Any], upload: Any, now: datetime) -> Appraisal:
    """The same from a form, with the report as an uploaded file."""
    require_approved(actor)
    if upload is None or not upload.filename:
        return add_appraisal(actor, asset_id, stated, now)
    content = upload.stream.read(MOST_BYTES + 1)
    require(len(content) <= MOST_BYTES, Malformed("file", _l("The report may have at most 20 MB.")))
    file = store_file(actor, content, upload.filename, "appraisal", now)
    return add_appraisal(actor, asset_id, stated | {"file_id": file.id}, now)


def appraisals_of(actor: Actor, asset_id: UUID) -> list[Appraisal]:
    """Values from elsewhere that the actor's organisation keeps for an asset, newest first."""
    query = (
        select(Appraisal)
        .where(Appraisal.asset_id == asset_id, Appraisal.organisation_id == actor.organisation_id)
        .order_by(Appraisal.id.desc())
    )
    return list(session.execute(query).scalars())
