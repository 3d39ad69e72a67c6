"""What an agreed change does: to the loan and its instalments, to the books, and to the end of what secures the loan."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.core.db import session
from marketplace.core.errors import Malformed, require
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.financing import loan_changes
from marketplace.financing.bank_books import book_capitalisation, book_draw
from marketplace.financing.due_dates import business_date
from marketplace.financing.loan_quality import restate
from marketplace.financing.loan_terms import RepaymentMethod
from marketplace.financing.loans import Instalment, Loan
from marketplace.financing.pledges import PledgeStatus, pledges_of_loan
from marketplace.financing.repayments import Booking, Receipt, book_receipt, require_sound
from marketplace.financing.replanning import NewRow
from marketplace.registry.assets import find_asset
from marketplace.registry.instruments import amend_encumbrance
from marketplace.registry.rules import refuse_by_law


class AmendmentKind(StrEnum):
    """What changes."""

    DRAW = "draw"
    PREPAYMENT = "prepayment"
    EXTENSION = "extension"
    RESTRUCTURING = "restructuring"
    RATE_RESET = "rate_reset"

    @property
    def label(self) -> str:
        """The kind in the page's language."""
        return str(_KINDS[self])

    @property
    def needs_borrower(self) -> bool:
        """Whether the contract itself changes, so that the borrower must accept."""
        return self in (AmendmentKind.EXTENSION, AmendmentKind.RESTRUCTURING)


_KINDS = {
    AmendmentKind.DRAW: _l("Further part paid out"),
    AmendmentKind.PREPAYMENT: _l("Early repayment of a part"),
    AmendmentKind.EXTENSION: _l("Extension without repaying first"),
    AmendmentKind.RESTRUCTURING: _l("Restructuring"),
    AmendmentKind.RATE_RESET: _l("New rate by the reference rate"),
}


@dataclass(frozen=True)
class Step:
    """An agreed change on its way into force."""

    amendment_id: UUID
    kind: AmendmentKind
    terms: Mapping[str, Any]


def take_effect(actor: Actor, loan: Loan, rows: list[Instalment], step: Step, now: datetime) -> None:
    """Carry the change out on the locked loan: instalments, balance, books and security together."""
    {
        AmendmentKind.DRAW: _draw,
        AmendmentKind.PREPAYMENT: _prepay,
        AmendmentKind.EXTENSION: _extend,
        AmendmentKind.RESTRUCTURING: _restructure,
    }[step.kind](actor, loan, rows, step, now)
    session.flush()


def _draw(actor: Actor, loan: Loan, rows: list[Instalment], step: Step, now: datetime) -> None:
    amount = _money(step, loan)
    loan_changes.draw(loan, rows, amount, business_date(now), row_of(loan))
    _keep(rows)
    book_draw(actor, loan, amount, Money.zero(loan.currency), f"draw:{step.amendment_id}", now)


def _prepay(actor: Actor, loan: Loan, rows: list[Instalment], step: Step, now: datetime) -> None:
    received_on = date.fromisoformat(step.terms["received_on"])
    receipt = Receipt(
        amount=_money(step, loan), received_on=received_on, bank_reference=step.terms["bank_reference"]
    )  # fmt: skip
    require_sound(loan, receipt, now)
    require(not any(received_on < one.due_on <= business_date(now) for one in rows), loan_changes.ArrearsFirst())
    allocation = loan_changes.prepay(
        loan, rows, receipt.amount, received_on, step.terms["effect"] == "shorten", row_of(loan)
    )
    session.flush()
    book_receipt(actor, loan, Booking(receipt, allocation, early=True), now)


def _extend(actor: Actor, loan: Loan, rows: list[Instalment], step: Step, now: datetime) -> None:
    rate_bps = int(step.terms["rate_bps"])
    loan_changes.extend(loan, rows, int(step.terms["months"]), rate_bps, business_date(now), row_of(loan))
    _keep(rows)
    _extend_security(actor, loan, step, now)


def _restructure(actor: Actor, loan: Loan, rows: list[Instalment], step: Step, now: datetime) -> None:
    today = business_date(now)
    wanted = loan_changes.Restructuring(
        more_months=int(step.terms["months"]),
        rate_bps=int(step.terms["rate_bps"]),
        method=RepaymentMethod(step.terms["method"]),
        grace_periods=int(step.terms["grace_periods"]),
        capitalises=bool(step.terms["capitalises"]),
    )
    capitalised = loan_changes.restructure(loan, rows, wanted, today, row_of(loan))
    _keep(rows)
    book_capitalisation(actor, loan, capitalised, f"capitalisation:{step.amendment_id}", now)
    restate(actor, loan, today, f"restructured:{step.amendment_id}", now)
    _extend_security(actor, loan, step, now)


def _extend_security(actor: Actor, loan: Loan, step: Step, now: datetime) -> None:
    """What secures the loan must reach its new end: no right may end before the debt, and the register says so."""
    assert loan.matures_on is not None
    for pledge in pledges_of_loan(loan.id):
        if pledge.status is not PledgeStatus.REGISTERED or pledge.ends_on >= loan.matures_on:
            continue
        asset = find_asset(pledge.asset_id)
        last = asset.expires_on
        if last is not None and last < loan.matures_on:
            raise refuse_by_law("CN-REF-06", now.date(), asset.scope)
        assert pledge.encumbrance_id is not None
        longer = amend_encumbrance(
            actor, pledge.encumbrance_id, now.date(), f"extension:{step.amendment_id}", now, ends_on=loan.matures_on
        )
        pledge.encumbrance_id, pledge.ends_on = longer.id, loan.matures_on


def _keep(rows: list[Instalment]) -> None:
    session.add_all(rows)
    session.flush()


def _money(step: Step, loan: Loan) -> Money:
    amount = Money(int(step.terms["amount_minor"]), step.terms["currency"])
    if amount.currency != loan.currency:
        raise Malformed("amount", _l("The repayment must be in the currency of the loan."))
    return amount


def snapshot(rows: list[Instalment]) -> list[list[Any]]:
    """The schedule as kept beside a change: number, due day, principal and interest in minor units."""
    return [[one.nr, one.due_on.isoformat(), one.principal_minor, one.interest_minor] for one in rows]


def row_of(loan: Loan) -> NewRow:
    """What makes a further, empty instalment of this loan."""

    def new_row(nr: int, begins: date, due: date) -> Instalment:
        return Instalment(
            loan_id=loan.id, nr=nr, begins_on=begins, counts_from=begins, carried_minor=0, due_on=due,
            currency=loan.currency, principal_minor=0, interest_minor=0, fees_minor=0, penalty_minor=0,
            paid_principal_minor=0, paid_interest_minor=0, paid_fees_minor=0, paid_penalty_minor=0,
        )  # fmt: skip

    return new_row
