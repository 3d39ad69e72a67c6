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
from marketplace.documents.contracts_pdf import render_pdf
from marketplace.documents.files import store_own_pdf
from marketplace.documents.signatures import EnvelopeDeclined, EnvelopeExpired, open_envelope
from marketplace.financing import policy
from marketplace.financing.applications import (
    Application,
    ApplicationStatus,
    close_invitations,
    collateral_of,
)
from marketplace.financing.due_dates import business_date
from marketplace.financing.loan_terms import yuan
from marketplace.financing.loans import Loan, LoanStatus, loan_for_lender
from marketplace.financing.pledge_check import Ground, ProposedPledge, grounds_of, require_registrable
from marketplace.financing.pledges import Pledge, PledgeStatus, pledges_of_loan, require_free
from marketplace.financing.term_sheets import TERM_SHEET_LIFECYCLE, TermSheet, TermSheetStatus, find_term_sheet
from marketplace.identity.organisations import Organisation, find_organisation
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


def accept_term_sheet(actor: Actor, term_sheet_id: UUID, informed: Sequence[str], now: datetime) -> Loan:
    """Take one offer: the others close, the rights are promised as security and the contracts are laid out to sign."""
    sheet = find_term_sheet(actor, term_sheet_id)
    application = find(Application, sheet.application_id, lock=True)
    require(policy.is_borrower(actor, application), policy.WrongActor())
    require(actor.may("loan.apply") and actor.may("deal.sign"))
    require_approved(actor)
    require_fresh(actor, now)
    application.require_open()
    sheet = find(TermSheet, sheet.id, lock=True)
    sheet.require_valid(business_date(now))
    sheet.become(TermSheetStatus.ACCEPTED)
    sheet.decided_at = now
    application.become(ApplicationStatus.ACCEPTED)
    _close_others(sheet, now)
    assets = [find_asset(asset.id, lock=True) for _collateral, asset in _by_id(application.id)]
    loan = _agree_loan(sheet, application, now)
    waived = _require_pledgeable(sheet, application.borrower_id, assets, informed, now)
    pledges = [_agree_pledge(loan, asset, waived, now) for asset in assets]
    _lay_out_contracts(loan, sheet, application, pledges, assets, now)
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
    return loan


def _require_pledgeable(
    sheet: TermSheet, pledgor_id: UUID, assets: Sequence[Asset], informed: Sequence[str], now: datetime
) -> list[Ground]:
    for asset in assets:
        require_free(asset)
    ends_on = sheet.terms.maturity(business_date(now))
    proposed = [ProposedPledge(asset=asset, pledgor_id=pledgor_id, ends_on=ends_on) for asset in assets]
    return require_registrable(proposed, informed, now.date())


def _agree_pledge(loan: Loan, asset: Asset, waived: Sequence[Ground], now: datetime) -> Pledge:
    pledge = Pledge(
        loan_id=loan.id,
        asset_id=asset.id,
        pledgor_id=loan.borrower_id,
        lender_id=loan.bank_id,
        secured=loan.ip_secured,
        single_pledge=asset.is_chinese_patent,
        ends_on=loan.terms.maturity(business_date(now)),
        waived=[ground.rule.id for ground in waived if ground.asset_id == asset.id],
    )
    session.add(pledge)
    session.flush()
    return pledge


def _lay_out_contracts(
    loan: Loan,
    sheet: TermSheet,
    application: Application,
    pledges: Sequence[Pledge],
    assets: Sequence[Asset],
    now: datetime,
) -> None:
    """The facility and the pledge contract, to be signed by the borrower and then by the bank."""
    borrower, bank = find_organisation(loan.borrower_id), find_organisation(loan.bank_id)
    context = _contract_terms(loan, sheet, application, assets, borrower, bank, now)
    signers = [loan.borrower_id, loan.bank_id]
    envelopes = {}
    for name in ("loan", "pledge"):
        content = render_pdf(name, context)
        file = store_own_pdf(content, f"{name}-{loan.id}.pdf", "contract", now, borrower.id)
        envelopes[name] = open_envelope(SYSTEM, file.id, signers, now, link=f"/financing/loans/{loan.id}")
    loan.envelope_id = envelopes["loan"].id
    for pledge in pledges:
        pledge.envelope_id = envelopes["pledge"].id
    session.flush()


METHOD_WORDS = {
    "equal_instalments": {"zh": "等额本息", "en": "equal instalments"},
    "equal_principal": {"zh": "等额本金", "en": "equal principal"},
    "bullet": {"zh": "按期付息、到期还本", "en": "interest each period, principal at maturity"},
    "at_maturity": {"zh": "到期一次还本付息", "en": "principal and interest at maturity"},
}


def _contract_terms(
    loan: Loan,
    sheet: TermSheet,
    application: Application,
    assets: Sequence[Asset],
    borrower: Organisation,
    bank: Organisation,
    now: datetime,
) -> dict[str, Any]:
    start = business_date(now)
    rows = loan.terms.schedule(start)
    percent = _rate_words(loan)
    return {
        "reference": str(loan.id),
        "issued_on": start,
        "parties": [
            {"role": {"zh": "借款人暨出质人", "en": "Borrower and pledgor"}} | _party(borrower),
            {"role": {"zh": "贷款人暨质权人", "en": "Lender and pledgee"}} | _party(bank),
        ],
        "assets": [
            {"number": one.label, "title": one.titles or {"zh": one.mark}, "kind": one.kind.value} for one in assets
        ],
        "principal": loan.principal,
        "interest_rate": percent,
        "default_rate": {
            "zh": f"年利率 {loan.penalty_rate_bps / 100:.2f}%",
            "en": f"{loan.penalty_rate_bps / 100:.2f} % a year",
        },
        "term": {"zh": f"{loan.term_months} 个月", "en": f"{loan.term_months} months"},
        "matures_on": rows[-1].due_date,
        "repayment": METHOD_WORDS[loan.method.value],
        "day_count": {"zh": "按月计息，每月为一年的十二分之一", "en": "interest by months of a twelfth of a year"},
        "fees": loan.upfront_fee,
        "annual_cost": f"{sheet.effective_cost_bps / 100:.2f} %",
        "purpose": application.purpose,
        "ip_secured_amount": loan.ip_secured,
        "pledge_reference": str(loan.id),
        "pool_scheme": {
            "zh": f"补偿比例 {loan.pool_cover_bps / 100:.0f}%",
            "en": f"cover {loan.pool_cover_bps / 100:.0f} %",
        }
        if loan.pool_cover_bps
        else None,
        "special_terms": sheet.conditions or None,
        "secured_amount": loan.ip_secured,
        "debtor": {"zh": borrower.name_zh, "en": borrower.name_en},
        "debt_from": start,
        "debt_until": rows[-1].due_date,
        "loan_reference": str(loan.id),
        "agreed_value": sheet.assessed_value,
        "value_basis": sheet.value_basis.value,
        "forum": {"zh": "贷款人所在地人民法院", "en": "the people's court at the lender's seat"},
        "rows_title": {"zh": "还款计划（以放款日为准）", "en": "Repayment schedule (from the day of disbursement)"},
        "rows_head": ["期 Nr", "到期日 Due", "本金 Principal", "利息 Interest", "余额 Balance"],
        "rows": [
            [
                row.nr,
                row.due_date.isoformat(),
                *(yuan(minor, loan.currency) for minor in (row.principal, row.interest, row.balance)),
            ]
            for row in rows
        ],
    }


def _rate_words(loan: Loan) -> dict[str, str]:
    percent, clauses = f"{loan.rate_bps / 100:.2f}", loan.clauses
    if not clauses.floats:
        return {"zh": f"年利率 {percent}%", "en": f"{percent} % a year"}
    years = {"lpr_1y": ("一年期", "one-year"), "lpr_5y": ("五年期以上", "five-year")}[clauses.reference.value]
    return {
        "zh": f"浮动利率：{years[0]}LPR加{clauses.margin_bps}个基点，每{clauses.reset_months}个月重新定价；现为年利率 {percent}%",
        "en": f"floating: {years[1]} LPR plus {clauses.margin_bps} basis points, reset every {clauses.reset_months} months; "
        f"now {percent} % a year",
    }


def _party(organisation: Organisation) -> dict[str, Any]:
    return {"name": {"zh": organisation.name_zh, "en": organisation.name_en}, "code": organisation.credit_code}
