"""What goes in and out of negotiations and deals."""

from apiflask.fields import UUID, Boolean, Date, DateTime, Dict, Integer, List, Nested, String
from apiflask.validators import Length

from marketplace.core.http import MoneyField, StrictSchema


class OfferIn(StrictSchema):
    """A price and the offerer's own words."""

    price = MoneyField(required=True, allow_zero=False)
    special_terms = String(load_default="", validate=Length(max=4000))
    expires_at = DateTime(load_default=None, allow_none=True, format="iso")


class CounterIn(OfferIn):
    """An answer to the version the actor read."""

    version = Integer(required=True, strict=True)


class OfferForm(StrictSchema):
    """The same as typed into a form, in the listing's currency."""

    amount = String(required=True, validate=Length(1, 24))
    special_terms = String(load_default="", validate=Length(max=4000))
    version = Integer(load_default=None, allow_none=True)


class VersionIn(StrictSchema):
    """The version the actor decides on."""

    version = Integer(required=True)


class DecisionIn(VersionIn):
    """A decision with its reason."""

    reason = String(required=True, validate=Length(2, 1000))


class ReasonIn(StrictSchema):
    """Why."""

    reason = String(required=True, validate=Length(2, 1000))


class MessageIn(StrictSchema):
    """A message with attachments."""

    text = String(required=True, validate=Length(1, 4000))
    file_ids = List(UUID(), load_default=list, validate=Length(max=10))


class MessageForm(StrictSchema):
    """A message typed into a form."""

    text = String(required=True, validate=Length(1, 4000))


class StepIn(StrictSchema):
    """A step that was done, and the document that proves it."""

    file_id = UUID(load_default=None, allow_none=True)
    note = String(load_default="", validate=Length(max=1000))


class NoteForm(StrictSchema):
    """A remark on a step."""

    note = String(load_default="", validate=Length(max=1000))


class PayoffIn(StrictSchema):
    """What a pledgee is owed."""

    encumbrance_id = UUID(required=True)
    outstanding = MoneyField(required=True)
    reference = String(load_default="", validate=Length(max=200))


class PayoffForm(StrictSchema):
    """The same as typed into a form, in the deal's currency."""

    amount = String(required=True, validate=Length(1, 24))
    reference = String(load_default="", validate=Length(max=200))


class FilingIn(StrictSchema):
    """An application to the office."""

    number = String(required=True, validate=Length(1, 120))
    filed_on = Date(required=True)
    file_id = UUID(required=True)


class FilingForm(StrictSchema):
    """The same with the document uploaded in the form."""

    number = String(required=True, validate=Length(1, 120))
    filed_on = Date(required=True)


class ProofIn(StrictSchema):
    """The office's document."""

    file_id = UUID(required=True)


class RefusalIn(StrictSchema):
    """The office's refusal."""

    reason = String(required=True, validate=Length(2, 1000))
    file_id = UUID(required=True)


class NothingIn(StrictSchema):
    """An act without particulars."""


class OfferOut(StrictSchema):
    """One version of an offer."""

    id = UUID()
    version = Integer()
    by_organisation_id = UUID()
    price = MoneyField()
    terms = Dict()
    status = String()
    made_at = DateTime()
    expires_at = DateTime()
    reason = String()


class NegotiationOut(StrictSchema):
    """The talks about one listing."""

    id = UUID()
    listing_id = UUID()
    asset_id = UUID()
    seller_id = UUID()
    buyer_id = UUID()
    status = String()
    offers = List(Nested(OfferOut))


class NegotiationListOut(StrictSchema):
    """Talks, newest first."""

    items = List(Nested(NegotiationOut))


class MessageOut(StrictSchema):
    """A message."""

    id = UUID()
    by_organisation_id = UUID()
    text = String()
    file_ids = List(String())
    names_contact = Boolean()
    sent_at = DateTime()


class ClosingStepOut(StrictSchema):
    """A step of the checklist."""

    id = UUID()
    code = String()
    party = String()
    subject_id = UUID(allow_none=True)
    needs_document = Boolean()
    due_on = Date()
    done_at = DateTime(allow_none=True)
    file_id = UUID(allow_none=True)


class LineOut(StrictSchema):
    """A line of the release."""

    step = String()
    receiver_id = UUID(allow_none=True)
    amount = MoneyField()


class DealPaymentOut(StrictSchema):
    """What the buyer is asked to pay."""

    id = UUID()
    purpose = String()
    method = String()
    amount = MoneyField()
    status = String()
    reference = String()


class DealOut(StrictSchema):
    """A deal as it stands."""

    id = UUID()
    listing_id = UUID()
    asset_id = UUID()
    seller_id = UUID()
    buyer_id = UUID()
    kind = String()
    price = MoneyField()
    deposit = MoneyField()
    fee = MoneyField()
    terms = Dict()
    origin = String()
    status = String()
    due_at = DateTime(allow_none=True)
    contract_file_id = UUID(allow_none=True)
    envelope_id = UUID(allow_none=True)
    recordal_number = String()
    end_reason = String()


class DealViewOut(StrictSchema):
    """A deal with its checklist, payments, held money and planned release."""

    deal = Nested(DealOut)
    steps = List(Nested(ClosingStepOut))
    payments = List(Nested(DealPaymentOut))
    held = MoneyField()
    release = List(Nested(LineOut))
    filing_pack = Dict(allow_none=True)


class DealListOut(StrictSchema):
    """Deals, newest first."""

    items = List(Nested(DealOut))
