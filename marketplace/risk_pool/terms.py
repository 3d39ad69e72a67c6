"""The terms of one version of a scheme: who shares a loss, at what rate, under which caps; pure rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction

from marketplace.core.errors import Refused
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.risk_pool.aid_terms import Premium, Subsidy


class SharesUnknown(Refused):
    """The published sources do not say how this scheme divides a loss."""

    message = _l("The shares of scheme %(scheme)s are not known from its published rules. State them to compute.")


class LoanOutsideTiers(Refused):
    """The scheme publishes no rate for a loan of this size."""

    message = _l("Scheme %(scheme)s has no rate for a loan of %(loan)s: its last tier ends at %(limit)s.")


class UpliftUnknown(Refused):
    """The scheme has no addition of this name."""

    message = _l("Scheme %(scheme)s has no addition called %(uplift)s.")


class TierMode(StrEnum):
    """How a tier is read: its rate for the whole loan, or only for the part inside the tier."""

    SLAB = "slab"
    MARGINAL = "marginal"


class RecoveryBasis(StrEnum):
    """Whether recoveries follow the scheme's published ratio or what each party really bore."""

    NOMINAL = "nominal"
    BORNE = "borne"


class SchemeKind(StrEnum):
    """Whether the pool shares the loss or buys the collateral."""

    SHARE = "share"
    PURCHASE = "purchase"


@dataclass(frozen=True)
class Tier:
    """The pool's rate for loans up to a size."""

    up_to: Money
    rate: Fraction


@dataclass(frozen=True)
class Uplift:
    """Percentage points added to the pool's rate when one of these circumstances is given."""

    points: Fraction
    any_of: frozenset[str]


@dataclass(frozen=True)
class Caps:
    """The most that is counted or paid; None where the scheme sets, or tells, no limit."""

    loan_counted: Money | None = None
    borrower_year_counted: Money | None = None
    loan_compensation: Money | None = None
    borrower_year_compensation: Money | None = None
    bank_year_compensation: Money | None = None
    annual_budget: Money | None = None


@dataclass(frozen=True, kw_only=True)
class Terms:
    """One version of a scheme, as published; shares and rates are exact fractions of 1."""

    name: str
    version: str
    currency: str
    shares: Mapping[str, Fraction] | None
    residue_to: str
    excess_to: str
    title: Mapping[str, str] = field(default_factory=dict)
    kind: SchemeKind = SchemeKind.SHARE
    mode: str = ""
    pool_party: str | None = None
    other_loss_to: str = "bank"
    tiers: tuple[Tier, ...] = ()
    tier_mode: TierMode = TierMode.SLAB
    uplifts: tuple[Uplift, ...] = ()
    default_uplifts: frozenset[str] = frozenset()
    rate_cap: Fraction | None = None
    caps: Caps = Caps()
    pool_size: Money | None = None
    leverage: Fraction | None = None
    minimum_ip_share: Fraction = Fraction(0)
    requires_stated_ip_share: bool = False
    recovery_basis: RecoveryBasis = RecoveryBasis.NOMINAL
    trigger_overdue_days: int | None = None
    trigger_loan_class: str | None = None
    bank_year_loss_rate: Fraction | None = None
    pool_year_loss_rate: Fraction | None = None
    asset_kinds: tuple[str, ...] = ()
    loan_at_most: Money | None = None
    term_months_at_most: int | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    document: str | None = None
    source: str = ""
    unknown: tuple[str, ...] = ()
    premiums: tuple[Premium, ...] = ()
    subsidies: tuple[Subsidy, ...] = ()

    def in_force(self, on: date) -> bool:
        """Whether loans could be enrolled under this version on that day; unknown ends are open."""
        return (self.effective_from is None or self.effective_from <= on) and (
            self.effective_to is None or on <= self.effective_to
        )

    def known_shares(self) -> Mapping[str, Fraction]:
        """The published shares; refused where the sources do not tell them."""
        if self.shares is None:
            raise SharesUnknown(scheme=self.name)
        return self.shares

    def pool_rate(self, loan: Money, uplifts: frozenset[str]) -> Fraction:
        """The part of a counted loss that the pool pays for a loan of this size."""
        if self.pool_party is None:
            return Fraction(0)
        added = self._points(uplifts)
        if not self.tiers:
            return self._capped(self.known_shares()[self.pool_party] + added)
        if loan > self.tiers[-1].up_to:
            raise LoanOutsideTiers(scheme=self.name, loan=loan, limit=self.tiers[-1].up_to)
        if self.tier_mode is TierMode.SLAB or not loan:
            return self._capped(next(tier.rate for tier in self.tiers if loan <= tier.up_to) + added)
        return self._blended(loan, added)

    def shares_for(self, loan: Money, uplifts: frozenset[str]) -> dict[str, Fraction]:
        """Every party's share for a loan of this size; what the pool's rate leaves stays with the excess bearer."""
        shares = dict(self.known_shares())
        if self.pool_party is None or self.pool_party == self.excess_to:
            return shares
        both = shares[self.pool_party] + shares[self.excess_to]
        shares[self.pool_party] = min(both, self.pool_rate(loan, uplifts))
        shares[self.excess_to] = both - shares[self.pool_party]
        return shares

    def _points(self, uplifts: frozenset[str]) -> Fraction:
        known = {name for uplift in self.uplifts for name in uplift.any_of}
        for name in sorted(uplifts - known):
            raise UpliftUnknown(scheme=self.name, uplift=name)
        return sum((uplift.points for uplift in self.uplifts if uplift.any_of & uplifts), Fraction(0))

    def _capped(self, rate: Fraction) -> Fraction:
        return rate if self.rate_cap is None else min(rate, self.rate_cap)

    def _blended(self, loan: Money, added: Fraction) -> Fraction:
        """The average rate of a loan whose parts fall into different tiers."""
        paid, begin = Fraction(0), 0
        for tier in self.tiers:
            end = min(loan.amount_minor, tier.up_to.amount_minor)
            paid += max(0, end - begin) * self._capped(tier.rate + added)
            begin = max(begin, end)
        return paid / loan.amount_minor
