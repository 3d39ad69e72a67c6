"""What goes in and out of cross-licences."""

from apiflask import Schema
from apiflask.fields import UUID, Date, DateTime, Dict, Enum, Integer, List, Nested, String
from apiflask.validators import Length, Range

from marketplace.core.http import StrictSchema
from marketplace.deals.cross_licences import CrossLicenceStatus


class CrossLicenceIn(StrictSchema):
    """The two rights and the scope both licences share; an empty scope is the whole, no term the life of the right."""

    own_asset_id = UUID(required=True)
    other_asset_id = UUID(required=True)
    territory = List(String(validate=Length(1, 40)), load_default=list, validate=Length(max=60))
    fields_of_use = List(String(validate=Length(1, 200)), load_default=list, validate=Length(max=60))
    term_months = Integer(load_default=None, allow_none=True, validate=Range(1, 600))
    special_terms = String(load_default="", validate=Length(max=4000))


class CrossLicenceForm(StrictSchema):
    """The same typed into a form: the other right by its number, lists separated by commas."""

    own_asset_id = UUID(required=True)
    other_number = String(required=True, validate=Length(3, 60))
    territory = String(load_default="", validate=Length(max=400))
    fields_of_use = String(load_default="", validate=Length(max=1000))
    term_months = Integer(load_default=None, validate=Range(1, 600))
    special_terms = String(load_default="", validate=Length(max=4000))


class CrossLicenceOut(Schema):
    """A cross-licence as its two sides see it."""

    id = UUID()
    proposer_id = UUID()
    other_id = UUID()
    first_asset_id = UUID()
    second_asset_id = UUID()
    terms = Dict()
    status = Enum(CrossLicenceStatus, by_value=True)
    proposed_at = DateTime()
    due_at = DateTime(allow_none=True)
    contract_file_id = UUID(allow_none=True)
    envelope_id = UUID(allow_none=True)
    first_licence_id = UUID(allow_none=True)
    second_licence_id = UUID(allow_none=True)
    record_by = Date(allow_none=True)
    first_recorded_at = DateTime(allow_none=True)
    second_recorded_at = DateTime(allow_none=True)
    end_reason = String()


class CrossLicencesOut(Schema):
    """Several of them."""

    items = List(Nested(CrossLicenceOut))
