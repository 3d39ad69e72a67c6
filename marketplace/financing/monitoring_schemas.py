"""What goes in and out of watching loans."""

from apiflask.fields import UUID, Date, Function, Integer, List, Nested, String

from marketplace.core.http import MoneyField, StrictSchema


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
