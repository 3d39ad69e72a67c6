"""What goes in and out of a pledgee's consent to a sale."""

from apiflask.fields import UUID, Date, Enum, List, Nested, String
from apiflask.validators import Length

from marketplace.core.http import AmountField, MoneyField, StrictSchema
from marketplace.financing.sale_consents import SaleAct


class ConsentRequestIn(StrictSchema):
    """What the holder wants to do with the pledged right, and why."""

    act = Enum(SaleAct, by_value=True, required=True)
    reason = String(load_default="", validate=Length(max=500))


class ConsentBasics(StrictSchema):
    """To what the bank agrees, besides the price."""

    act = Enum(SaleAct, by_value=True, required=True)
    expires_on = Date(required=True)
    conditions = String(load_default="", validate=Length(max=1000))


class ConsentIn(ConsentBasics):
    """To what the bank agrees."""

    minimum = MoneyField(load_default=None, allow_zero=False)


class ConsentForm(ConsentBasics):
    """The same as typed into a form."""

    minimum = AmountField(load_default=None)


class SaleConsentOut(StrictSchema):
    """A request for consent and its answer."""

    id = UUID()
    pledge_id = UUID()
    act = String()
    status = String()
    minimum = MoneyField()
    conditions = String()
    expires_on = Date()
    reason = String()
    answer = String()
    document_id = UUID()


class SaleConsentsOut(StrictSchema):
    """What was asked and agreed for one pledge."""

    items = List(Nested(SaleConsentOut))
