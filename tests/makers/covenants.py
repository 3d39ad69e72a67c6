"""Loans with covenants, for tests."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.financing.agreements import accept_term_sheet
from marketplace.financing.covenant_rules import CovenantKind, Measure, Promise
from marketplace.financing.covenant_tests import CovenantTest, covenant_tests_of
from marketplace.financing.covenants import OfferedCovenant, agree_covenant, covenants_of_sheet
from marketplace.financing.disbursement import disburse_loan
from marketplace.financing.loans import Loan
from marketplace.financing.pledges import pledges_of_loan
from marketplace.financing.term_sheets import TermSheet
from tests.makers.financing import Parties, make_parties, make_term_sheet, register

ACCOUNTS = Promise(kind=CovenantKind.INFORMATION, every_months=6, days_after=30, text="half-yearly accounts")
DEBTS = Promise(
    kind=CovenantKind.FINANCIAL, measure=Measure.DEBT_TO_ASSETS, threshold=Decimal("0.7"), every_months=3, days_after=20
)
COVERAGE = Promise(kind=CovenantKind.FINANCIAL, measure=Measure.COVERAGE, threshold=Decimal("1.5"), every_months=3)
UPKEEP = Promise(kind=CovenantKind.UPKEEP, every_months=3)
NEGATIVE = Promise(kind=CovenantKind.NEGATIVE, every_months=3)


class Promised:
    """A holder, a bank, and an offer with covenants, which can become a loan."""

    def __init__(self, *promises: Promise, **changes: Any) -> None:
        self.parties: Parties = make_parties()
        self.sheet: TermSheet = make_term_sheet(self.parties, **changes)
        for promise in promises:
            self.agree(promise)

    def agree(self, promise: Promise) -> OfferedCovenant:
        """The bank puts a covenant into its offer."""
        return agree_covenant(self.parties.approver, self.sheet.id, promise, now())

    def agreed(self) -> Loan:
        """The offer, accepted with all its covenants."""
        read = [one.id for one in covenants_of_sheet(self.sheet.id)]
        return accept_term_sheet(self.parties.holder, self.sheet.id, [], now(), read)

    def running(self) -> Loan:
        """The loan, paid out today; its contracts are not typeset, which other tests do."""
        with (
            patch("marketplace.financing.agreements.lay_out_contracts"),
            patch("marketplace.financing.disbursement.require_signed_contract"),
        ):
            loan = self.agreed()
            for pledge in pledges_of_loan(loan.id):
                pledge.signed_at = now()
                register(self.parties, pledge)
            self.loan = disburse_loan(self.parties.approver, loan.id, now())
        return self.loan

    def first(self) -> CovenantTest:
        """The first test day."""
        return covenant_tests_of(self.loan.id)[0]


def at(day: date) -> datetime:
    """Noon of that day in the market."""
    return datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


def fresh(actor: Actor, day: date) -> Actor:
    """The same person, signed in that day."""
    return replace(actor, authenticated_at=at(day))
