"""Recordal at the office: filed, proven, refused; and the way back for everybody's money."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.clock import market_day
from marketplace.core.db import session
from marketplace.core.errors import Refused, require
from marketplace.core.events import announce
from marketplace.core.i18n import _l
from marketplace.deals import policy
from marketplace.deals.closing import require_steps_done
from marketplace.deals.closing_rules import TimedExit, require_refund_by_second, timed_exit
from marketplace.deals.deals import (
    Deal,
    DealRefunded,
    DealRefunding,
    DealStatus,
    RecordalFiled,
    RecordalProven,
    find_deal,
)
from marketplace.deals.settlement import cancel, free_listing, held, return_collections, stop_asking
from marketplace.documents.evidence import attach_evidence, evidence_for
from marketplace.documents.files import show_file
from marketplace.documents.signatures import cancel_envelope
from marketplace.identity.sign_in import require_fresh

NOT_PAID_IN_TIME = "not paid in time"
FILED, PROVEN, REFUSED = "recordal_filing", "recordal_proof", "recordal_refusal"


class ProofMissing(Refused):
    """The office's document has not been uploaded."""

    message = _l("Upload the office's document first.")


class FiledInFuture(Refused):
    """A filing cannot lie in the future."""

    message = _l("The filing date cannot be in the future.")


class DealNotCancellable(Refused):
    """The deal has gone too far for one side to leave it."""

    message = _l("Money is held for this deal: ask the operator to end it.")


def file_recordal(actor: Actor, deal_id: UUID, number: str, filed_on: date, file_id: UUID, now: datetime) -> Deal:
    """Either side filed with the office; every required step must be done before."""
    deal = find_deal(actor, deal_id, lock=True)
    require(actor.may("deal.trade") or policy.is_platform(actor))
    require_steps_done(deal)
    require(filed_on <= market_day(now), FiledInFuture())
    deal.become(DealStatus.RECORDAL_FILED, now)
    deal.recordal_number, deal.recordal_filed_on = number, filed_on
    _attach(actor, deal, file_id, FILED, now)
    announce(actor, now, RecordalFiled(deal.id))
    return deal


def upload_recordal_proof(actor: Actor, deal_id: UUID, file_id: UUID, now: datetime) -> Deal:
    """Either side uploads what the office issued; the operator checks it."""
    deal = find_deal(actor, deal_id, lock=True)
    require(actor.may("deal.trade") or policy.is_platform(actor))
    require(deal.status is DealStatus.RECORDAL_FILED, ProofMissing())
    _attach(actor, deal, file_id, PROVEN, now)
    return deal


def confirm_recordal(actor: Actor, deal_id: UUID, now: datetime) -> Deal:
    """The operator compared the uploaded proof with the office's register: the right has moved."""
    require(actor.may("platform.operate"))
    require_fresh(actor, now)
    deal = find_deal(actor, deal_id, lock=True)
    require(any(one.kind == PROVEN for one in evidence_for(deal.id)), ProofMissing())
    deal.become(DealStatus.RECORDAL_PROVEN, now)
    deal.recordal_proven_at = now
    session.flush()
    announce(actor, now, RecordalProven(deal.id))
    return deal


def report_recordal_refused(actor: Actor, deal_id: UUID, reason: str, file_id: UUID, now: datetime) -> Deal:
    """The office refused: the operator starts the refund with the office's document."""
    require(actor.may("platform.operate"))
    deal = find_deal(actor, deal_id, lock=True)
    require(deal.status is DealStatus.RECORDAL_FILED, ProofMissing())
    _attach(actor, deal, file_id, REFUSED, now)
    return _start_refund(actor, deal, reason, now)


def end_deal(actor: Actor, deal_id: UUID, reason: str, now: datetime) -> Deal:
    """Leave a deal: a side may while it signs; afterwards the operator decides, and what was paid goes back."""
    deal = find_deal(actor, deal_id, lock=True)
    operator = actor.may("platform.operate")
    require(operator or actor.may("deal.trade"))
    if deal.status is DealStatus.SIGNING:
        if deal.envelope_id is not None:
            cancel_envelope(SYSTEM, deal.envelope_id, now)
        cancel(actor, deal, reason, now)
        return deal
    require(operator, DealNotCancellable())
    if deal.status is DealStatus.AWAITING_FUNDS and not held(deal):
        cancel(actor, deal, reason, now)
        return deal
    return _start_refund(actor, deal, reason, now)


def approve_refund(actor: Actor, deal_id: UUID, now: datetime) -> Deal:
    """A second person sends everything back to the buyer."""
    require(actor.may("money.approve") and policy.is_platform(actor))
    require_fresh(actor, now)
    deal = find_deal(actor, deal_id, lock=True)
    require_refund_by_second(deal, actor.person_id)
    return _give_back(actor, deal, now)


def close_overdue_deals(now: datetime) -> list[Deal]:
    """Deals whose time is up: unpaid ones end with everything returned; the rest are returned for the operator."""
    overdue = session.execute(
        select(Deal).where(Deal.due_at <= now).order_by(Deal.due_at).limit(100).with_for_update(skip_locked=True)
    ).scalars()
    waiting = []
    for deal in overdue:
        if deal.due_at is None or deal.due_at > now:
            continue  # it ended with another deal of its part
        course = timed_exit(deal.status, held(deal))
        if deal.status is DealStatus.SIGNING:
            end_deal(OPERATING_SYSTEM, deal.id, "not signed in time", now)
        elif course is TimedExit.CANCEL:
            cancel(SYSTEM, deal, NOT_PAID_IN_TIME, now)
        elif course is TimedExit.RETURN_EVERYTHING:
            _start_refund(SYSTEM, deal, "not completed in time", now)
            _give_back(SYSTEM, deal, now)
        else:
            deal.due_at = None
            waiting.append(deal)
    session.flush()
    return waiting


OPERATING_SYSTEM = Actor(
    person_id=None,
    organisation_id=None,
    permissions=frozenset({"system", "platform.operate", "deal.trade"}),
    approved=True,
    via="job",
)


def _start_refund(actor: Actor, deal: Deal, reason: str, now: datetime) -> Deal:
    deal.become(DealStatus.REFUNDING, now, reason)
    deal.refund_started_by = actor.person_id
    stop_asking(deal, now)
    session.flush()
    announce(actor, now, DealRefunding(deal.id, reason))
    return deal


def _give_back(actor: Actor, deal: Deal, now: datetime) -> Deal:
    deal.become(DealStatus.REFUNDED, now)
    deal.refund_approved_by = actor.person_id
    return_collections(SYSTEM, deal, now)
    free_listing(deal, now)
    session.flush()
    announce(actor, now, DealRefunded(deal.id))
    return deal


def _attach(actor: Actor, deal: Deal, file_id: UUID, kind: str, now: datetime) -> None:
    attach_evidence(actor, file_id, deal.id, kind, now)
    for organisation_id in (deal.seller_id, deal.buyer_id):
        show_file(SYSTEM, file_id, organisation_id, now)
    session.flush()
