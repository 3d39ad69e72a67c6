"""What goes in and out of listings and search."""

from typing import Any

from apiflask import Schema
from apiflask.fields import (
    UUID,
    Boolean,
    Date,
    DateTime,
    Decimal,
    Dict,
    Enum,
    Float,
    Integer,
    List,
    NaiveDateTime,
    Nested,
    String,
)
from apiflask.validators import Length, OneOf, Range
from marshmallow import post_load

from marketplace.core.http import AmountField, MoneyField, StrictSchema
from marketplace.listings.saved_searches import Cadence
from marketplace.listings.terms import LOT_FORMATS, Exclusivity, FeeScheme, ListingMode, RoyaltyBase


class StepIn(StrictSchema):
    """One row of a table of bid steps; the last row has no upper end."""

    below = String(load_default=None, allow_none=True, validate=Length(max=24))
    step = String(required=True, validate=Length(max=24))


class PriorityHolderIn(StrictSchema):
    """Somebody who may buy at an equal price; a smaller rank goes first."""

    organisation_id = UUID(required=True)
    rank = Integer(strict=True, required=True, validate=Range(1, 100))


class LotRulesIn(StrictSchema):
    """The rules of an auction beside price and times; amounts are plain decimals in the price's currency."""

    format = String(load_default="english", validate=OneOf(LOT_FORMATS))
    increments = List(Nested(StepIn), validate=Length(max=20))
    buy_now = String(allow_none=True, validate=Length(max=24))
    reserve_public = Boolean()
    proxy = Boolean()
    priority_holders = List(Nested(PriorityHolderIn), validate=Length(max=20))
    soft_close_window_seconds = Integer(strict=True, validate=Range(0, 86_400))
    soft_close_extension_seconds = Integer(strict=True, validate=Range(1, 86_400))
    max_extension_seconds = Integer(strict=True, allow_none=True, validate=Range(0, 604_800))
    step_bps = Integer(strict=True, validate=Range(1, 5_000))
    step_seconds = Integer(strict=True, validate=Range(1, 604_800))
    floor = String(allow_none=True, validate=Length(max=24))
    pause_seconds = Integer(strict=True, validate=Range(0, 86_400))
    sealed_seconds = Integer(strict=True, validate=Range(1, 604_800))
    best_bid_seconds = Integer(strict=True, validate=Range(1, 604_800))

    @post_load
    def as_stored(self, given: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """Identifiers as text, as JSON keeps them."""
        holders = given.get("priority_holders", [])
        if holders:
            given["priority_holders"] = [{**one, "organisation_id": str(one["organisation_id"])} for one in holders]
        return given


class TermsIn(StrictSchema):
    """The terms of a listing."""

    mode = Enum(ListingMode, by_value=True, required=True)
    summary = String(load_default="", validate=Length(max=4000))
    price = MoneyField(allow_zero=False, load_default=None, allow_none=True)
    reserve = MoneyField(allow_zero=False, load_default=None, allow_none=True)
    deposit = MoneyField(allow_zero=False, load_default=None, allow_none=True)
    lot_rules = Nested(LotRulesIn, load_default=dict)
    opens_at = DateTime(load_default=None, allow_none=True, format="iso")
    closes_at = DateTime(load_default=None, allow_none=True, format="iso")
    exclusivity = Enum(Exclusivity, by_value=True, load_default=None, allow_none=True)
    territory = List(String(validate=Length(2, 12)), load_default=list, validate=Length(max=60))
    fields_of_use = List(String(validate=Length(1, 80)), load_default=list, validate=Length(max=40))
    term_months = Integer(strict=True, load_default=None, allow_none=True, validate=Range(1, 600))
    fee_scheme = Enum(FeeScheme, by_value=True, load_default=None, allow_none=True)
    royalty_bps = Integer(strict=True, load_default=None, allow_none=True, validate=Range(1, 10_000))
    royalty_base = Enum(RoyaltyBase, by_value=True, load_default=None, allow_none=True)
    ceiling_reason = String(load_default="", validate=Length(max=1000))
    financing_welcome = Boolean(load_default=False)


class ListingIn(TermsIn):
    """A new listing."""

    asset_id = UUID(required=True)


class DueDiligenceIn(StrictSchema):
    """The five answers; a question without an answer is marked not available."""

    title = String(load_default="", validate=Length(max=4000))
    fees = String(load_default="", validate=Length(max=4000))
    burdens = String(load_default="", validate=Length(max=4000))
    validity = String(load_default="", validate=Length(max=4000))
    inventors = String(load_default="", validate=Length(max=4000))
    title_not_available = Boolean(load_default=False)
    fees_not_available = Boolean(load_default=False)
    burdens_not_available = Boolean(load_default=False)
    validity_not_available = Boolean(load_default=False)
    inventors_not_available = Boolean(load_default=False)


class ReasonIn(StrictSchema):
    """Why the operator acts."""

    reason = String(required=True, validate=Length(1, 1000))


class SavedSearchIn(StrictSchema):
    """A search to be kept."""

    name = String(load_default="", validate=Length(max=120))
    query = String(load_default="", validate=Length(max=2000))
    filters = Dict(keys=String(), values=List(String(validate=Length(max=80))), load_default=dict)
    cadence = Enum(Cadence, by_value=True, load_default=Cadence.DAILY)


class ListingOut(Schema):
    """A listing as the outside sees it; the reserve is never shown."""

    id = UUID()
    asset_id = UUID()
    organisation_id = UUID()
    mode = Enum(ListingMode, by_value=True)
    status = String()
    status_reason = String()
    summary = String()
    price = MoneyField()
    deposit = MoneyField()

    opens_at = DateTime()
    closes_at = DateTime()
    exclusivity = Enum(Exclusivity, by_value=True)
    territory = List(String())
    fields_of_use = List(String())
    term_months = Integer()
    fee_scheme = Enum(FeeScheme, by_value=True)
    royalty_bps = Integer()
    royalty_base = Enum(RoyaltyBase, by_value=True)
    financing_welcome = Boolean()
    due_diligence = Dict()
    version = Integer()
    published_at = DateTime()


class ListingsOut(Schema):
    """Several listings."""

    items = List(Nested(ListingOut))


class VersionOut(Schema):
    """One version of a listing's terms."""

    number = Integer()
    terms = Dict()
    changes = Dict()
    changed_at = DateTime()


class VersionsOut(Schema):
    """The versions of a listing."""

    items = List(Nested(VersionOut))


class SavedSearchOut(Schema):
    """A saved search."""

    id = UUID()
    name = String()
    query = String()
    filters = Dict()
    cadence = Enum(Cadence, by_value=True)


class SavedSearchesOut(Schema):
    """One's own saved searches."""

    items = List(Nested(SavedSearchOut))


class FoundOut(Schema):
    """One result."""

    asset_id = UUID()
    score = Float()
    label = String()
    title = Dict()
    kind = String()
    status = String()
    status_on = Date()
    expires_on = Date()
    owners = List(String())
    pledged = Boolean()
    listings = List(Dict())


class SearchOut(Schema):
    """One page of results with the counts to refine it."""

    items = List(Nested(FoundOut))
    total = Integer()
    facets = Dict()
    next = String()
    milliseconds = Float()
    sort = String()
    truncated = Boolean()
    estimated = Boolean()


class SimilarAssetOut(Schema):
    """An asset about the same thing and why."""

    asset_id = UUID()
    label = String()
    title = Dict()
    likeness = Float()
    words = List(String())
    classes = List(String())


class SimilarAssetsOut(Schema):
    """The most alike assets; trained_at is null where nothing was learned yet."""

    items = List(Nested(SimilarAssetOut))
    trained_at = String(allow_none=True)


class TermsForm(StrictSchema):
    """The terms as a form sends them; amounts are yuan, times are Beijing time."""

    price = AmountField(load_default=None)
    reserve = AmountField(load_default=None)
    deposit = AmountField(load_default=None)
    format = String(load_default="english", validate=OneOf(LOT_FORMATS))
    buy_now = AmountField(load_default=None)
    bid_step = AmountField(load_default=None)
    reserve_public = Boolean(load_default=False)
    proxy = Boolean(load_default=False)
    floor = AmountField(load_default=None)
    fall_percent = Decimal(load_default=None, validate=Range(0, 50, min_inclusive=False))
    fall_minutes = Integer(load_default=None, validate=Range(1, 10_000))
    opens_at = NaiveDateTime(load_default=None)
    closes_at = NaiveDateTime(load_default=None)
    exclusivity = Enum(Exclusivity, by_value=True, load_default=None)
    fee_scheme = Enum(FeeScheme, by_value=True, load_default=None)
    royalty_percent = Decimal(load_default=None, validate=Range(0, 100, min_inclusive=False))
    royalty_base = Enum(RoyaltyBase, by_value=True, load_default=None)
    term_months = Integer(load_default=None, validate=Range(1, 600))
    territory = String(load_default="", validate=Length(max=400))
    fields_of_use = String(load_default="", validate=Length(max=1000))
    ceiling_reason = String(load_default="", validate=Length(max=1000))
    summary = String(load_default="", validate=Length(max=4000))
    financing_welcome = Boolean(load_default=False)


class ListingForm(TermsForm):
    """A new listing as a form."""

    asset_id = UUID(required=True)
    mode = Enum(ListingMode, by_value=True, required=True)


class DueDiligenceForm(DueDiligenceIn):
    """The five answers as a form."""


class SavedSearchForm(StrictSchema):
    """A search to be kept, as a form sends it."""

    name = String(load_default="", validate=Length(max=120))
    query = String(load_default="", validate=Length(max=2000))
    filter = List(String(validate=Length(max=200)), load_default=list)
    cadence = Enum(Cadence, by_value=True, load_default=Cadence.DAILY)
