"""What goes in and out of watching loans."""

from apiflask.fields import UUID, Date, DateTime, Enum, Function, Integer, List, Nested, String
from apiflask.validators import Length, Range

from marketplace.core.http import MoneyField, StrictSchema
from marketplace.financing.portfolio import Cut


class LoanCheckOut(StrictSchema):
    """How a loan and its security stood on one day."""

    day = Date()
    value = MoneyField()
    debt = MoneyField()
    coverage_bps = Integer()
    required_bps = Integer()
    score = Integer()
    level = String()
    signs = List(String())
    reasons = Function(lambda check: [{"words": words, "points": points} for words, points in check.reasons])


class SecurityOut(StrictSchema):
    """The watch of one loan, newest day first."""

    loan_id = UUID()
    items = List(Nested(LoanCheckOut))


class CallIn(StrictSchema):
    """Within how many days the coverage is to be restored, and why."""

    days = Integer(load_default=10, validate=Range(3, 90))
    reason = String(load_default="", validate=Length(max=500))


class AnswerIn(StrictSchema):
    """The right offered as security, and the pledge it is to replace."""

    asset_id = UUID(required=True)
    replaces_id = UUID(load_default=None, allow_none=True)


class MarginAnswerOut(StrictSchema):
    """A right offered in answer to a call."""

    id = UUID()
    call_id = UUID()
    asset_id = UUID()
    replaces_id = UUID()
    pledge_id = UUID()
    status = String()
    reason = String()


class MarginCallOut(StrictSchema):
    """A call for more security."""

    id = UUID()
    loan_id = UUID()
    status = String()
    coverage_bps = Integer()
    required_bps = Integer()
    shortfall = MoneyField()
    reason = String()
    issued_at = DateTime()
    due_on = Date()
    ended_at = DateTime()
    ended_because = String()


class MarginCallsOut(StrictSchema):
    """The calls of one loan, newest first."""

    items = List(Nested(MarginCallOut))


class ShockIn(StrictSchema):
    """From which side a book is seen, and what it is put under; all parts in per cent."""

    cut = Enum(Cut, by_value=True, load_default=Cut.FIELD)
    value_fall = Integer(load_default=30, validate=Range(0, 100))
    default_rate = Integer(load_default=10, validate=Range(0, 100))
    sale_cost = Integer(load_default=20, validate=Range(0, 100))


class PartOut(StrictSchema):
    """The loans of one field, region, bank or year."""

    key = String()
    loans = Integer()
    outstanding = MoneyField()
    value = MoneyField()
    overdue = MoneyField()
    failed = MoneyField()
    unvalued = Integer()
    coverage_bps = Integer()
    score = Integer()
    share_bps = Integer()


class OutcomeOut(StrictSchema):
    """What a shock does to a book."""

    exposure = MoneyField()
    failing = MoneyField()
    loss = MoneyField()
    loss_rate_bps = Integer()
    short_loans = Integer()
    missing_value = MoneyField()


class PortfolioOut(StrictSchema):
    """A book by one cut, and under stress in two readings."""

    cut = String()
    parts = List(Nested(PartOut))
    evenly = Nested(OutcomeOut)
    weakest_first = Nested(OutcomeOut)
