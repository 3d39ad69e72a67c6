"""What goes in and out of requests for quotation and negotiated tenders."""

from apiflask.fields import UUID, Boolean, DateTime, Integer, List, NaiveDateTime, Nested, String
from apiflask.validators import Length

from marketplace.core.http import MoneyField, StrictSchema


class RequestIn(StrictSchema):
    """What is asked, of whom, until when."""

    listing_ids = List(UUID(), required=True, validate=Length(1, 30))
    question = String(required=True, validate=Length(1, 4000))
    ends_at = DateTime(required=True, format="iso")


class RequestForm(StrictSchema):
    """The same typed into a form: numbers or listing addresses, one a line; Beijing time."""

    listings = String(required=True, validate=Length(1, 4000))
    question = String(required=True, validate=Length(1, 4000))
    ends_at = NaiveDateTime(required=True)


class TenderIn(StrictSchema):
    """Who is invited, by registration number, to quote for an own listing."""

    numbers = List(String(validate=Length(1, 40)), required=True, validate=Length(1, 30))
    question = String(required=True, validate=Length(1, 4000))
    ends_at = DateTime(required=True, format="iso")


class TenderForm(StrictSchema):
    """The same typed into a form: one number a line; Beijing time."""

    numbers = String(required=True, validate=Length(1, 2000))
    question = String(required=True, validate=Length(1, 4000))
    ends_at = NaiveDateTime(required=True)


class QuoteIn(StrictSchema):
    """A price and own words."""

    price = MoneyField(required=True, allow_zero=False)
    special_terms = String(load_default="", validate=Length(max=4000))


class QuoteForm(StrictSchema):
    """The same typed into a form."""

    amount = String(required=True, validate=Length(1, 24))
    special_terms = String(load_default="", validate=Length(max=4000))


class FinalRoundIn(StrictSchema):
    """Until when best and final quotes are taken."""

    ends_at = DateTime(required=True, format="iso")


class FinalRoundForm(StrictSchema):
    """The same from a form, in Beijing time."""

    ends_at = NaiveDateTime(required=True)


class ChoiceIn(StrictSchema):
    """The quote picked, as the asker read it, and why; in a tender also whose it is."""

    listing_id = UUID(required=True)
    buyer_id = UUID(load_default=None, allow_none=True)
    version = Integer(required=True)
    reason = String(required=True, validate=Length(2, 1000))


class QuoteOut(StrictSchema):
    """One version of a quote."""

    version = Integer()
    price = MoneyField()
    special_terms = String()
    final = Boolean()
    made_at = DateTime()
    valid_until = DateTime()


class SeatOut(StrictSchema):
    """One invited listing and its answer."""

    listing_id = UUID()
    asset_id = UUID()
    seller_id = UUID()
    buyer_id = UUID()
    status = String()
    reason = String()
    quotes = List(Nested(QuoteOut))


class RequestOut(StrictSchema):
    """A request for quotation as this reader may see it."""

    id = UUID()
    asker_id = UUID()
    is_tender = Boolean()
    question = String()
    status = String()
    asked_at = DateTime()
    ends_at = DateTime()
    end_reason = String()
    deal_id = UUID(allow_none=True)
    seats = List(Nested(SeatOut))


class RequestListOut(StrictSchema):
    """Several requests."""

    items = List(Nested(RequestOut))
