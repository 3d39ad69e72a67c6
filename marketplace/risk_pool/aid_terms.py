"""Fees for bearing a part, and aid for interest and fees, as a scheme publishes them; pure rules, exact to the cent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from marketplace.core.errors import Refused
from marketplace.core.i18n import _l
from marketplace.core.money import Money


class BenchmarkNeeded(Refused):
    """The aid is measured by a published rate that was not stated."""

    message = _l("“%(subsidy)s” is measured by the one-year LPR: state the rate that applied.")


class PremiumBase(StrEnum):
    """What a premium or guarantee fee is counted on: the loan, its secured part, or what the party would bear."""

    LOAN = "loan"
    IP_PRINCIPAL = "ip_principal"
    COVER = "cover"


class PremiumPeriod(StrEnum):
    """Whether the rate is for each year of the term or for the whole of it."""

    YEAR = "year"
    ONCE = "once"


class Payer(StrEnum):
    """Who pays a premium."""

    BORROWER = "borrower"
    BANK = "bank"
    POOL = "pool"


class SubsidyKind(StrEnum):
    """What aid is a percentage of."""

    INTEREST_SHARE = "interest_share"
    LOAN_SHARE = "loan_share"
    IP_INTEREST_SHARE = "ip_interest_share"
    FEE_SHARE = "fee_share"


class Fee(StrEnum):
    """The fees that aid may share."""

    APPRAISAL = "appraisal"
    GUARANTEE = "guarantee"
    INSURANCE = "insurance"


class Benchmark(StrEnum):
    """The published rate that aid is measured by."""

    LPR_1Y = "lpr_1y"


class Limit(StrEnum):
    """What made an amount of aid smaller than its percentage."""

    BENCHMARK = "benchmark"
    MONTHS = "months_at_most"
    LOAN = "loan_at_most"
    BORROWER_YEAR = "borrower_year_at_most"
    UNIT = "unit_at_most"
    NOT_REPAID = "after_repayment"
    OTHER_AID = "not_with"


@dataclass(frozen=True, kw_only=True)
class Premium:
    """What one party charges for bearing its part."""

    party: str
    rate: Fraction
    base: PremiumBase
    period: PremiumPeriod
    payer: Payer

    def due(self, bases: Mapping[PremiumBase, Money], months: int) -> Money:
        """The charge for a loan of this many months, to the nearest cent (half a cent up)."""
        part = Fraction(months, 12) if self.period is PremiumPeriod.YEAR else Fraction(1)
        return bases[self.base].times(self.rate * part)


@dataclass(frozen=True, kw_only=True)
class Subsidy:
    """One kind of aid a scheme publishes, with its limits; None where it sets, or tells, none."""

    name: str
    kind: SubsidyKind
    percent: Fraction
    fee: Fee | None = None
    benchmark_at_most: Benchmark | None = None
    months_at_most: int | None = None
    loan_at_most: Money | None = None
    borrower_year_at_most: Money | None = None
    unit_at_most: Money | None = None
    after_repayment: bool = False
    not_with: frozenset[str] = frozenset()
    source: str = ""
    title: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> dict[str, str]:
        """What it is called in each language; its name where nothing else is published."""
        return {language: self.title.get(language) or self.name for language in ("zh", "en")}

    @property
    def needs_benchmark(self) -> bool:
        """Whether the amount cannot be told without the published rate."""
        return self.benchmark_at_most is not None or self.kind is SubsidyKind.IP_INTEREST_SHARE


@dataclass(frozen=True, kw_only=True)
class AidCase:
    """What is known of one loan: money lent, interest and fees really paid, and the rates; rates are fractions of 1."""

    loan: Money
    ip_share: Fraction = Fraction(1)
    interest_paid: Money | None = None
    months: int = 12
    rate: Fraction | None = None
    benchmark: Fraction | None = None
    fees: Mapping[Fee, Money] = field(default_factory=dict)
    repaid: bool = False
    granted: frozenset[str] = frozenset()
    loan_so_far: Money | None = None
    borrower_year_so_far: Money | None = None
    unit_so_far: Money | None = None


@dataclass(frozen=True)
class Grant:
    """An amount of aid: what it is a percentage of, and which terms bound it."""

    amount: Money
    counted: Money
    limits: tuple[Limit, ...]


def aid_for(subsidy: Subsidy, case: AidCase) -> Grant:
    """The aid for one loan: the percentage of what counts, never below zero and never above any limit."""
    limits: list[Limit] = []
    zero = Money.zero(case.loan.currency)
    if subsidy.needs_benchmark and case.benchmark is None:
        raise BenchmarkNeeded(subsidy=subsidy.name)
    counts = _counted(subsidy, case, limits)
    counted = Money.rounded(counts, zero.currency)
    whole = Money.rounded(counts * subsidy.percent, zero.currency)
    for limit, most, used in (
        (Limit.LOAN, subsidy.loan_at_most, case.loan_so_far),
        (Limit.BORROWER_YEAR, subsidy.borrower_year_at_most, case.borrower_year_so_far),
        (Limit.UNIT, subsidy.unit_at_most, case.unit_so_far),
    ):
        left = None if most is None else max(zero, most - (used or zero))
        if left is not None and whole > left:
            limits.append(limit)
            whole = left
    for limit, excluded in (
        (Limit.NOT_REPAID, subsidy.after_repayment and not case.repaid),
        (Limit.OTHER_AID, bool(subsidy.not_with & case.granted)),
    ):
        if excluded:
            limits, whole = [limit], zero
    return Grant(whole, counted, tuple(limits))


def _counted(subsidy: Subsidy, case: AidCase, limits: list[Limit]) -> Fraction:
    """What the percentage is taken of, in whole units of money."""
    loan = Fraction(case.loan.amount)
    if subsidy.kind is SubsidyKind.LOAN_SHARE:
        return loan
    if subsidy.kind is SubsidyKind.FEE_SHARE:
        paid = case.fees.get(subsidy.fee) if subsidy.fee else None
        return Fraction(paid.amount) if paid else Fraction(0)
    months = _months(subsidy, case, limits)
    if subsidy.kind is SubsidyKind.IP_INTEREST_SHARE:
        return loan * case.ip_share * (case.benchmark or 0) * Fraction(months, 12)
    interest = Fraction(case.interest_paid.amount) if case.interest_paid else Fraction(0)
    if months < case.months:
        interest *= Fraction(months, case.months)
    if subsidy.benchmark_at_most and case.benchmark is not None and case.rate and case.rate > case.benchmark:
        limits.append(Limit.BENCHMARK)
        interest *= case.benchmark / case.rate
    return interest


def _months(subsidy: Subsidy, case: AidCase, limits: list[Limit]) -> int:
    """The months that count."""
    if subsidy.months_at_most is None or case.months <= subsidy.months_at_most:
        return case.months
    limits.append(Limit.MONTHS)
    return subsidy.months_at_most
