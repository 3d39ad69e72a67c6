"""Sharing the principal loss of one loan among the parties of its scheme, to the minor unit; pure rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from marketplace.core.errors import Refused
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.risk_pool.terms import SchemeKind, Terms


class LossAboveLoan(Refused):
    """More principal was lost than was lent."""

    message = _l("The principal loss %(loss)s is above the loan %(loan)s.")


class PurchasePriceNeeded(Refused):
    """A take-over scheme pays a price, not a share."""

    message = _l("Scheme %(scheme)s buys the collateral: state the purchase price.")


class PurchasePriceTooHigh(Refused):
    """The take-over price is above what the scheme may pay."""

    message = _l("The purchase price %(price)s is above the limit of %(limit)s.")


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What earlier loans and claims have used of the scheme's limits; None where nothing limits."""

    borrower_year_counted: Money | None = None
    borrower_year_compensated: Money | None = None
    bank_year_compensated: Money | None = None
    year_compensated: Money | None = None
    pool_balance: Money | None = None
    cover: Money | None = None


@dataclass(frozen=True, kw_only=True)
class Loss:
    """The principal lost on one loan, and how much of the loan the pledged rights secure (None: not stated)."""

    principal: Money
    loan: Money
    ip_share: Fraction | None = Fraction(1)
    uplifts: frozenset[str] | None = None
    purchase_price: Money | None = None


@dataclass(frozen=True)
class LossShares:
    """Who bears how much of a principal loss; the parties' amounts sum to it exactly."""

    parties: Mapping[str, Money]
    ip_principal: Money
    counted: Money
    rates: Mapping[str, Fraction]
    limits: tuple[str, ...]

    @property
    def total(self) -> Money:
        """The whole principal loss."""
        first, *others = self.parties.values()
        return sum(others, first)


def share_loss(terms: Terms, loss: Loss, usage: Usage) -> LossShares:
    """Divide a principal loss: counted under the caps, shared by rate, the pool limited, the excess on its bearer."""
    if loss.principal > loss.loan:
        raise LossAboveLoan(loss=loss.principal, loan=loss.loan)
    if terms.kind is SchemeKind.PURCHASE:
        return _purchase(terms, loss)
    uplifts = terms.default_uplifts if loss.uplifts is None else loss.uplifts
    rates = terms.shares_for(loss.loan, uplifts)
    limits: list[str] = []
    ip_principal = _ip_principal(terms, loss, limits)
    counted = _counted(terms, ip_principal, usage, limits)
    zero = Money.zero(loss.principal.currency)
    parts = {party: _floor(counted, rate) for party, rate in rates.items()}
    parts[terms.residue_to] += counted - sum(parts.values(), zero)
    if terms.pool_party is not None:
        parts[terms.pool_party] = _limited(terms, parts[terms.pool_party], usage, limits)
    parts[terms.excess_to] += loss.principal - sum(parts.values(), zero)
    return LossShares(parts, ip_principal, counted, rates, tuple(limits))


def purchase_limit(terms: Terms, loan: Money) -> Money:
    """The most a purchase scheme pays for what secures a loan."""
    return _floor(loan, terms.known_shares()[str(terms.pool_party)])


def _purchase(terms: Terms, loss: Loss) -> LossShares:
    if loss.purchase_price is None:
        raise PurchasePriceNeeded(scheme=terms.name)
    buyer = str(terms.pool_party)
    rates = terms.known_shares()
    limit = min(purchase_limit(terms, loss.loan), loss.principal)
    if loss.purchase_price > limit:
        raise PurchasePriceTooHigh(price=loss.purchase_price, limit=limit)
    parts = {party: Money.zero(loss.principal.currency) for party in rates}
    parts[buyer] = loss.purchase_price
    parts[terms.excess_to] = loss.principal - loss.purchase_price
    return LossShares(parts, loss.principal, loss.principal, rates, ())


def _ip_principal(terms: Terms, loss: Loss, limits: list[str]) -> Money:
    """The part of the loss that the pledged rights secured; nothing where the scheme's condition fails."""
    nothing = Money.zero(loss.principal.currency)
    if loss.ip_share is None:
        if terms.requires_stated_ip_share or terms.minimum_ip_share:
            limits.append("ip_share_not_stated")
            return nothing
        return loss.principal
    if loss.ip_share < terms.minimum_ip_share:
        limits.append("ip_share_below_minimum")
        return nothing
    return _floor(loss.principal, loss.ip_share)


def _counted(terms: Terms, ip_principal: Money, usage: Usage, limits: list[str]) -> Money:
    """The principal that counts: up to the cap per loan and what the borrower's year still has room for."""
    counted = _least(ip_principal, "loan_counted", terms.caps.loan_counted, None, limits)
    return _least(
        counted, "borrower_year_counted", terms.caps.borrower_year_counted, usage.borrower_year_counted, limits
    )


def _limited(terms: Terms, amount: Money, usage: Usage, limits: list[str]) -> Money:
    """What the pool really pays of its share."""
    caps = terms.caps
    for name, cap, used in (
        ("loan_compensation", caps.loan_compensation, None),
        ("borrower_year_compensation", caps.borrower_year_compensation, usage.borrower_year_compensated),
        ("bank_year_compensation", caps.bank_year_compensation, usage.bank_year_compensated),
        ("annual_budget", caps.annual_budget, usage.year_compensated),
        ("cover", usage.cover, None),
        ("pool_balance", usage.pool_balance, None),
    ):
        amount = _least(amount, name, cap, used, limits)
    return amount


def _least(amount: Money, name: str, cap: Money | None, used: Money | None, limits: list[str]) -> Money:
    if cap is None:
        return amount
    left = max(Money.zero(amount.currency), cap - used if used else cap)
    if amount <= left:
        return amount
    limits.append(name)
    return left


def _floor(amount: Money, rate: Fraction) -> Money:
    """The rate of an amount, rounded down: whatever is lost by rounding stays with the residue bearer."""
    return Money(amount.amount_minor * rate.numerator // rate.denominator, amount.currency)
