"""Realising a pledge of a defaulted loan: the creditor is paid first, the surplus belongs to the pledgor.

Civil Code articles 389, 437, 438 and 561: costs of realisation, then penalty, fees, interest and principal; what is
left over goes back to the pledgor, what is missing stays a debt. A clause that gives the right itself to the creditor
is void (article 428), so that only proceeds are ever applied.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, money_columns, same_currency, session
from marketplace.core.errors import Malformed, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.deals.closing import payoffs_of
from marketplace.deals.deals import Deal, DealReleased
from marketplace.deals.settlement import PledgeePaid
from marketplace.deals.terms import DealKind
from marketplace.financing.due_dates import business_date
from marketplace.financing.loans import Loan, find_loan
from marketplace.financing.pledges import (
    PLEDGE_LIFECYCLE,
    Pledge,
    PledgeStatus,
    end_pledge,
    pledge_for_lender,
    pledge_of_encumbrance,
)
from marketplace.financing.proceeds import debt_on, pay_from_proceeds
from marketplace.financing.repayments import Receipt, require_sound
from marketplace.identity.four_eyes import require_second_person
from marketplace.identity.sign_in import require_fresh
from marketplace.ledger.accounts import Side, open_account
from marketplace.ledger.entries import Posting, post
from marketplace.registry.encumbrances import lift_encumbrance, open_encumbrances


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
        UniqueConstraint("pledge_id", "bank_reference"),
    )

    pledge_id: Mapped[UUID] = mapped_column(ForeignKey("pledges.id"))
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
    require(loan.failed, NotInDefault())
    PLEDGE_LIFECYCLE.check(pledge.status, PledgeStatus.ENFORCED)
    require_second_person(actor, loan.prepared_by, loan.outstanding)
    if receipt.amount.currency != loan.currency or costs.currency != loan.currency:
        raise Malformed("amount", _l("The repayment must be in the currency of the loan."))
    require_sound(loan, receipt, now)
    realisation = share_out(actor, pledge, Sold(loan, receipt, costs), now)
    end_pledge(actor, pledge, PledgeStatus.ENFORCED, receipt.bank_reference, now)
    announce(actor, now, PledgeRealised(pledge.id, realisation.id))
    return realisation


def take_sale_proceeds(actor: Actor, fact: PledgeePaid, now: datetime) -> None:
    """A deal on the marketplace paid the pledgee: its loan is repaid, once for each deal and pledge.

    A pledge that secures no loan made here is nobody's loan; money in another currency is booked by the bank when it
    has changed it.
    """
    pledge = pledge_of_encumbrance(fact.encumbrance_id)
    reference = sale_reference(fact.deal_id)
    if pledge is None or realisation_of(pledge.id, reference) is not None:
        return
    loan = find_loan(pledge.loan_id, lock=True)
    if fact.currency != loan.currency:
        return
    ending = PledgeStatus.ENFORCED if loan.failed else PledgeStatus.RELEASED
    receipt = Receipt(
        amount=Money(fact.amount_minor, fact.currency),
        received_on=max(business_date(now), loan.disbursed_on or date.min),
        bank_reference=reference,
    )
    realisation = share_out(actor, pledge, Sold(loan, receipt, Money.zero(loan.currency)), now)
    if pledge.status is PledgeStatus.REGISTERED and find(Deal, fact.deal_id).kind is DealKind.TRANSFER:
        end_pledge(actor, pledge, ending, reference, now)
    announce(actor, now, PledgeRealised(pledge.id, realisation.id))


def end_pledges_of_sale(actor: Actor, fact: DealReleased, now: datetime) -> None:
    """A right was sold with its pledgees' consent: pledges that stated what they are owed no longer burden it."""
    deal = find(Deal, fact.deal_id)
    if deal.kind is not DealKind.TRANSFER:
        return
    standing = {burden.id for burden in open_encumbrances(deal.asset_id, now.date())}
    for payoff in payoffs_of(deal.id):
        encumbrance_id = UUID(payoff.reference)
        pledge = pledge_of_encumbrance(encumbrance_id)
        if pledge is not None and pledge.status is PledgeStatus.REGISTERED:
            end_pledge(actor, pledge, PledgeStatus.RELEASED, sale_reference(deal.id), now)
        elif pledge is None and encumbrance_id in standing:
            lift_encumbrance(actor, encumbrance_id, now, reference=sale_reference(deal.id))


def sale_reference(deal_id: UUID) -> str:
    """Under which reference the proceeds of a deal are booked."""
    return f"deal:{deal_id}"


def realisation_of(pledge_id: UUID, reference: str) -> Realisation | None:
    """What was already booked for this pledge under this reference."""
    query = select(Realisation).where(Realisation.pledge_id == pledge_id, Realisation.bank_reference == reference)
    found: Realisation | None = session.execute(query).scalar_one_or_none()
    return found


def realisations_of_loan(loan_id: UUID) -> list[Realisation]:
    """What the pledged rights of a loan brought so far."""
    query = select(Realisation).join(Pledge, Pledge.id == Realisation.pledge_id).where(Pledge.loan_id == loan_id)
    return list(session.execute(query.order_by(Realisation.id)).scalars())


@dataclass(frozen=True)
class Sold:
    """What a pledged right brought for its locked loan, and what the sale cost."""

    loan: Loan
    receipt: Receipt
    costs: Money


def share_out(actor: Actor, pledge: Pledge, sold: Sold, now: datetime) -> Realisation:
    """Pay costs and debt from the proceeds and owe the pledgor the rest; the parts sum to the proceeds.

    A maximum-amount pledge pays no more than its maximum (Civil Code arts. 420 and 439).
    """
    receipt = sold.receipt
    debt = debt_on(sold.loan, receipt.received_on)
    if pledge.maximum:
        debt = min(debt, pledge.secured, key=lambda money: money.amount_minor)
    division = divide_proceeds(receipt.amount, sold.costs, debt)
    realisation = _keep(actor, pledge, receipt, division)
    if division.applied:
        part = replace(receipt, amount=division.applied)
        pay_from_proceeds(actor, sold.loan, part, division.costs, now)
    _return_surplus(actor, pledge, division.surplus, receipt.bank_reference, now)
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


def _return_surplus(actor: Actor, pledge: Pledge, surplus: Money, reference: str, now: datetime) -> None:
    """The bank owes the pledgor what is left over."""
    if not surplus:
        return
    owed = f"bank:{pledge.lender_id}:surplus"
    open_account(owed, surplus.currency, Side.CREDIT, 0, pledge.lender_id)
    settlement = f"bank:{pledge.lender_id}:settlement"
    movement = [Posting(settlement, owed, surplus)]
    post(actor, f"pledge:{pledge.id}:surplus:{reference}", "pledge_surplus", movement, now)
