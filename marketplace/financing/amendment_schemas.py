"""What goes in and out of changes of a loan."""

from typing import Any

from apiflask.fields import UUID, Boolean, Date, DateTime, Enum, Integer, List, Nested, Raw, String
from apiflask.validators import Length, OneOf, Range
from marshmallow import post_load

from marketplace.core.http import AmountField, MoneyField, StrictSchema
from marketplace.core.money import Money
from marketplace.financing.loan_terms import RepaymentMethod


class Terms(StrictSchema):
    """What every change has: why."""

    reason = String(load_default="", validate=Length(max=500))

    @post_load
    def plain(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """The terms as they are kept: whole numbers and words."""
        kept: dict[str, Any] = {}
        for name, value in data.items():
            if isinstance(value, Money):
                kept |= {"amount_minor": value.amount_minor, "currency": value.currency}
            elif isinstance(value, RepaymentMethod):
                kept[name] = value.value
            else:
                kept[name] = value.isoformat() if hasattr(value, "isoformat") else value
        return kept


class DrawIn(Terms):
    """How much more is paid out."""

    amount = MoneyField(required=True, allow_zero=False)


class DrawForm(Terms):
    """The same as typed into a form."""

    amount = AmountField(required=True)


class PrepaymentLine(Terms):
    """A receipt before its time, and whether the instalments shrink or the loan ends sooner."""

    received_on = Date(required=True)
    bank_reference = String(required=True, validate=Length(1, 80))
    effect = String(required=True, validate=OneOf(["lower", "shorten"]))


class PrepaymentIn(PrepaymentLine):
    """An early repayment of a part."""

    amount = MoneyField(required=True, allow_zero=False)


class PrepaymentForm(PrepaymentLine):
    """The same as typed into a form."""

    amount = AmountField(required=True)


class ExtensionIn(Terms):
    """More time, and the rate from then on in basis points a year."""

    months = Integer(required=True, validate=Range(1, 36))
    rate_bps = Integer(required=True, validate=Range(0, 3600))


class RestructuringIn(Terms):
    """New terms of a loan that cannot be served."""

    months = Integer(required=True, validate=Range(0, 60))
    rate_bps = Integer(required=True, validate=Range(0, 3600))
    method = Enum(RepaymentMethod, by_value=True, required=True)
    grace_periods = Integer(load_default=0, validate=Range(0, 24))
    capitalises = Boolean(load_default=False)


class FirstPartIn(StrictSchema):
    """How much is paid out first; empty pays everything out."""

    first_part = MoneyField(load_default=None, allow_zero=False)


class FirstPartForm(StrictSchema):
    """The same as typed into a form."""

    first_part = AmountField(load_default=None)


class AmendmentOut(StrictSchema):
    """A change of a loan as its two parties see it."""

    id = UUID()
    loan_id = UUID()
    kind = String()
    status = String()
    terms = Raw()
    reason = String()
    before = Raw()
    after = Raw()
    in_force_on = Date()
    created_at = DateTime()


class AmendmentsOut(StrictSchema):
    """Every change of a loan, newest first."""

    items = List(Nested(AmendmentOut))
