"""Accepting an offer: exactly one of them, after the pledge could be registered, with both contracts laid out to sign."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import find, session
from marketplace.core.errors import require
from marketplace.core.events import Fact, announce
from marketplace.core.money import Money
from marketplace.documents.signatures import EnvelopeDeclined, EnvelopeExpired
from marketplace.financing import policy
from marketplace.financing.applications import (
    Application,
    ApplicationStatus,
    close_invitations,
    collateral_of,
)
from marketplace.financing.club_places import filled_places
from marketplace.financing.covenants import copy_covenants, require_read
from marketplace.financing.due_dates import business_date
from marketplace.financing.lenders import share_out
from marketplace.financing.loan_contracts import lay_out_contracts
from marketplace.financing.loans import Loan, LoanStatus, loan_for_lender
from marketplace.financing.pledge_check import Ground, ProposedPledge, grounds_of, require_registrable
from marketplace.financing.pledges import Pledge, PledgeStatus, pledges_of_loan, require_free
from marketplace.financing.term_sheets import TERM_SHEET_LIFECYCLE, TermSheet, TermSheetStatus, find_term_sheet
from marketplace.identity.sign_in import require_fresh
from marketplace.identity.verification import require_approved
from marketplace.registry.assets import Asset, find_asset


@dataclass(frozen=True)
class TermSheetAccepted(Fact):
    """The borrower took one offer; the loan is agreed."""

    term_sheet_id: UUID
    loan_id: UUID


@dataclass(frozen=True)
class LoanCancelled(Fact):
    """An agreed loan will not be paid out."""

    loan_id: UUID


def accept_term_sheet(
    actor: Actor, term_sheet_id: UUID, informed: Sequence[str], now: datetime, covenants: Sequence[UUID] = ()
) -> Loan:
    """Take one offer: the others close, the rights are promised as security and the contracts are laid out to sign.

    The borrower names the covenants it has read, so that none is accepted unseen.
    """
    sheet = find_term_sheet(actor, term_sheet_id)
    application = find(Application, sheet.application_id, lock=True)
    require(policy.is_borrower(actor, application), policy.WrongActor())
    require(actor.may("loan.apply") and actor.may("deal.sign"))
    require_approved(actor)
    require_fresh(actor, now)
    application.require_open()
    sheet = find(TermSheet, sheet.id, lock=True)
    sheet.require_valid(business_date(now))
    require_read(sheet.id, covenants)
    sheet.become(TermSheetStatus.ACCEPTED)
    sheet.decided_at = now
    application.become(ApplicationStatus.ACCEPTED)
    _close_others(sheet, now)
    assets = [find_asset(asset.id, lock=True) for _collateral, asset in _by_id(application.id)]
    loan = _agree_loan(sheet, application, now)
    copy_covenants(sheet, loan)
    waived = _require_pledgeable(sheet, application.borrower_id, assets, informed, now)
    pledges = [_agree_pledge(loan, asset, sheet.maximum_pledge, waived, now) for asset in assets]
    lay_out_contracts(loan, sheet, application, pledges, assets, now)
    announce(
        actor, now, TermSheetAccepted(sheet.id, loan.id), after={"waived": sorted({one.rule.id for one in waived})}
    )
    return loan


def grounds_before_signing(sheet: TermSheet, now: datetime) -> list[Ground]:
    """What the office would object to if this offer were accepted now."""
    application = find(Application, sheet.application_id)
    proposed = [
        ProposedPledge(
            asset=asset, pledgor_id=application.borrower_id, ends_on=sheet.terms.maturity(business_date(now))
        )
        for _collateral, asset in collateral_of(application.id)
    ]
    return [ground for pledge in proposed for ground in grounds_of(pledge, now.date())]


def cancel_loan(actor: Actor, loan_id: UUID, now: datetime) -> Loan:
    """The bank gives an agreed loan up before it is paid out; promises of security end, a registered one is released."""
    loan = loan_for_lender(actor, loan_id)
    require(actor.may("loan.approve"))
    _give_up(actor, loan, now)
    return loan


def end_unsigned_loan(_actor: Actor, fact: EnvelopeDeclined | EnvelopeExpired, now: datetime) -> None:
    """A contract was declined or not signed in time: the loan ends and the promised rights are free."""
    promised = select(Pledge.loan_id).where(Pledge.envelope_id == fact.envelope_id)
    query = select(Loan).where(or_(Loan.envelope_id == fact.envelope_id, Loan.id.in_(promised))).with_for_update()
    for loan in session.execute(query).scalars():
        if loan.status is LoanStatus.APPROVED:
            _give_up(SYSTEM, loan, now)


def _give_up(actor: Actor, loan: Loan, now: datetime) -> None:
    loan.become(LoanStatus.CANCELLED)
    for pledge in pledges_of_loan(loan.id):
        if pledge.status in (PledgeStatus.AGREED, PledgeStatus.REFUSED):
            pledge.become(PledgeStatus.CANCELLED)
    session.flush()
    announce(actor, now, LoanCancelled(loan.id))


def _by_id(application_id: UUID) -> list[tuple[Any, Asset]]:
    """Always lock rights in the same order, so that two acceptances cannot wait for one another."""
    return sorted(collateral_of(application_id), key=lambda pair: pair[1].id)


def _close_others(sheet: TermSheet, now: datetime) -> None:
    others = select(TermSheet).where(TermSheet.application_id == sheet.application_id, TermSheet.id != sheet.id)
    for other in session.execute(others.with_for_update()).scalars():
        if TERM_SHEET_LIFECYCLE.allows(other.status, TermSheetStatus.NOT_CHOSEN):
            other.become(TermSheetStatus.NOT_CHOSEN)
            other.decided_at = now
    close_invitations(sheet.application_id)


def _agree_loan(sheet: TermSheet, application: Application, now: datetime) -> Loan:
    loan = Loan(
        application_id=application.id,
        term_sheet_id=sheet.id,
        borrower_id=application.borrower_id,
        bank_id=sheet.bank_id,
        principal=sheet.amount,
        outstanding=Money.zero(sheet.amount.currency),
        upfront_fee=sheet.upfront_fee,
        ip_secured=sheet.ip_secured,
        rate_bps=sheet.rate_bps,
        penalty_rate_bps=sheet.penalty_rate_bps,
        term_months=sheet.term_months,
        method=sheet.method,
        every_months=sheet.every_months,
        pool_cover_bps=sheet.pool_cover_bps,
        undrawn=Money.zero(sheet.amount.currency),
        clauses=sheet.clauses,
        agreed_on=business_date(now),
        prepared_by=sheet.prepared_by,
    )
    session.add(loan)
    session.flush()
    share_out(loan, [(sheet.bank_id, sheet.own_part), *((one.bank_id, one.part) for one in filled_places(sheet.id))])
    return loan


def _require_pledgeable(
    sheet: TermSheet, pledgor_id: UUID, assets: Sequence[Asset], informed: Sequence[str], now: datetime
) -> list[Ground]:
    for asset in assets:
        require_free(asset)
    ends_on = sheet.terms.maturity(business_date(now))
    proposed = [ProposedPledge(asset=asset, pledgor_id=pledgor_id, ends_on=ends_on) for asset in assets]
    return require_registrable(proposed, informed, now.date())


def _agree_pledge(loan: Loan, asset: Asset, maximum: bool, waived: Sequence[Ground], now: datetime) -> Pledge:
    pledge = Pledge(
        loan_id=loan.id,
        asset_id=asset.id,
        pledgor_id=loan.borrower_id,
        lender_id=loan.bank_id,
        secured=loan.ip_secured,
        single_pledge=asset.is_chinese_patent,
        maximum=maximum,
        ends_on=loan.terms.maturity(business_date(now)),
        waived=[ground.rule.id for ground in waived if ground.asset_id == asset.id],
    )
    session.add(pledge)
    session.flush()
    return pledge
