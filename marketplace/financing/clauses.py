"""The clauses of a loan besides amount, rate and rhythm: rate link, grace, order of repayment, interest on interest, fees."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Enum
from sqlalchemy.orm import composite, mapped_column

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l
from marketplace.financing.allocation import DEFAULT_ORDER, Part


class RateReference(StrEnum):
    """What the rate follows."""

    FIXED = "fixed"
    LPR_1Y = "lpr_1y"
    LPR_5Y = "lpr_5y"

    @property
    def label(self) -> str:
        """The reference in the page's language."""
        return str(_REFERENCES[self])


class RepaymentOrder(StrEnum):
    """In which order a repayment pays what is owed; the law's order holds unless another is agreed."""

    CHARGES_FIRST = "charges_first"
    INTEREST_FIRST = "interest_first"
    PRINCIPAL_FIRST = "principal_first"

    @property
    def label(self) -> str:
        """The order in the page's language."""
        return str(_ORDER_WORDS[self])

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts of a debt in this order."""
        return _ORDERS[self]


_REFERENCES = {
    RateReference.FIXED: _l("Fixed rate"),
    RateReference.LPR_1Y: _l("One-year LPR plus a margin"),
    RateReference.LPR_5Y: _l("Five-year LPR plus a margin"),
}
_ORDER_WORDS = {
    RepaymentOrder.CHARGES_FIRST: _l("Charges, interest, principal (the law's order)"),
    RepaymentOrder.INTEREST_FIRST: _l("Interest, principal, then charges"),
    RepaymentOrder.PRINCIPAL_FIRST: _l("Principal, interest, then charges"),
}
_ORDERS = {
    RepaymentOrder.CHARGES_FIRST: DEFAULT_ORDER,
    RepaymentOrder.INTEREST_FIRST: (Part.INTEREST, Part.PRINCIPAL, Part.PENALTY, Part.FEES),
    RepaymentOrder.PRINCIPAL_FIRST: (Part.PRINCIPAL, Part.INTEREST, Part.PENALTY, Part.FEES),
}
GREATEST_PREPAYMENT_FEE_BPS = 500
CLAUSE_RULE = (
    "reset_months BETWEEN 1 AND 60 AND margin_bps BETWEEN -1000 AND 2400 AND grace_periods BETWEEN 0 AND 59 "
    f"AND prepayment_fee_bps BETWEEN 0 AND {GREATEST_PREPAYMENT_FEE_BPS}"
)
"""What the database checks of the clauses."""


@dataclass(frozen=True, kw_only=True)
class Clauses:
    """What a facility agrees besides amount, rate and rhythm; margins and fees in basis points."""

    reference: RateReference = RateReference.FIXED
    margin_bps: int = 0
    reset_months: int = 12
    grace_periods: int = 0
    repayment_order: RepaymentOrder = RepaymentOrder.CHARGES_FIRST
    interest_on_interest: bool = False
    prepayment_fee_bps: int = 0

    def __composite_values__(self) -> tuple[Any, ...]:
        """The values in the order of the columns."""
        return tuple(getattr(self, name) for name in _NAMES)

    @property
    def floats(self) -> bool:
        """Whether the rate follows a published one."""
        return self.reference is not RateReference.FIXED

    def require_sound(self, periods: int) -> None:
        """Refuse a grace that leaves no period to repay in."""
        if self.grace_periods >= periods:
            raise Malformed("grace_periods", _l("At least one instalment must repay principal."))


def _build(*values: Any) -> Clauses:
    return Clauses(**dict(zip(_NAMES, values, strict=True)))


_NAMES = tuple(Clauses.__dataclass_fields__)


def clause_columns() -> Any:
    """The columns that hold the clauses of a facility."""
    return composite(
        _build,
        mapped_column("reference", _checked(RateReference), nullable=False),
        mapped_column("margin_bps", BigInteger, nullable=False),
        mapped_column("reset_months", BigInteger, nullable=False),
        mapped_column("grace_periods", BigInteger, nullable=False),
        mapped_column("repayment_order", _checked(RepaymentOrder), nullable=False),
        mapped_column("interest_on_interest", Boolean, nullable=False),
        mapped_column("prepayment_fee_bps", BigInteger, nullable=False),
    )


def clause_rule() -> CheckConstraint:
    """The table rule that bounds the clauses."""
    return CheckConstraint(CLAUSE_RULE, name="clauses")


def _checked(kind: type[StrEnum]) -> Enum:
    return Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        length=40,
        name=kind.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
    )
