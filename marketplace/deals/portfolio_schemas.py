"""What goes in and out of portfolio lots."""

from apiflask import Schema
from apiflask.fields import UUID, Boolean, DateTime, Integer, List, NaiveDateTime, Nested, String
from apiflask.validators import Length, Range

from marketplace.core.fields import AmountField
from marketplace.core.http import MoneyField, StrictSchema
from marketplace.deals.portfolio_lots import MOST_ASSETS
from marketplace.deals.portfolio_rules import MOST_PARTS

NUMBER = Range(1, MOST_PARTS)


class PortfolioIn(StrictSchema):
    """Own draft listings to be sold as one lot, in the order of their parts; each keeps its start price."""

    listing_ids = List(UUID(), required=True, validate=Length(2, MOST_ASSETS))
    opens_at = DateTime(required=True, format="iso")
    closes_at = DateTime(required=True, format="iso")
    deposit = MoneyField(load_default=None, allow_none=True)


class PortfolioForm(StrictSchema):
    """The same as a form sends it; the deposit is in yuan, times are Beijing time."""

    listing_ids = List(UUID(), required=True, validate=Length(2, MOST_ASSETS))
    opens_at = NaiveDateTime(required=True)
    closes_at = NaiveDateTime(required=True)
    deposit = AmountField(load_default=None)


class PackageIn(StrictSchema):
    """The parts the bid is for, together, and its amount."""

    parts = List(Integer(validate=NUMBER), required=True, validate=Length(1, MOST_PARTS))
    amount = MoneyField(required=True, allow_zero=False)


class PackageForm(StrictSchema):
    """The same as a form sends it, in the lot's currency."""

    parts = List(Integer(validate=NUMBER), required=True, validate=Length(1, MOST_PARTS))
    amount = String(required=True, validate=Length(1, 24))


class PackageQuery(StrictSchema):
    """The parts somebody thinks of bidding for."""

    parts = List(Integer(validate=NUMBER), required=True, validate=Length(1, MOST_PARTS))


class PlacedPackageOut(Schema):
    """An accepted bid for parts, with what proves it."""

    id = UUID()
    auction_id = UUID()
    sequence = Integer()
    parts = List(Integer())
    amount = MoneyField()
    bidder_code = String()
    placed_at = DateTime()
    closes_at = DateTime()
    hash = String()
    receipt_id = UUID(allow_none=True)
    leads = Boolean()


class PackageQuoteOut(Schema):
    """The standing bid for exactly these parts, the smallest next one, and what it takes to be among the winners now."""

    parts = List(Integer())
    standing = MoneyField(allow_none=True)
    minimum = MoneyField()
    to_lead = MoneyField()


class LotAssetOut(Schema):
    """One asset of the lot."""

    asset_id = UUID()
    listing_id = UUID()
    status = String()
    start = MoneyField()
    winner_code = String(allow_none=True)
    price = MoneyField(allow_none=True)


class PartOut(Schema):
    """One part: what is never split."""

    number = Integer()
    start = MoneyField()
    assets = List(Nested(LotAssetOut))
    quote = Nested(PackageQuoteOut)


class LeadingOut(Schema):
    """One bid of the combination that leads."""

    bidder = String()
    parts = List(Integer(), attribute="numbers")
    amount = MoneyField()
    sequence = Integer(attribute="place")


class PortfolioOut(Schema):
    """The parts of a lot, the whole, and the bids that win together (for now, or at the close)."""

    parts = List(Nested(PartOut))
    whole = Nested(PackageQuoteOut)
    leading = List(Nested(LeadingOut))
