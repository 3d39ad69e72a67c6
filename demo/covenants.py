"""Covenants of the demonstration: what a running loan's borrower promised besides paying, reported quarter by quarter."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from marketplace.financing.covenant_reports import confirm_report, report_on_covenant
from marketplace.financing.covenant_rules import CovenantKind, Measure, Promise
from marketplace.financing.covenant_tests import covenant_tests_of
from marketplace.financing.covenants import agree_covenant, covenants_of_loan
from marketplace.financing.loans import Loan
from marketplace.financing.term_sheets import TermSheet

if TYPE_CHECKING:
    from demo.loans import Lending

DEBTS = Promise(
    kind=CovenantKind.FINANCIAL, measure=Measure.DEBT_TO_ASSETS, threshold=Decimal("0.7"), every_months=3, days_after=30
)
FEES = Promise(kind=CovenantKind.UPKEEP, every_months=6)


def promise_figures(lending: Lending, sheet: TermSheet) -> None:
    """Debt within 70 per cent of assets every quarter, and official fees paid."""
    approver = lending.person(lending.cast.approvers, lending.bank, lending.began)
    for promise in (DEBTS, FEES):
        agree_covenant(approver, sheet.id, promise, lending.began)


def report_figures(lending: Lending, loan: Loan, now: datetime) -> None:
    """The borrower reports each quarter five days after its end, and the bank confirms."""
    promises = {one.id: one.promise for one in covenants_of_loan(loan.id)}
    for test in covenant_tests_of(loan.id):
        at = datetime.combine(test.tested_on + timedelta(days=5), lending.began.timetz())
        if promises[test.covenant_id].is_reported and at <= now:
            holder = lending.person(lending.cast.officers, lending.holder, at)
            figure = Decimal(40 + (lending.nr + test.nr) % 25) / 100
            report_on_covenant(holder, test.id, figure, None, "DEMO: unaudited", at)
            confirm_report(lending.person(lending.cast.officers, lending.bank, at), test.id, at)
