"""The closing checklist: who must do what by when with which document before the right and the money move."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Date, ForeignKey, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import Model, find, money_columns, session
from marketplace.core.errors import NotAllowed, NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.deals import policy
from marketplace.deals.closing_rules import ClosingFacts, StepCode, StepParty, closing_steps, is_institution
from marketplace.deals.deals import Deal, DealFundsHeld, DealStatus, find_deal
from marketplace.deals.step_words import STEP_NAMES
from marketplace.deals.terms import DealKind, months_later
from marketplace.deals.waterfall import INSTITUTION_INVENTOR_BPS, Payoff
from marketplace.documents.evidence import attach_evidence
from marketplace.documents.files import find_file, show_file
from marketplace.identity.organisations import find_organisation
from marketplace.registry.assets import find_asset
from marketplace.registry.encumbrances import EncumbranceKind, open_encumbrances
from marketplace.registry.ownership import owners_of

FILING_WITHIN = timedelta(days=30)
PUBLIC_ORIGINS = ("auction",)
"""A price found in public bidding needs no further publicity (技术成果转化法, art. 18)."""
RECORDAL_MONTHS = 3
"""A patent licence is recorded within three months of taking effect (Implementing Regulations, rule 15)."""


class StepsOpen(Refused):
    """The recordal cannot be filed before the required steps are done."""

    message = _l("Complete these steps first: %(steps)s.")


class StepNotYours(NotAllowed):
    """Another party must do this step."""

    message = _l("Another party must do this step.")


class DocumentNeeded(Refused):
    """The step is proven by a document."""

    message = _l("Upload the document that proves this step.")


class PayoffOutOfRange(Refused):
    """A pledgee states what it is owed in the deal's currency."""

    message = _l("State the outstanding amount in %(currency)s.")


class ClosingStep(Model):
    """One step of one deal's checklist."""

    __tablename__ = "closing_steps"
    __table_args__ = (UniqueConstraint("deal_id", "code", "subject_id", postgresql_nulls_not_distinct=True),)

    deal_id: Mapped[UUID] = mapped_column(ForeignKey("deals.id"), index=True)
    code: Mapped[StepCode]
    party: Mapped[StepParty]
    responsible_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    subject_id: Mapped[UUID | None]
    needs_document: Mapped[bool]
    due_on: Mapped[date] = mapped_column(Date)
    done_at: Mapped[datetime | None]
    done_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    file_id: Mapped[UUID | None] = mapped_column(ForeignKey("files.id"))
    note: Mapped[str] = mapped_column(Text, default="")


class DealPayoff(Model):
    """What a pledgee is owed and will get first; stated by the pledgee itself."""

    __tablename__ = "deal_payoffs"
    __table_args__ = (UniqueConstraint("deal_id", "encumbrance_id"),)

    deal_id: Mapped[UUID] = mapped_column(ForeignKey("deals.id"))
    encumbrance_id: Mapped[UUID] = mapped_column(ForeignKey("encumbrances.id"))
    pledgee_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    outstanding: Mapped[Money] = money_columns("outstanding")
    reference: Mapped[str] = mapped_column(String(200), default="")
    stated_at: Mapped[datetime]


@dataclass(frozen=True)
class ClosingStepDone(Fact):
    """A step of the closing was done."""

    deal_id: UUID
    step_id: UUID
    code: str


@dataclass(frozen=True)
class PayoffStated(Fact):
    """A pledgee said what it is owed."""

    deal_id: UUID
    encumbrance_id: UUID
    pledgee_id: UUID


def plan_closing(_actor: Actor, fact: DealFundsHeld, now: datetime) -> None:
    """The money is held: write down the steps this closing needs."""
    deal = find(Deal, fact.deal_id, lock=True)
    due_on = (now + FILING_WITHIN).date()
    for plan in closing_steps(facts_of(deal, now.date())):
        pledgee = find_pledgee(plan.subject_id, deal, now) if plan.subject_id else None
        responsible = {StepParty.SELLER: deal.seller_id, StepParty.BUYER: deal.buyer_id, StepParty.PLEDGEE: pledgee}
        session.add(
            ClosingStep(
                deal_id=deal.id, code=plan.code, party=plan.party, responsible_id=responsible[plan.party],
                subject_id=plan.subject_id, needs_document=plan.needs_document, due_on=due_on,
            )
        )  # fmt: skip
    session.flush()


def facts_of(deal: Deal, on: date) -> ClosingFacts:
    """What the register and the parties say that decides the steps."""
    asset = find_asset(deal.asset_id)
    burdens = open_encumbrances(asset.id, on)
    seller, buyer = find_organisation(deal.seller_id), find_organisation(deal.buyer_id)
    return ClosingFacts(
        kind=deal.kind,
        asset_kind=asset.kind,
        office=asset.office,
        foreign_buyer=buyer.country != "CN",
        co_owned=len(owners_of(asset.id)) > 1,
        plain_licence=deal.kind is DealKind.LICENCE and deal.agreed.exclusivity == "non_exclusive",
        pledge_ids=tuple(burden.id for burden in burdens if burden.kind is EncumbranceKind.PLEDGE),
        live_licences=sum(burden.is_licence for burden in burdens),
        institution=is_institution(seller.name_zh),
        by_agreement=deal.origin not in PUBLIC_ORIGINS,
        inventors_named=bool(asset.inventors),
    )


def find_pledgee(encumbrance_id: UUID | None, deal: Deal, now: datetime) -> UUID | None:
    """Who holds this pledge."""
    burdens = open_encumbrances(deal.asset_id, now.date())
    return next((burden.holder_id for burden in burdens if burden.id == encumbrance_id), None)


def complete_step(
    actor: Actor, deal_id: UUID, step_id: UUID, file_id: UUID | None, note: str, now: datetime
) -> ClosingStep:
    """The responsible party says a step is done and shows the document to both sides."""
    deal = find_deal(actor, deal_id, lock=True)
    step = _step_of(deal, step_id)
    require(policy.is_platform(actor) or actor.organisation_id == step.responsible_id, StepNotYours())
    require(deal.status is DealStatus.FUNDS_HELD and step.code is not StepCode.PLEDGEE_PAYOFF)
    require(file_id is not None or not step.needs_document, DocumentNeeded())
    if file_id is not None:
        find_file(actor, file_id, now)
        attach_evidence(actor, file_id, step.id, step.code.value, now)
        for organisation_id in (deal.seller_id, deal.buyer_id):
            show_file(SYSTEM, file_id, organisation_id, now)
    if step.code is StepCode.INVENTOR_REWARD:
        deal.inventor_bps = max(deal.inventor_bps, INSTITUTION_INVENTOR_BPS)
    return _done(actor, deal, step, file_id, note, now)


def state_payoff(
    actor: Actor, deal_id: UUID, encumbrance_id: UUID, outstanding: Money, reference: str, now: datetime
) -> DealPayoff:
    """The pledgee states what is to be paid to it first; zero says that nothing is owed any more."""
    deal = find(Deal, deal_id, lock=True)
    pledgee_id = find_pledgee(encumbrance_id, deal, now)
    require(pledgee_id is not None and (actor.may("system") or actor.organisation_id == pledgee_id), StepNotYours())
    assert pledgee_id is not None
    require(deal.status is DealStatus.FUNDS_HELD)
    require(
        outstanding.currency == deal.price.currency and outstanding.amount_minor >= 0,
        PayoffOutOfRange(currency=deal.price.currency),
    )
    payoff = DealPayoff(
        deal_id=deal.id, encumbrance_id=encumbrance_id, pledgee_id=pledgee_id, outstanding=outstanding,
        reference=reference, stated_at=now,
    )  # fmt: skip
    session.add(payoff)
    step = next(one for one in steps_of(deal.id) if one.subject_id == encumbrance_id)
    _done(actor, deal, step, None, reference, now)
    announce(actor, now, PayoffStated(deal.id, encumbrance_id, pledgee_id))
    return payoff


def deal_of_pledgee(actor: Actor, deal_id: UUID, now: datetime) -> tuple[Deal, ClosingStep]:
    """The deal in which the acting pledgee must state what it is owed; for others it does not exist."""
    deal = find(Deal, deal_id)
    for step in steps_of(deal.id):
        if step.code is StepCode.PLEDGEE_PAYOFF and step.responsible_id == actor.organisation_id:
            return deal, step
    raise NotFound()


def steps_of(deal_id: UUID) -> list[ClosingStep]:
    """The checklist of a deal."""
    query = select(ClosingStep).where(ClosingStep.deal_id == deal_id).order_by(ClosingStep.id)
    return list(session.execute(query).scalars())


def steps_waiting_for(organisation_id: UUID) -> list[ClosingStep]:
    """The open steps an organisation must do."""
    query = select(ClosingStep).where(ClosingStep.responsible_id == organisation_id, ClosingStep.done_at.is_(None))
    return list(session.execute(query.order_by(ClosingStep.due_on)).scalars())


def payoffs_of(deal_id: UUID) -> tuple[Payoff, ...]:
    """What pledgees get first."""
    query = select(DealPayoff).where(DealPayoff.deal_id == deal_id).order_by(DealPayoff.id)
    rows = session.execute(query).scalars()
    return tuple(Payoff(row.pledgee_id, row.outstanding, str(row.encumbrance_id)) for row in rows)


def require_steps_done(deal: Deal) -> None:
    """Refuse to file while required steps are open, naming them."""
    still_open = [step.code.value for step in steps_of(deal.id) if step.done_at is None]
    require(not still_open, StepsOpen(steps=", ".join(str(STEP_NAMES[code]) for code in still_open)))


def recordal_due_on(deal: Deal, held_on: date) -> date:
    """The last day to file the recordal."""
    return months_later(held_on, RECORDAL_MONTHS)


def _step_of(deal: Deal, step_id: UUID) -> ClosingStep:
    step = find(ClosingStep, step_id, lock=True)
    require(step.deal_id == deal.id)
    return step


def _done(actor: Actor, deal: Deal, step: ClosingStep, file_id: UUID | None, note: str, now: datetime) -> ClosingStep:
    step.done_at, step.done_by, step.file_id, step.note = now, actor.person_id, file_id, note
    session.flush()
    announce(actor, now, ClosingStepDone(deal.id, step.id, step.code.value))
    return step
