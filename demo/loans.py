"""Sixty fictional loans in every state, made by the same acts that real people take."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from demo.covenants import promise_figures, report_figures
from demo.people import Cast
from marketplace.core.actor import Actor
from marketplace.core.db import session
from marketplace.core.money import Money
from marketplace.documents.files import store_file
from marketplace.documents.signatures import sign
from marketplace.financing.ageing import age_to
from marketplace.financing.agreements import accept_term_sheet
from marketplace.financing.applications import Application, Wish, cap_of, file_application, invitations_of
from marketplace.financing.asset_values import value_seen
from marketplace.financing.borrower_statements import Stated, give_statement
from marketplace.financing.clubs import allow_place, join_club, propose_place, recommend_place
from marketplace.financing.covenants import covenants_of_sheet
from marketplace.financing.disbursement import disburse_loan
from marketplace.financing.loan_terms import RepaymentMethod
from marketplace.financing.loans import Loan, instalments_of
from marketplace.financing.pledges import file_pledge, pledges_of_loan, register_pledge
from marketplace.financing.repayments import Receipt, payoff_of, record_repayment
from marketplace.financing.term_sheets import (
    Offer,
    TermSheet,
    TermSheetStatus,
    ValuationBasis,
    approve_term_sheet,
    prepare_term_sheet,
)
from marketplace.listings.listings import Listing
from marketplace.registry.assets import Asset, AssetKind, find_asset
from marketplace.risk_pool import claims, compensation, enrolling, recoveries
from marketplace.risk_pool.claims import Claim, ClaimDocumentKind
from marketplace.risk_pool.enrolments import Enrolment
from marketplace.risk_pool.schemes import Scheme
from marketplace.valuation.appraisals import Basis, add_appraisal
from marketplace.valuation.sales import Purpose

AGE_DAYS = {
    "running": 100,
    "together": 100,
    "late": 80,
    "failed": 160,
    "claimed": 170,
    "compensated": 180,
    "recovered": 200,
    "paid_off": 120,
}
DEFAULTS = ("claimed", "compensated", "recovered")
METHODS = (RepaymentMethod.EQUAL_INSTALMENTS, RepaymentMethod.EQUAL_PRINCIPAL)
TERM_MONTHS, TOGETHER = 12, (2, 3)
"""How long loans run, and how many rights secure one together."""
ROUND_TO, SMALLEST = 1_000_000, 30_000_000
"""Loans are asked for in whole ten thousands of yuan, and hardly for less than three hundred thousand."""


@dataclass
class Lending:
    """Everybody and everything a loan needs, and the day on which its story begins."""

    cast: Cast
    dice: random.Random
    schemes: list[Scheme]
    holder: str
    bank: str
    asset_ids: list[UUID]
    began: datetime
    nr: int

    @property
    def other_bank(self) -> str:
        """The next bank, for a loan of several."""
        return self.cast.banks[(self.nr + 1) % len(self.cast.banks)]

    def person(self, actors: dict[str, Actor], key: str, at: datetime) -> Actor:
        """Somebody, freshly signed in at that moment of the story."""
        return replace(actors[key], authenticated_at=at)


def make_loans(
    dice: random.Random, cast: Cast, schemes: list[Scheme], states: Sequence[tuple[str, int]], now: datetime
) -> int:
    """Make every loan up to its state; the defaults are claimed and compensated after all have aged to today."""
    free = _portfolios(cast)
    stories = [state for state, number in states for _ in range(number)]
    failed: list[tuple[str, Lending, Enrolment]] = []
    for nr, state in enumerate(stories):
        holder, asset_ids = free[nr]
        began = now - timedelta(days=AGE_DAYS.get(state, 3), hours=nr % 5)
        lending = Lending(cast, dice, schemes, holder, cast.banks[nr % len(cast.banks)], asset_ids, began, nr)
        enrolment = _make_loan(lending, state, now)
        if enrolment is not None and state in DEFAULTS:
            failed.append((state, lending, enrolment))
    age_to(now.date(), now)
    for state, lending, enrolment in failed:
        session.refresh(enrolment)
        _default(lending, state, enrolment, now)
    return len(stories)


def _portfolios(cast: Cast) -> list[tuple[str, list[UUID]]]:
    """Two or three unlisted inventions of one company for each loan, taking the companies in turn."""
    free = _free_inventions(cast)
    chosen: list[tuple[str, list[UUID]]] = []
    for key in [key for _round in range(len(free)) for key in free]:
        together = TOGETHER[len(chosen) % len(TOGETHER)]
        if len(free[key]) >= together:
            chosen.append((key, [free[key].pop(0) for _right in range(together)]))
    return chosen


def _free_inventions(cast: Cast) -> dict[str, list[UUID]]:
    """Unlisted inventions in force with one owner, by company."""
    listed = select(Listing.asset_id)
    query = select(Asset.id, Asset.applicants).where(
        Asset.kind == AssetKind.INVENTION, Asset.status == "in_force", Asset.id.not_in(listed)
    )
    names = {cast.organisations[key].name_zh: key for key in cast.companies}
    by_company: dict[str, list[UUID]] = {key: [] for key in cast.companies}
    for asset_id, applicants in session.execute(query.order_by(Asset.number)).all():
        if len(applicants) == 1:
            by_company[names[applicants[0]]].append(asset_id)
    return by_company


def _make_loan(lending: Lending, state: str, now: datetime) -> Enrolment | None:
    application = _apply(lending)
    if state == "applied":
        _state_accounts(lending)
        return None
    sheet = _offer_together(lending, application) if state == "together" else _offer(lending, application)
    if state == "offered":
        return None
    if state == "running":
        promise_figures(lending, sheet)
    loan = _agree(lending, sheet)
    if state == "agreed":
        return None
    _pledge(lending, loan)
    enrolment = None if state in ("paid_off", "together") else _enrol(lending, loan, defaults=state in DEFAULTS)
    if state == "pledged":
        return enrolment
    disburse_loan(lending.person(lending.cast.approvers, lending.bank, lending.began), loan.id, lending.began)
    paid_until = (
        now.date()
        if state in ("running", "together")
        else lending.began.date() + timedelta(days=33 if state == "late" else 0)
    )
    _repay(lending, loan, paid_until)
    report_figures(lending, loan, now)
    if state == "paid_off":
        _pay_off(lending, loan, now)
    return enrolment


def _apply(lending: Lending) -> Application:
    at = lending.began
    holder = lending.person(lending.cast.officers, lending.holder, at)
    assets = [find_asset(asset_id) for asset_id in lending.asset_ids]
    cap = cap_of([(asset, value_seen(holder, asset, at)) for asset in assets])
    assert cap is not None
    wanted = max(
        cap.amount.amount_minor * lending.dice.randrange(50, 95) // 100, min(SMALLEST, cap.amount.amount_minor)
    )
    amount = Money(wanted // ROUND_TO * ROUND_TO, "CNY")
    banks = [lending.cast.organisations[lending.bank].id]
    return file_application(
        holder,
        Wish(
            asset_ids=lending.asset_ids, amount=amount, term_months=TERM_MONTHS, purpose="DEMO: working capital",
            bank_ids=banks,
        ),
        at,
    )  # fmt: skip


def _state_accounts(lending: Lending) -> None:
    """The figures of the last full year, for the banks that weigh the application."""
    at = lending.began
    holder = lending.person(lending.cast.officers, lending.holder, at)
    file = store_file(holder, b"DEMO accounts, fictional", "accounts.txt", "accounts", at)
    assets = Money(lending.dice.randrange(4_000, 30_000) * 100_000, "CNY")
    stated = Stated(
        ends_on=date(at.year - 1, 12, 31), months=12, revenue=Money(assets.amount_minor * 8 // 10, "CNY"),
        net_profit=Money(assets.amount_minor * lending.dice.randrange(-2, 12) // 100, "CNY"), total_assets=assets,
        total_liabilities=Money(assets.amount_minor * lending.dice.randrange(20, 75) // 100, "CNY"), audited=True,
        file_id=file.id,
    )  # fmt: skip
    give_statement(holder, stated, at)


def _offer_together(lending: Lending, application: Application) -> TermSheet:
    """The lead bank keeps six tenths; the next bank, which the borrower allows, lends the rest."""
    at, cast = lending.began, lending.cast
    officer, other = lending.person(cast.officers, lending.bank, at), lending.other_bank
    sheet = prepare_term_sheet(
        officer, invitations_of(application.id)[0].id, replace(_terms(lending, application), together=True), at
    )
    part = Money(sheet.amount.amount_minor * 4 // 10, "CNY")
    place = propose_place(officer, sheet.id, cast.organisations[other].id, part, at)
    allow_place(lending.person(cast.officers, lending.holder, at), place.id, at)
    recommend_place(lending.person(cast.officers, other, at), place.id, "DEMO: a sound borrower", at)
    join_club(lending.person(cast.approvers, other, at), place.id, at)
    return approve_term_sheet(lending.person(cast.approvers, lending.bank, at), sheet.id, at)


def _offer(lending: Lending, application: Application) -> TermSheet:
    at = lending.began
    officer = lending.person(lending.cast.officers, lending.bank, at)
    sheet = prepare_term_sheet(officer, invitations_of(application.id)[0].id, _terms(lending, application), at)
    if sheet.status is TermSheetStatus.OFFERED:
        return sheet
    return approve_term_sheet(lending.person(lending.cast.approvers, lending.bank, at), sheet.id, at)


def _terms(lending: Lending, application: Application) -> Offer:
    officer = lending.person(lending.cast.officers, lending.bank, lending.began)
    assessed = Money(application.amount.amount_minor * 3, "CNY")
    return Offer(
        amount=application.amount, rate_bps=lending.dice.randrange(320, 520), term_months=TERM_MONTHS,
        method=METHODS[lending.nr % 2], assessed_value=assessed,
        value_basis=_value_basis(lending, officer, assessed), upfront_fee=Money(0, "CNY"),
    )  # fmt: skip


def _value_basis(lending: Lending, officer: Actor, assessed: Money) -> ValuationBasis:
    """Every third loan rests on an appraisal that the bank commissioned, the others on the bank's own valuation."""
    if lending.nr % 3:
        return ValuationBasis.BANK_INTERNAL
    report = store_file(officer, b"DEMO appraisal report, fictional", "appraisal.txt", "appraisal", lending.began)
    stated = {
        "basis": Basis.EXTERNAL_APPRAISAL, "purpose": Purpose.PLEDGE, "value": assessed,
        "appraiser": lending.cast.organisations["appraiser1"].name_zh, "valued_on": lending.began.date(),
        "file_id": report.id,
    }  # fmt: skip
    add_appraisal(officer, lending.asset_ids[0], stated, lending.began)
    return ValuationBasis.EXTERNAL_APPRAISAL


def _agree(lending: Lending, sheet: TermSheet) -> Loan:
    at = lending.began
    read = [one.id for one in covenants_of_sheet(sheet.id)]
    return accept_term_sheet(lending.person(lending.cast.officers, lending.holder, at), sheet.id, [], at, read)


def _pledge(lending: Lending, loan: Loan) -> None:
    at = lending.began
    holder = lending.person(lending.cast.officers, lending.holder, at)
    officer = lending.person(lending.cast.officers, lending.bank, at)
    pledges = pledges_of_loan(loan.id)
    for envelope_id in dict.fromkeys((loan.envelope_id, *(pledge.envelope_id for pledge in pledges))):
        assert envelope_id is not None
        sign(holder, envelope_id, at)
        sign(officer, envelope_id, at)
        if loan.is_club and envelope_id == loan.envelope_id:
            sign(lending.person(lending.cast.officers, lending.other_bank, at), envelope_id, at)
    for place, pledge in enumerate(pledges):
        file_pledge(officer, pledge.id, f"DEMO-F{lending.nr:04d}{place}", at)
        register_pledge(officer, pledge.id, f"DEMO-Y{lending.nr:04d}{place}", at.date(), at)


def _enrol(lending: Lending, loan: Loan, defaults: bool) -> Enrolment:
    """Into the pool; a default goes under a scheme without breaker, so that the demo's banks stay in standing."""
    at, cast = lending.began, lending.cast
    calm = [each for each in lending.schemes if each.terms.bank_year_loss_rate is None or not defaults]
    scheme = calm[lending.nr % len(calm)]
    standing = {"insurer_or_guarantor": "guarantor1", "insurer": "insurer1", "appraiser": "appraiser1"}
    wanted = [name for name in scheme.terms.known_shares() if name in standing]
    parties = {name: cast.organisations[standing[name]].id for name in wanted}
    officer = lending.person(cast.officers, lending.bank, at)
    enrolment = enrolling.propose_enrolment(officer, scheme.id, loan.id, parties, at)
    for name in wanted:
        enrolling.agree_to_share(lending.person(cast.officers, standing[name], at), enrolment.id, at)
    enrolling.submit_enrolment(officer, enrolment.id, at)
    enrolling.review_enrolment(lending.person(cast.officers, "pool_administrator1", at), enrolment.id, at)
    return enrolling.enrol(lending.person(cast.approvers, "pool_administrator1", at), enrolment.id, at)


def _repay(lending: Lending, loan: Loan, until: date) -> None:
    officer = lending.cast.officers[lending.bank]
    for one in instalments_of(loan.id):
        if one.due_on >= until:
            return
        at = datetime.combine(one.due_on, lending.began.timetz())
        record_repayment(officer, loan.id, Receipt(amount=one.total, received_on=one.due_on,
                                                   bank_reference=f"DEMO-R{lending.nr}-{one.nr}"), at)  # fmt: skip


def _pay_off(lending: Lending, loan: Loan, now: datetime) -> None:
    on = lending.began.date() + timedelta(days=20)
    amount = payoff_of(loan, instalments_of(loan.id), on)
    receipt = Receipt(amount=amount, received_on=on, bank_reference=f"DEMO-P{lending.nr}")
    record_repayment(lending.cast.officers[lending.bank], loan.id, receipt, now)


def _default(lending: Lending, state: str, enrolment: Enrolment, now: datetime) -> None:
    claim = _claim(lending, enrolment, now)
    reviewer = lending.person(lending.cast.officers, "pool_administrator1", now)
    claims.review_claim(reviewer, claim.id, now)
    if state == "claimed":
        return
    claims.recommend_claim(reviewer, claim.id, "DEMO: file complete", now)
    compensation.compensate_claim(lending.person(lending.cast.approvers, "pool_administrator1", now), claim.id, now)
    if state == "compensated":
        return
    received = Money(claim.loss.amount_minor // 5, "CNY")
    cost = Money(received.amount_minor // 6, "CNY")
    details = (now.date(), "collateral", f"DEMO-C{lending.nr}")
    recoveries.record_recovery(lending.cast.officers[lending.bank], claim.id, received, cost, details, now)


def _claim(lending: Lending, enrolment: Enrolment, now: datetime) -> Claim:
    officer = lending.person(lending.cast.officers, lending.bank, now)
    loan = session.get(Loan, enrolment.loan_id)
    assert loan is not None
    session.refresh(loan)
    documents = [
        (kind, store_file(officer, f"DEMO {kind.value}".encode(), f"{kind.value}.txt", "claim", now).id)
        for kind in ClaimDocumentKind
    ]
    return claims.file_claim(officer, enrolment.id, (loan.outstanding, Money(0, "CNY")), documents, now)
