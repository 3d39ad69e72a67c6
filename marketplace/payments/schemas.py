"""What goes in and out of payments."""

from apiflask.fields import UUID, DateTime, List, Nested, String
from apiflask.validators import Length, OneOf

from marketplace.core.http import MoneyField, StrictSchema


class MethodIn(StrictSchema):
    """How the payer pays."""

    method = String(required=True, validate=OneOf(["card", "bank_transfer"]))


class TransferIn(StrictSchema):
    """One line of the bank statement."""

    bank_reference = String(required=True, validate=Length(1, 80))
    amount = MoneyField(required=True, allow_zero=False)


class TransferForm(StrictSchema):
    """The same as typed into a form; the currency is the collection's."""

    bank_reference = String(required=True, validate=Length(1, 80))
    amount = String(required=True, validate=Length(1, 24))


class PayoutApprovalIn(StrictSchema):
    """The second person's agreement, with the bank's reference when known."""

    bank_reference = String(load_default=None, validate=Length(1, 80))


class NothingIn(StrictSchema):
    """An act without particulars."""


class CollectionOut(StrictSchema):
    """A collection as its payer and the confirming person see it."""

    id = UUID()
    payer_id = UUID()
    amount = MoneyField()
    purpose = String()
    subject_id = UUID()
    method = String()
    status = String()
    reference = String()
    card_page = String()
    failure = String()
    collected_at = DateTime()


class CollectionPageOut(StrictSchema):
    """A page of collections and the cursor of the next."""

    items = List(Nested(CollectionOut))
    next = String(allow_none=True)


class PayoutOut(StrictSchema):
    """A payout as its approver sees it."""

    id = UUID()
    payee_id = UUID()
    amount = MoneyField()
    from_account = String()
    reference = String()
    status = String()
    sent_at = DateTime()
