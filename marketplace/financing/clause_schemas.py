"""How the clauses of a facility go in and out."""

from apiflask.fields import Boolean, Enum, Integer
from apiflask.validators import Range

from marketplace.core.http import StrictSchema
from marketplace.financing.applications import LONGEST_TERM_MONTHS
from marketplace.financing.clauses import GREATEST_PREPAYMENT_FEE_BPS, RateReference, RepaymentOrder


class ClausesOut(StrictSchema):
    """What a facility agrees besides amount, rate and rhythm; margins and fees in basis points."""

    reference = Enum(RateReference, by_value=True, load_default=RateReference.FIXED)
    margin_bps = Integer(load_default=0, validate=Range(-1000, 2400))
    reset_months = Integer(load_default=12, validate=Range(1, 60))
    grace_periods = Integer(load_default=0, validate=Range(0, LONGEST_TERM_MONTHS - 1))
    repayment_order = Enum(RepaymentOrder, by_value=True, load_default=RepaymentOrder.CHARGES_FIRST)
    interest_on_interest = Boolean(load_default=False)
    prepayment_fee_bps = Integer(load_default=0, validate=Range(0, GREATEST_PREPAYMENT_FEE_BPS))
