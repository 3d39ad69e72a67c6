"""Shapes of pledged licence fees."""

from apiflask.fields import UUID, Date, DateTime, List, Nested, String
from apiflask.validators import Length

from marketplace.core.http import AmountField, MoneyField, StrictSchema


class Claim(StrictSchema):
    """Which licence, and why so much is expected."""

    deal_id = UUID(required=True)
    basis = String(required=True, validate=Length(2, 500))


class ReceivableIn(Claim):
    """Royalties offered as security."""

    expected = MoneyField(required=True, allow_zero=False)


class ReceivableForm(Claim):
    """The same as typed into a form."""

    expected = AmountField(required=True)


class RegisteredIn(StrictSchema):
    """The registration with the Credit Reference Center."""

    registration_number = String(required=True, validate=Length(1, 80))
    registered_on = Date(required=True)


class NoticeIn(StrictSchema):
    """The day on which the licensee was told."""

    notified_on = Date(required=True)


class ReceivableOut(StrictSchema):
    """The pledge of a licence's royalties."""

    id = UUID()
    loan_id = UUID()
    deal_id = UUID()
    status = String()
    expected = MoneyField()
    basis = String()
    ends_on = Date()
    envelope_id = UUID()
    signed_at = DateTime()
    registration_number = String()
    registered_on = Date()
    notified_on = Date()
    released_on = Date()


class ReceivablesOut(StrictSchema):
    """What of a loan's security are licence fees."""

    items = List(Nested(ReceivableOut))
