"""What goes in and out of lots and bids."""

from apiflask.fields import UUID, Boolean, DateTime, Dict, Integer, List, Nested, String
from apiflask.validators import Length, OneOf, Range

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
    leads = Boolean()


class StageIn(StrictSchema):
    """The stage whose price the bidder saw and accepts."""

    stage = Integer(strict=True, required=True, validate=Range(0, 1_000_000))


class StageForm(StrictSchema):
    """The same from a form."""

    stage = Integer(required=True, validate=Range(0, 1_000_000))


class ShareIn(StrictSchema):
    """An opening officer's own private key."""

    private_key = String(required=True, validate=Length(64, 80))


class EnvelopeOut(StrictSchema):
    """A lodged envelope: its commitment must appear in the published log; the amount is nowhere."""

    id = UUID()
    auction_id = UUID()
    sequence = Integer()
    commitment = String()
    bidder_code = String()
    lodged_at = DateTime()
    hash = String()
    receipt_id = UUID(allow_none=True)


class LineOut(StrictSchema):
    """One line of the log."""

    id = UUID()
    auction_id = UUID()
    sequence = Integer()
    kind = String()
    bidder_code = String(allow_none=True)
    amount = MoneyField(allow_none=True)
    occurred_at = DateTime()
    hash = String()


class AskingOut(StrictSchema):
    """What a falling lot costs now, and when it falls again."""

    stage = Integer()
    price = MoneyField()
    falls_at = DateTime()


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
    format = String()
    proxy = Boolean()
    public_reserve = MoneyField(allow_none=True)
    opening_key = String(allow_none=True)
    terms_version = Integer()
    asking = Nested(AskingOut, allow_none=True)
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
    earlier_terms = List(Dict())
    reserve = Dict(allow_none=True)
    events = List(Dict())
    head = String()
