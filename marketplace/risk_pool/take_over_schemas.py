"""What goes in and out of take-over purchases."""

from apiflask.fields import UUID, List, Nested, String
from apiflask.validators import Length

from marketplace.core.http import AmountField, MoneyField, StrictSchema


class TakeOverIn(StrictSchema):
    """The pledged right offered to the pool, and its price."""

    pledge_id = UUID(required=True)
    price = MoneyField(required=True, allow_zero=False)


class TakeOverForm(StrictSchema):
    """The same as typed into a form."""

    pledge_id = UUID(required=True)
    price = AmountField(required=True)


class ReferenceIn(StrictSchema):
    """The line of the bank statement, or the office's reference."""

    reference = String(required=True, validate=Length(1, 80))


class ResaleIn(ReferenceIn):
    """What the right brought when it was sold on."""

    price = MoneyField(required=True)


class ResaleForm(ReferenceIn):
    """The same as typed into a form."""

    price = AmountField(required=True, allow_zero=True)


class TakeOverOut(StrictSchema):
    """A take-over and how far it has come."""

    id = UUID()
    enrolment_id = UUID()
    pledge_id = UUID()
    price = MoneyField()
    status = String()
    paid_reference = String()
    recordal_reference = String()
    sold_for = MoneyField()
    reason = String()


class TakeOversOut(StrictSchema):
    """The take-overs of one enrolment."""

    items = List(Nested(TakeOverOut))
