"""What goes in and out of watching loans."""

from typing import Any

from apiflask.fields import UUID, Date, DateTime, Function, Integer, List, Nested, String
from apiflask.validators import Length, Range
from marshmallow import pre_load

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


class CallIn(StrictSchema):
    """Within how many days the coverage is to be restored, and why."""

    days = Integer(load_default=10, validate=Range(3, 90))
    reason = String(load_default="", validate=Length(max=500))


class AnswerIn(StrictSchema):
    """The right offered as security, and the pledge it is to replace."""

    asset_id = UUID(required=True)
    replaces_id = UUID(load_default=None, allow_none=True)


class AnswerForm(AnswerIn):
    """The same as typed into a form, where nothing chosen is an empty text."""

    @pre_load
    def drop_nothing(self, data: Any, **_context: Any) -> Any:
        """An empty choice is no choice."""
        return {name: value for name, value in data.items() if not (name == "replaces_id" and value == "")}


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
