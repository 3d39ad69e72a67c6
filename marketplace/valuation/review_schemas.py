"""What goes in and out of reviews of values."""

from apiflask import Schema
from apiflask.fields import UUID, DateTime, Function, List, Nested, String
from apiflask.validators import Length

from marketplace.core.http import MoneyField, StrictSchema
from marketplace.valuation.schemas import amount


class ReviewIn(StrictSchema):
    """What the reviewer should look at."""

    question = String(required=True, validate=Length(1, 2000))


class ReviewAnswerIn(StrictSchema):
    """An opinion, with other figures where the reviewer's differ: all three or none, in the indication's currency."""

    opinion = String(required=True, validate=Length(1, 4000))
    low = amount()
    middle = amount()
    high = amount()


class ReviewOut(Schema):
    """A review of an indication, as far as it has come."""

    id = UUID()
    indication_id = UUID()
    question = String()
    status = Function(lambda review: review.status.value)
    due_at = DateTime()
    opinion = String(allow_none=True)
    answered_at = DateTime(allow_none=True)
    low = MoneyField(allow_none=True)
    middle = MoneyField(allow_none=True)
    high = MoneyField(allow_none=True)


class ReviewPageOut(Schema):
    """Reviews the actor asked for or may give."""

    items = List(Nested(ReviewOut))
