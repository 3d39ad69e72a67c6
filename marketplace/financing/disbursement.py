"""Paying a loan out: only when both contracts are signed and every pledge is registered."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.core.db import find, session
from marketplace.core.errors import Refused, require
from marketplace.core.events import announce
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.documents.signatures import Envelope, EnvelopeStatus
from marketplace.financing.bank_books import book_draw
from marketplace.financing.day_counts import add_months
from marketplace.financing.due_dates import business_date
from marketplace.financing.loans import LOAN_LIFECYCLE, Instalment, Loan, LoanDisbursed, LoanStatus, loan_for_lender
from marketplace.financing.pledges import PledgeStatus, pledges_of_loan
from marketplace.financing.reference_rates import rate_on
from marketplace.identity.four_eyes import require_second_person
from marketplace.identity.sign_in import require_fresh
from marketplace.registry.rules import refuse_by_law


class LoanContractNotSigned(Refused):
    """Nothing is paid out on an unsigned contract."""

    message = _l("The loan contract is not signed by both parties yet.")


class FirstPartTooLarge(Refused):
    """The first part of a loan lies between its fee and the whole of it."""

    message = _l("The first part must be larger than the fee and at most %(principal)s.")


def disburse_loan(actor: Actor, loan_id: UUID, now: datetime, first_part: Money | None = None) -> Loan:
    """Pay an agreed loan out, by a second person above the limit; from today its instalments run.

    Where only a first part is paid out, the rest stays undrawn until it is called for.
    """
    loan = loan_for_lender(actor, loan_id)
    require(actor.may("loan.approve"))
    require_fresh(actor, now)
    require_second_person(actor, loan.prepared_by, loan.principal)
    LOAN_LIFECYCLE.check(loan.status, LoanStatus.PERFORMING)
    require_signed_contract(loan)
    _require_registered_pledges(loan, now)
    part = loan.principal if first_part is None else first_part
    require(loan.upfront_fee < part <= loan.principal, FirstPartTooLarge(principal=loan.principal))
    start = business_date(now)
    loan.disbursed_on = loan.aged_on = start
    loan.outstanding = part
    loan.undrawn = loan.principal - loan.outstanding
    loan.become(LoanStatus.PERFORMING)
    _fix_rate(loan)
    _lay_out_instalments(loan)
    session.flush()
    book_draw(actor, loan, loan.outstanding, loan.upfront_fee, "disbursement", now)
    announce(actor, now, LoanDisbursed(loan.id))
    return loan


def require_signed_contract(loan: Loan) -> None:
    """Refuse while the facility is not signed by both."""
    signed = loan.envelope_id is not None and find(Envelope, loan.envelope_id).status is EnvelopeStatus.COMPLETED
    require(signed, LoanContractNotSigned())


def _require_registered_pledges(loan: Loan, now: datetime) -> None:
    """Civil Code article 444: a pledge comes into being on registration; nothing is paid out before."""
    pledges = pledges_of_loan(loan.id)
    registered = bool(pledges) and all(pledge.status is PledgeStatus.REGISTERED for pledge in pledges)
    require(registered, refuse_by_law("CN-PLG-02", now.date()))


def _fix_rate(loan: Loan) -> None:
    """A floating loan takes the rate of the day and is looked at again after the agreed months."""
    if loan.clauses.floats and loan.disbursed_on is not None:
        loan.rate_bps = rate_on(loan.clauses, loan.rate_bps, loan.disbursed_on)
        loan.reset_on = add_months(loan.disbursed_on, loan.clauses.reset_months)


def _lay_out_instalments(loan: Loan) -> None:
    assert loan.disbursed_on is not None
    begins = loan.disbursed_on
    for row in replace(loan.terms, amount=loan.outstanding).schedule(loan.disbursed_on):
        session.add(
            Instalment(
                loan_id=loan.id,
                nr=row.nr,
                begins_on=begins,
                counts_from=begins,
                due_on=row.due_date,
                currency=loan.currency,
                principal_minor=row.principal,
                interest_minor=row.interest,
            )
        )
        begins = row.due_date
    loan.matures_on = begins
