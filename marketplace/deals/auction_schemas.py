"""What goes in and out of lots and bids."""

from apiflask.fields import UUID, Boolean, DateTime, Dict, Integer, List, Nested, String
from apiflask.validators import Length, OneOf

from marketplace.core.http import MoneyField, StrictSchema


class BidIn(StrictSchema):
    """The amount the bidder names, no more and no less."""

    amount = MoneyField(required=True, allow_zero=False)


class BidForm(StrictSchema):
    """The same as typed into a form, in the lot's currency."""

    amount = String(required=True, validate=Length(1, 24))


class RegistrationIn(StrictSchema):
    """How the deposit is paid if it is not available yet."""

    method = String(load_default="bank_transfer", validate=OneOf(["card", "bank_transfer"]))


class NothingIn(StrictSchema):
    """An act without particulars."""


class BidOut(StrictSchema):
    """An accepted bid, with what proves it."""

    id = UUID()
    auction_id = UUID()
    sequence = Integer()
    amount = MoneyField()
    bidder_code = String()
    placed_at = DateTime()
    closes_at = DateTime()
    hash = String()
    receipt_id = UUID()


class BidderOut(StrictSchema):
    """A registration on a lot."""

    id = UUID()
    auction_id = UUID()
    code = String()
    status = String()
    collection_id = UUID(allow_none=True)


class AuctionOut(StrictSchema):
    """A lot as everybody sees it; the reserve only as met or not."""

    id = UUID()
    listing_id = UUID()
    asset_id = UUID()
    status = String()
    start = MoneyField()
    high = MoneyField(allow_none=True)
    leader_code = String(allow_none=True)
    bid_count = Integer()
    minimum_acceptable = MoneyField()
    deposit = MoneyField()
    buy_now = MoneyField(allow_none=True)
    has_reserve = Boolean()
    reserve_met = Boolean()
    opens_at = DateTime()
    closes_at = DateTime()
    winner_code = String(allow_none=True)
    price = MoneyField(allow_none=True)
    terms = Dict()


class AuctionPageOut(StrictSchema):
    """A page of lots and the cursor of the next."""

    items = List(Nested(AuctionOut))
    next = String(allow_none=True)


class LogOut(StrictSchema):
    """The published log: save it and replay it with ``flask auctions replay``."""

    auction_id = String()
    status = String()
    terms = Dict()
    reserve = Dict(allow_none=True)
    events = List(Dict())
    head = String()
