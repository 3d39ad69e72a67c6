"""The terms a bank offers, and what follows from them: the schedule and what the loan really costs a year."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from marketplace.core.i18n import _l
from marketplace.core.money import EXPONENTS, ROUND_HALF_UP, Money
from marketplace.financing.calendars import Convention, find_calendar
from marketplace.financing.due_dates import Frequency, Rhythm
from marketplace.financing.effective_rate import CashFlow, effective_rate_bps
from marketplace.financing.period_rates import InterestPeriod, MonthBasis, RateConvention, YearBasis
from marketplace.financing.rounding import Rounding
from marketplace.financing.schedules import Plan, Repayment, Row, plan_schedule


class RepaymentMethod(StrEnum):
    """How the loan comes back."""

    EQUAL_INSTALMENTS = "equal_instalments"
    EQUAL_PRINCIPAL = "equal_principal"
    BULLET = "bullet"
    AT_MATURITY = "at_maturity"

    @property
    def label(self) -> str:
        """The method in the page's language."""
        return str(_LABELS[self])


_LABELS = {
    RepaymentMethod.EQUAL_INSTALMENTS: _l("Equal instalments"),
    RepaymentMethod.EQUAL_PRINCIPAL: _l("Equal principal"),
    RepaymentMethod.BULLET: _l("Interest first, principal at maturity"),
    RepaymentMethod.AT_MATURITY: _l("Principal and interest at maturity"),
}
_PLANNED = {
    RepaymentMethod.EQUAL_INSTALMENTS: Repayment.EQUAL_INSTALLMENTS,
    RepaymentMethod.EQUAL_PRINCIPAL: Repayment.EQUAL_PRINCIPAL_PAYMENTS,
    RepaymentMethod.BULLET: Repayment.BULLET,
    RepaymentMethod.AT_MATURITY: Repayment.BULLET_WITH_INTEREST,
}


@dataclass(frozen=True, kw_only=True)
class LoanTerms:
    """Amount, price and rhythm of a loan; rates in basis points a year."""

    amount: Money
    rate_bps: int
    term_months: int
    method: RepaymentMethod
    every_months: int = 1
    upfront_fee: Money
    grace_periods: int = 0
    calendar: str = "china_interbank"

    def plan(self, start: date) -> Plan:
        """The repayment plan of a loan paid out on this day; interest by months of a twelfth of a year."""
        every = 1 if self.method is RepaymentMethod.AT_MATURITY else self.every_months
        count = self.term_months // every
        return Plan(
            principal=self.amount.amount_minor,
            rhythm=Rhythm(
                start,
                every,
                Frequency.MONTHS,
                count,
                calendar=find_calendar(self.calendar),
                convention=Convention.FOLLOWING,
            ),
            rates=RateConvention(
                Fraction(self.rate_bps, 10_000),
                every,
                Frequency.MONTHS,
                InterestPeriod.SAME_AS_REPAYMENT_PERIOD,
                YearBasis.DAYS360,
                MonthBasis.DAYS30,
            ),
            repayment=_PLANNED[self.method],
            rounding=Rounding(mode=ROUND_HALF_UP),
            principal_grace=count - 1 if self.method is RepaymentMethod.BULLET else min(self.grace_periods, count - 1),
        )

    def schedule(self, start: date) -> list[Row]:
        """The instalments of a loan paid out on this day."""
        return plan_schedule(self.plan(start))

    def effective_cost_bps(self, start: date) -> int:
        """What the loan costs a year by its real payments, the fee kept at disbursement included."""
        currency = self.amount.currency
        flows = [CashFlow(start, self.amount - self.upfront_fee)]
        flows += [CashFlow(row.due_date, Money(-row.total, currency)) for row in self.schedule(start)]
        return effective_rate_bps(flows)

    def maturity(self, start: date) -> date:
        """The day of the last instalment."""
        return self.schedule(start)[-1].due_date


def yuan(minor: int, currency: str) -> str:
    """Minor units as a plain decimal."""
    return f"{Money(minor, currency).amount:.{EXPONENTS[currency]}f}"
