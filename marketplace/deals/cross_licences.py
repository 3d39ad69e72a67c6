"""Cross-licences: two holders license each other, each licence given in return for the other, without payment."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Text, or_, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import Model, find, session
from marketplace.core.errors import NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.deals import policy
from marketplace.deals.terms import DealKind, DealTerms, months_later
from marketplace.deals.wording import CROSS_LICENCE_MOVED, CROSS_LICENCE_PROPOSED
from marketplace.documents.evidence import attach_evidence
from marketplace.documents.files import show_file
from marketplace.documents.signatures import (
    EnvelopeCompleted,
    EnvelopeDeclined,
    EnvelopeExpired,
)
from marketplace.identity.sign_in import require_fresh
from marketplace.notices.inbox import tell
from marketplace.registry.assets import find_asset
from marketplace.registry.instruments import cross_license
from marketplace.registry.ownership import owners_of, owns
from marketplace.registry.rights import Instrument, require_allowed

STANDS_FOR = timedelta(days=30)
SIGNED_WITHIN = timedelta(days=7)
RECORD_MONTHS = 3
"""Each licence is recorded within three months of taking effect (Implementing Regulations, rule 15)."""
PROOF = "cross_licence_recordal"


class NoCounterparty(Refused):
    """The other right has no single holder here who could license it."""

    message = _l("The other right must belong to one other organisation on this marketplace alone.")


class ProposalStands(Refused):
    """The same two rights are already being crossed."""

    message = _l("A cross-licence of these two rights is already proposed or in force.")


class CrossLicenceStatus(StrEnum):
    """How far a cross-licence has come."""

    PROPOSED = "proposed"
    SIGNING = "signing"
    IN_FORCE = "in_force"
    RECORDED = "recorded"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


S = CrossLicenceStatus
CROSS_LICENCE_LIFECYCLE = Lifecycle(
    "cross_licence",
    {
        S.PROPOSED: {S.SIGNING, S.DECLINED, S.WITHDRAWN, S.LAPSED},
        S.SIGNING: {S.IN_FORCE, S.DECLINED, S.LAPSED},
        S.IN_FORCE: {S.RECORDED},
        S.RECORDED: set(),
        S.DECLINED: set(),
        S.WITHDRAWN: set(),
        S.LAPSED: set(),
    },
)
_LIVE = "status IN ('proposed', 'signing', 'in_force', 'recorded')"


class CrossLicence(Model):
    """The first right is the proposer's, the second the other side's; both licences have the same scope and term."""

    __tablename__ = "cross_licences"
    __table_args__ = (
        CheckConstraint("proposer_id <> other_id AND first_asset_id <> second_asset_id", name="two_sides"),
        CheckConstraint(
            "(status IN ('in_force', 'recorded')) = (first_licence_id IS NOT NULL AND second_licence_id IS NOT NULL)",
            name="both_or_none",
        ),
        CheckConstraint(
            "(status = 'recorded') <= (first_recorded_at IS NOT NULL AND second_recorded_at IS NOT NULL)",
            name="recorded_by_both",
        ),
        Index(
            "uq_cross_licences_live", text("least(first_asset_id, second_asset_id)"),
            text("greatest(first_asset_id, second_asset_id)"), unique=True, postgresql_where=text(_LIVE),
        ),
        Index("ix_cross_licences_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    )  # fmt: skip

    proposer_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    other_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    first_asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"))
    second_asset_id: Mapped[UUID] = mapped_column(ForeignKey("assets.id"))
    terms: Mapped[dict[str, Any]]
    status: Mapped[CrossLicenceStatus] = mapped_column(default=CrossLicenceStatus.PROPOSED)
    proposed_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    contract_file_id: Mapped[UUID | None] = mapped_column(ForeignKey("files.id"))
    envelope_id: Mapped[UUID | None] = mapped_column(ForeignKey("envelopes.id"), unique=True)
    first_licence_id: Mapped[UUID | None] = mapped_column(ForeignKey("encumbrances.id"))
    second_licence_id: Mapped[UUID | None] = mapped_column(ForeignKey("encumbrances.id"))
    record_by: Mapped[date | None] = mapped_column(Date)
    first_recorded_at: Mapped[datetime | None]
    second_recorded_at: Mapped[datetime | None]
    end_reason: Mapped[str] = mapped_column(Text, default="")

    @property
    def agreed(self) -> DealTerms:
        """The scope and term of both licences."""
        return DealTerms.from_json(self.terms)

    def become(self, status: CrossLicenceStatus, due_at: datetime | None, reason: str = "") -> None:
        """Move on; what waits for an answer has its time."""
        self.status = CROSS_LICENCE_LIFECYCLE.check(self.status, status)
        self.due_at, self.end_reason = due_at, reason

    def instruments(self, on: date) -> tuple[Instrument, Instrument]:
        """The two licences as the rights engine weighs them; the licence under a right that ends earlier ends with it."""
        first = self.agreed.instrument(self.first_asset_id, self.proposer_id, self.other_id, on)
        second = self.agreed.instrument(self.second_asset_id, self.other_id, self.proposer_id, on)
        return _within_right(first), _within_right(second)


@dataclass(frozen=True)
class CrossLicenceProposed(Fact):
    """One holder proposed to another to license each other."""

    cross_licence_id: UUID
    other_id: UUID


@dataclass(frozen=True)
class CrossLicenceAccepted(Fact):
    """The other holder agreed: the contract is drawn up."""

    cross_licence_id: UUID


@dataclass(frozen=True)
class CrossLicenceMoved(Fact):
    """A cross-licence took effect, was recorded, or came to nothing."""

    cross_licence_id: UUID
    status: str


def _within_right(licence: Instrument) -> Instrument:
    last = find_asset(licence.asset_id).expires_on
    if licence.ends_on is None or last is None or licence.ends_on <= last:
        return licence
    return replace(licence, ends_on=last)


def propose_cross_licence(
    actor: Actor, own_asset_id: UUID, other_asset_id: UUID, scope: Mapping[str, Any], now: datetime
) -> CrossLicence:
    """Offer an own right's plain licence for one under another's right, with the same territory, fields and term."""
    policy.require_trader(actor)
    require(actor.organisation_id is not None and owns(actor.organisation_id, own_asset_id), NotFound())
    assert actor.organisation_id is not None
    holders = {owner.organisation_id for owner in owners_of(find_asset(other_asset_id).id)}
    other_id = holders.pop() if len(holders) == 1 else None
    if other_id is None or other_id == actor.organisation_id:
        raise NoCounterparty()
    policy.require_unrelated(actor.organisation_id, other_id)
    terms = DealTerms(DealKind.LICENCE, exclusivity="non_exclusive", **scope)
    terms.require_lawful_words(now.date())
    require(not _crossed_already({own_asset_id, other_asset_id}), ProposalStands())
    proposal = CrossLicence(
        proposer_id=actor.organisation_id, other_id=other_id, first_asset_id=own_asset_id,
        second_asset_id=other_asset_id, terms=terms.to_json(), status=S.PROPOSED, proposed_at=now,
        due_at=now + STANDS_FOR,
    )  # fmt: skip
    _require_lawful(proposal, now)
    session.add(proposal)
    session.flush()
    announce(actor, now, CrossLicenceProposed(proposal.id, other_id))
    params = {"title": find_asset(other_asset_id).title, "own": find_asset(own_asset_id).title}
    tell(other_id, CROSS_LICENCE_PROPOSED, params, _link(proposal), now)
    return proposal


def _crossed_already(assets: set[UUID]) -> bool:
    one, other = sorted(assets) if len(assets) == 2 else (next(iter(assets)),) * 2
    pair = ((CrossLicence.first_asset_id == one) & (CrossLicence.second_asset_id == other)) | (
        (CrossLicence.first_asset_id == other) & (CrossLicence.second_asset_id == one)
    )
    return session.execute(select(CrossLicence.id).where(pair, text(_LIVE)).limit(1)).first() is not None


def _require_lawful(proposal: CrossLicence, now: datetime) -> None:
    for licence in proposal.instruments(now.date()):
        require_allowed(licence, now.date())


def _link(proposal: CrossLicence) -> str:
    return f"/cross-licences/{proposal.id}"


def find_cross_licence(actor: Actor, cross_licence_id: UUID, lock: bool = False) -> CrossLicence:
    """The cross-licence, for its two sides and the platform; for others it does not exist."""
    found = find(CrossLicence, cross_licence_id, lock=lock)
    require(policy.may_see_sides(actor, found.proposer_id, found.other_id), NotFound())
    return found


def cross_licences_of(actor: Actor) -> list[CrossLicence]:
    """What the actor's organisation proposed or was proposed, newest first."""
    mine = or_(CrossLicence.proposer_id == actor.organisation_id, CrossLicence.other_id == actor.organisation_id)
    return list(session.execute(select(CrossLicence).where(mine).order_by(CrossLicence.id.desc()).limit(100)).scalars())


def accept_cross_licence(actor: Actor, cross_licence_id: UUID, now: datetime) -> CrossLicence:
    """Agree: the contract is drawn up and laid out for both signatures."""
    proposal = _answerable(actor, cross_licence_id, "other_id")
    require_fresh(actor, now)
    _require_lawful(proposal, now)
    proposal.become(S.SIGNING, now + SIGNED_WITHIN)
    session.flush()
    announce(actor, now, CrossLicenceAccepted(proposal.id))
    return proposal


def decline_cross_licence(actor: Actor, cross_licence_id: UUID, reason: str, now: datetime) -> CrossLicence:
    """Say no, with the reason."""
    return _end(actor, _answerable(actor, cross_licence_id, "other_id"), S.DECLINED, now, reason)


def withdraw_cross_licence(actor: Actor, cross_licence_id: UUID, now: datetime) -> CrossLicence:
    """Take back an own proposal that is not answered yet."""
    return _end(actor, _answerable(actor, cross_licence_id, "proposer_id"), S.WITHDRAWN, now)


def _answerable(actor: Actor, cross_licence_id: UUID, side: str) -> CrossLicence:
    proposal = find_cross_licence(actor, cross_licence_id, lock=True)
    policy.require_trader(actor)
    require(getattr(proposal, side) == actor.organisation_id)
    CROSS_LICENCE_LIFECYCLE.check(proposal.status, S.WITHDRAWN)
    return proposal


def _end(
    actor: Actor, proposal: CrossLicence, status: CrossLicenceStatus, now: datetime, reason: str = ""
) -> CrossLicence:
    proposal.become(status, None, reason)
    session.flush()
    return _tell_moved(actor, proposal, now)


def _tell_moved(actor: Actor, proposal: CrossLicence, now: datetime) -> CrossLicence:
    announce(actor, now, CrossLicenceMoved(proposal.id, proposal.status.value))
    for side in (proposal.proposer_id, proposal.other_id):
        if side != actor.organisation_id:
            params = {"title": find_asset(proposal.first_asset_id).title}
            tell(side, CROSS_LICENCE_MOVED, params, _link(proposal), now)
    return proposal


def enter_licences(actor: Actor, fact: EnvelopeCompleted, now: datetime) -> None:
    """Both have signed: both licences enter the register at once, each naming the other, or neither does."""
    proposal = _of_envelope(fact.envelope_id)
    if proposal is None:
        return
    given, returned = cross_license(SYSTEM, *proposal.instruments(now.date()), f"cross-licence:{proposal.id}", now)
    proposal.first_licence_id, proposal.second_licence_id = given.id, returned.id
    proposal.record_by = months_later(now.date(), RECORD_MONTHS)
    proposal.become(S.IN_FORCE, None)
    session.flush()
    _tell_moved(actor, proposal, now)


def end_unsigned_cross_licence(actor: Actor, fact: EnvelopeDeclined | EnvelopeExpired, now: datetime) -> None:
    """A side did not sign: nothing is granted."""
    proposal = _of_envelope(fact.envelope_id)
    if proposal is not None and proposal.status is S.SIGNING:
        _end(actor, proposal, S.DECLINED if isinstance(fact, EnvelopeDeclined) else S.LAPSED, now)


def _of_envelope(envelope_id: UUID) -> CrossLicence | None:
    found: CrossLicence | None = session.execute(
        select(CrossLicence).where(CrossLicence.envelope_id == envelope_id).with_for_update()
    ).scalar_one_or_none()
    return found


def prove_recordal(actor: Actor, cross_licence_id: UUID, file_id: UUID, now: datetime) -> CrossLicence:
    """A side shows that the office has recorded the licence under its right; with both, the closing is done."""
    proposal = find_cross_licence(actor, cross_licence_id, lock=True)
    policy.require_trader(actor)
    require(actor.organisation_id in (proposal.proposer_id, proposal.other_id))
    CROSS_LICENCE_LIFECYCLE.check(proposal.status, S.RECORDED)
    attach_evidence(actor, file_id, proposal.id, PROOF, now)
    for side in (proposal.proposer_id, proposal.other_id):
        show_file(SYSTEM, file_id, side, now)
    if actor.organisation_id == proposal.proposer_id:
        proposal.first_recorded_at = proposal.first_recorded_at or now
    else:
        proposal.second_recorded_at = proposal.second_recorded_at or now
    if proposal.first_recorded_at and proposal.second_recorded_at:
        proposal.become(S.RECORDED, None)
        session.flush()
        _tell_moved(actor, proposal, now)
    session.flush()
    return proposal


def lapse_cross_licences(now: datetime) -> int:
    """Proposals nobody answered in time are over; unsigned contracts end with their envelope."""
    query = select(CrossLicence).where(CrossLicence.status == S.PROPOSED, CrossLicence.due_at <= now)
    overdue = list(session.execute(query.limit(100).with_for_update(skip_locked=True)).scalars())
    for proposal in overdue:
        _end(SYSTEM, proposal, S.LAPSED, now)
    return len(overdue)
