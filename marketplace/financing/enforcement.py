"""Realising a pledge of a defaulted loan: the creditor is paid first, the surplus belongs to the pledgor.

Civil Code articles 389, 437, 438 and 561: costs of realisation, then penalty, fees, interest and principal; what is
left over goes back to the pledgor, what is missing stays a debt. A clause that gives the right itself to the creditor
is void (article 428), so that only proceeds are ever applied.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, money_columns, same_currency, session
from marketplace.core.errors import Malformed, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.financing.loans import LoanStatus, find_loan, instalments_of
from marketplace.financing.pledges import Pledge, PledgeStatus, pledge_for_lender
from marketplace.financing.repayments import Receipt, apply_proceeds, payoff_of
from marketplace.identity.four_eyes import require_second_person
from marketplace.identity.sign_in import require_fresh
from marketplace.ledger.accounts import Side, open_account
from marketplace.ledger.entries import Posting, post
from marketplace.registry.encumbrances import lift_encumbrance


class NotInDefault(Refused):
    """A pledge is realised only when the loan is in default."""

    message = _l("A pledge is realised only when its loan is in default.")


class Realisation(Model):
    """What a pledged right brought and where it went; the parts sum to the proceeds."""

    __tablename__ = "realisations"
    __table_args__ = (
        CheckConstraint("proceeds_minor = costs_minor + applied_minor + surplus_minor", "sums"),
        CheckConstraint("costs_minor >= 0 AND applied_minor >= 0 AND surplus_minor >= 0", "parts"),
        same_currency("proceeds", "costs", "applied", "surplus"),
    )

    pledge_id: Mapped[UUID] = mapped_column(ForeignKey("pledges.id"), unique=True)
    proceeds: Mapped[Money] = money_columns("proceeds")
    costs: Mapped[Money] = money_columns("costs")
    applied: Mapped[Money] = money_columns("applied")
    surplus: Mapped[Money] = money_columns("surplus")
    received_on: Mapped[date] = mapped_column(Date)
    bank_reference: Mapped[str] = mapped_column(String(80))
    recorded_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))


@dataclass(frozen=True)
class PledgeRealised(Fact):
    """A pledged right was sold for the debt it secured."""

    pledge_id: UUID
    realisation_id: UUID


@dataclass(frozen=True)
class Division:
    """Proceeds by where they go."""

    costs: Money
    applied: Money
    surplus: Money


def divide_proceeds(proceeds: Money, costs: Money, debt: Money) -> Division:
    """Costs first, then the debt, the rest to the pledgor; the parts sum to the proceeds."""
    if costs > proceeds:
        raise Malformed("costs", _l("The costs cannot exceed the proceeds."))
    applied = min(proceeds - costs, debt, key=lambda money: money.amount_minor)
    return Division(costs, applied, proceeds - costs - applied)


def realise_pledge(actor: Actor, pledge_id: UUID, receipt: Receipt, costs: Money, now: datetime) -> Realisation:
    """Apply what the sale of a pledged right brought; a second person of the bank records it."""
    pledge = pledge_for_lender(actor, pledge_id)
    require(actor.may("loan.approve"))
    require_fresh(actor, now)
    loan = find_loan(pledge.loan_id, lock=True)
    require(loan.status is LoanStatus.DEFAULTED, NotInDefault())
    require_second_person(actor, loan.prepared_by, loan.outstanding)
    if receipt.amount.currency != loan.currency or costs.currency != loan.currency:
        raise Malformed("amount", _l("The repayment must be in the currency of the loan."))
    debt = payoff_of(loan, instalments_of(loan.id), receipt.received_on)
    division = divide_proceeds(receipt.amount, costs, debt)
    realisation = _keep(actor, pledge, receipt, division)
    if division.applied:
        part = Receipt(amount=division.applied, received_on=receipt.received_on, bank_reference=receipt.bank_reference)
        apply_proceeds(actor, loan.id, part, now)
    _return_surplus(actor, pledge, division.surplus, now)
    pledge.become(PledgeStatus.ENFORCED)
    if pledge.encumbrance_id is not None:
        lift_encumbrance(actor, pledge.encumbrance_id, now, reference=receipt.bank_reference)
    session.flush()
    announce(actor, now, PledgeRealised(pledge.id, realisation.id))
    return realisation


def _keep(actor: Actor, pledge: Pledge, receipt: Receipt, division: Division) -> Realisation:
    realisation = Realisation(
        pledge_id=pledge.id,
        proceeds=receipt.amount,
        costs=division.costs,
        applied=division.applied,
        surplus=division.surplus,
        received_on=receipt.received_on,
        bank_reference=receipt.bank_reference,
        recorded_by=actor.person_id,
    )
    session.add(realisation)
    session.flush()
    return realisation


def _return_surplus(actor: Actor, pledge: Pledge, surplus: Money, now: datetime) -> None:
    """The bank owes the pledgor what is left over."""
    if not surplus:
        return
    owed = f"bank:{pledge.lender_id}:surplus"
    open_account(owed, surplus.currency, Side.CREDIT, 0, pledge.lender_id)
    settlement = f"bank:{pledge.lender_id}:settlement"
    post(actor, f"pledge:{pledge.id}:surplus", "pledge_surplus", [Posting(settlement, owed, surplus)], now)
