"""What goes in and out of enforcement sales."""

from apiflask import Schema
from apiflask.fields import UUID, Date, DateTime, Enum, List, Nested, String
from apiflask.validators import Length

from marketplace.core.http import AmountField, MoneyField, StrictSchema
from marketplace.deals.enforcement_rules import SaleRound
from marketplace.deals.enforcement_sales import SaleStatus


class SaleForm(StrictSchema):
    """A round to be prepared, typed into a form, in yuan."""

    listing_id = UUID(required=True)
    previous_id = String(load_default="", validate=Length(max=40))
    appraisal = AmountField(required=True)
    appraised_on = Date(required=True)
    appraiser = String(required=True, validate=Length(2, 200))
    basis = String(required=True, validate=Length(2, 1000))
    taxes = String(required=True, validate=Length(2, 1000))


class SaleIn(StrictSchema):
    """A round to be prepared."""

    listing_id = UUID(required=True)
    previous_id = UUID(load_default=None, allow_none=True)
    appraisal = MoneyField(required=True, allow_zero=False)
    appraised_on = Date(required=True)
    appraiser = String(required=True, validate=Length(2, 200))
    basis = String(required=True, validate=Length(2, 1000))
    taxes = String(required=True, validate=Length(2, 1000))


class SaleOut(Schema):
    """A round as announced."""

    id = UUID()
    asset_id = UUID()
    listing_id = UUID()
    previous_id = UUID(allow_none=True)
    round = Enum(SaleRound, by_value=True)
    status = Enum(SaleStatus, by_value=True)
    appraisal = MoneyField()
    appraised_on = Date()
    appraiser = String()
    basis = String()
    taxes = String()
    planned_at = DateTime()
    noticed_at = DateTime(allow_none=True)
    ended_at = DateTime(allow_none=True)


class SalesOut(Schema):
    """Several rounds."""

    items = List(Nested(SaleOut))
