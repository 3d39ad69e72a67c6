"""What goes in and out of payments."""

from apiflask.fields import UUID, Boolean, Date, DateTime, Dict, Integer, List, Nested, Raw, String
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


class StatementFileIn(StrictSchema):
    """A bank statement as the bank sent it."""

    file = Raw(required=True, metadata={"type": "string", "format": "binary"})


class StatementOut(StrictSchema):
    """One imported statement."""

    id = UUID()
    account = String()
    number = String()
    opening = MoneyField()
    closing = MoneyField()
    closed_on = Date()


class StatementsOut(StrictSchema):
    """The statements of one file."""

    items = List(Nested(StatementOut))


class ProposalIn(StrictSchema):
    """What an unmatched movement was."""

    proposal = String(required=True, validate=OneOf(["match", "give_back", "charge"]))
    payment_reference = String(load_default=None, validate=Length(max=20))
    note = String(load_default=None, validate=Length(max=300))


class DisagreementIn(StrictSchema):
    """Why the second person disagrees."""

    reason = String(required=True, validate=Length(3, 300))


class BankLineOut(StrictSchema):
    """One movement of a statement and what became of it."""

    id = UUID()
    amount = MoneyField(allow_negative=True)
    booked_on = Date()
    reference = String()
    text = String()
    other_party = String()
    status = String()
    matched_id = UUID(allow_none=True)
    proposal = String(allow_none=True)
    note = String(allow_none=True)


class BankLinesOut(StrictSchema):
    """Movements that wait for two people."""

    items = List(Nested(BankLineOut))


class ReconciliationOut(StrictSchema):
    """The books compared with the bank and with Stripe."""

    id = UUID()
    made_at = DateTime()
    agrees = Boolean()
    figures = List(Dict())
    differences = List(Dict())


class FeesIn(StrictSchema):
    """The day whose schedule of charges is asked for."""

    on = Date(load_default=None)


class CreditIn(StrictSchema):
    """Why a charge is corrected."""

    reason = String(required=True, validate=Length(3, 500))


class InvoiceOut(StrictSchema):
    """An invoice or credit note; gross is net and tax together."""

    id = UUID()
    number = String(attribute="label")
    kind = String()
    issued_on = Date()
    supplier_id = UUID()
    customer_id = UUID()
    subject_id = UUID()
    charge = String()
    net = MoneyField()
    tax = MoneyField()
    gross = MoneyField()
    tax_code = String()
    tax_bps = Integer()
    tax_source = String()
    credits_id = UUID(allow_none=True)
    reason = String()


class InvoicesOut(StrictSchema):
    """A page of invoices and the cursor of the next."""

    items = List(Nested(InvoiceOut))
    next = String(allow_none=True)


class DisputeOut(StrictSchema):
    """A card payment the payer wants back; withdrawn says whether Stripe took the money off the balance."""

    id = UUID()
    collection_id = UUID()
    amount = MoneyField()
    reason = String()
    withdrawn = Boolean()
    status = String()
    opened_at = DateTime()
    ended_at = DateTime(allow_none=True)


class DisputesOut(StrictSchema):
    """The disputes of the marketplace."""

    items = List(Nested(DisputeOut))
