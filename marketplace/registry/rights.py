"""What may be done with a right: every proposed instrument is weighed against the law and what already stands."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, ForeignKey, Sequence, String, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, session
from marketplace.core.errors import Refused
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.identity.organisations import Organisation
from marketplace.registry.assets import Asset, find_asset
from marketplace.registry.burdens import burdens_from
from marketplace.registry.conflicts import EXCLUDING, Grant
from marketplace.registry.consents import co_owner_consents, consented_acts
from marketplace.registry.encumbrances import Encumbrance, EncumbranceKind, encumber
from marketplace.registry.fees import fee_state_of
from marketplace.registry.fields_of_use import intervals_of
from marketplace.registry.ownership import owners_of
from marketplace.registry.rules import LegalRefusal
from marketplace.registry.similar_marks import companions_of
from marketplace.registry.verdicts import Verdict, weigh
from marketplace.registry.weighing import KIND_OF_LICENCE, Instrument, Standing, grant_of

MOVING = ("transfer", "pledge")
"""The acts for which similar marks go along."""
_lanes = Sequence("licence_lanes", metadata=Model.metadata)


class InstrumentConflicts(Refused):
    """The proposed grant conflicts with instruments that already stand."""

    message = _l("This conflicts with what already stands in the register: %(conflicts)s.")


class LicenceCell(Model):
    """One country × field of a licence; the table's exclusion constraint keeps exclusive grants apart."""

    __tablename__ = "licence_cells"

    encumbrance_id: Mapped[UUID] = mapped_column(ForeignKey("encumbrances.id"), index=True)
    asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"))
    country: Mapped[str] = mapped_column(String(2))
    field_from: Mapped[str | None] = mapped_column(String(120))
    field_to: Mapped[str | None] = mapped_column(String(120))
    begins_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date | None] = mapped_column(Date)
    lane_from: Mapped[int]
    lane_to: Mapped[int | None]


@dataclass(frozen=True)
class LicenceGranted(Fact):
    """A licence stands in the register."""

    encumbrance_id: UUID
    asset_id: UUID
    exclusivity: str


def check_instrument(instrument: Instrument, on: date) -> Verdict:
    """Weigh a proposed instrument on an asset of the register by the law in force that day."""
    asset = find_asset(instrument.asset_id)
    return weigh(instrument, standing_of(asset, instrument, on), on)


def require_allowed(instrument: Instrument, on: date) -> Verdict:
    """Go on only when the instrument is lawful; otherwise refuse by the first rule that forbids it."""
    verdict = check_instrument(instrument, on)
    if not verdict.allowed:
        first = verdict.conflicts[0]
        raise LegalRefusal(
            first.rule,
            conflicts=[{"with": conflict.with_reference, "rule": conflict.rule.id} for conflict in verdict.conflicts],
            alternatives=[item.as_json() for item in verdict.alternatives],
        )
    return verdict


def grant_licence(actor: Actor, instrument: Instrument, reference: str, now: datetime, **details: Any) -> Encumbrance:
    """Enter a licence in the register, after weighing it; the database keeps exclusive grants apart."""
    asset = find_asset(instrument.asset_id, lock=True)
    require_allowed(instrument, now.date())
    proposed = grant_of(instrument, asset.office, asset.kind, now.date())
    burden = encumber(
        actor,
        asset.id,
        KIND_OF_LICENCE[proposed.exclusivity],
        instrument.grantee_id,
        proposed.begins_on,
        proposed.ends_on,
        reference,
        now,
        grantor_id=instrument.grantor_id,
        territory=sorted(instrument.territory) or sorted(proposed.territory)[:1],
        fields=sorted(proposed.fields),
        subject_to_earlier=instrument.subject_to_earlier,
        **details,
    )
    _occupy(burden, proposed)
    announce(actor, now, LicenceGranted(burden.id, asset.id, proposed.exclusivity))
    return burden


def standing_of(asset: Asset, instrument: Instrument, on: date) -> Standing:
    """What the register knows of the asset that matters for the instrument."""
    burdens = burdens_from(asset.id, min(instrument.begins_on or on, on))
    pledges = [burden.id for burden in burdens if burden.id and burden.kind is EncumbranceKind.PLEDGE]
    consents = consented_acts(pledges, on) if pledges else {}
    owners = tuple(owners_of(asset.id))
    return Standing(
        office=asset.office,
        kind=asset.kind,
        status=asset.status_at(on),
        expires_on=asset.expires_on,
        owners=owners,
        burdens=burdens,
        pledgee_consents=frozenset((burden_id, act) for burden_id, acts in consents.items() for act in acts),
        co_owner_consents=frozenset(co_owner_consents(asset.id, instrument.act) if len(owners) > 1 else ()),
        fees=fee_state_of(asset, on),
        grantee_abroad=_is_abroad(instrument.grantee_id),
        companions=tuple(other.label for other in companions_of(asset, on)) if instrument.act in MOVING else (),
    )


def _is_abroad(organisation_id: UUID | None) -> bool | None:
    """Whether a party sits outside the mainland; unknown while the party or its country is."""
    if organisation_id is None:
        return None
    country = session.execute(select(Organisation.country).where(Organisation.id == organisation_id)).scalar()
    return None if country is None else country != "CN"


def _occupy(burden: Encumbrance, grant: Grant) -> None:
    """Write the licence's cells.

    Every licence takes the next lane. A plain one keeps to it; an excluding one takes every lane, or only those after
    it when it yields to the licences granted before.
    """
    lane = session.execute(select(_lanes.next_value())).scalar_one()
    excluding = grant.exclusivity in EXCLUDING
    lane_from, lane_to = lane if grant.subject_to_earlier or not excluding else 0, None if excluding else lane + 1
    for country in sorted(grant.territory):
        for field_from, field_to in intervals_of(grant.fields):
            session.add(
                LicenceCell(
                    encumbrance_id=burden.id,
                    asset_id=burden.asset_id,
                    country=country,
                    field_from=field_from,
                    field_to=field_to,
                    begins_on=grant.begins_on,
                    ends_on=grant.ends_on,
                    lane_from=lane_from,
                    lane_to=lane_to,
                )
            )
    session.flush()


__all__ = [
    "Instrument", "LicenceCell", "LicenceGranted", "Verdict", "check_instrument", "grant_licence", "require_allowed",
    "standing_of",
]  # fmt: skip
