"""What goes in and out of valuation."""

import json
from datetime import UTC
from decimal import Decimal as Number
from typing import Any

from apiflask import Schema
from apiflask.fields import (
    UUID,
    AwareDateTime,
    Date,
    DateTime,
    Decimal,
    Dict,
    Function,
    Integer,
    List,
    Nested,
    String,
)
from apiflask.validators import Length, OneOf, Range
from marshmallow import ValidationError

from marketplace.core.http import AmountField, MoneyField, StrictSchema
from marketplace.core.i18n import _l
from marketplace.valuation.appraisals import Basis
from marketplace.valuation.sales import Purpose

MOST = Number(10) ** 13
_purposes = OneOf([purpose.value for purpose in Purpose])


def amount() -> Decimal:
    return Decimal(load_default=None, allow_none=True, places=2, validate=Range(0, MOST), as_string=True)


class IndicationIn(StrictSchema):
    """What a value is wanted for, and what the asker can state; everything but the purpose may be unknown."""

    purpose = String(required=True, validate=_purposes)
    industry = String(load_default=None, allow_none=True, validate=Length(max=40))
    revenue = amount()
    development_cost = amount()
    protection_cost = amount()
    discount_bps = Integer(load_default=None, allow_none=True, validate=Range(100, 10_000))
    economic_life_years = Integer(load_default=None, allow_none=True, validate=Range(1, 20))
    as_of = AwareDateTime(load_default=None, allow_none=True, default_timezone=UTC)


class WhatIfIn(StrictSchema):
    """A reader's own assumptions."""

    revenue = amount()
    royalty_bps = Integer(load_default=500, validate=Range(0, 5_000))
    discount_bps = Integer(load_default=2_000, validate=Range(100, 10_000))
    tax_bps = Integer(load_default=2_500, validate=Range(0, 6_000))
    years = Integer(load_default=10, validate=Range(1, 40))
    policy_cap_bps = Integer(load_default=3_000, validate=Range(0, 10_000))
    sale_cost_bps = Integer(load_default=1_000, validate=Range(0, 10_000))
    months_to_sell = Integer(load_default=9, validate=Range(0, 120))


class IndicationOut(Schema):
    """An indication with everything behind it."""

    id = UUID()
    asset_id = UUID()
    purpose = Function(lambda indication: indication.purpose.value)
    basis = Function(lambda _indication: "platform_indication")
    low = MoneyField()
    middle = MoneyField()
    high = MoneyField()
    as_of = DateTime()
    method = String()
    model_version = String()
    inputs_hash = String()
    reasons = List(Dict())
    unknowns = List(String())
    snapshot = Dict()
    answer = Dict()


class IndicationPageOut(Schema):
    """Indications of one asset, newest first."""

    items = List(Nested(IndicationOut))


class WhatIfOut(Schema):
    """What the formulas give; not a valuation."""

    not_a_valuation = Function(lambda _what_if: True)
    royalty_value = MoneyField(allow_none=True)
    lending_amount = MoneyField(attribute="lending.amount")
    binding_term = String(attribute="lending.binding_term")


class IndicatorTableIn(StrictSchema):
    """A new version of the indicator table; start from the one in force."""

    content = Dict(required=True)
    reason = String(required=True, validate=Length(1, 1000))


class WrittenTable(String):
    """A table pasted as JSON."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            table = json.loads(super()._deserialize(value, attr, data, **kwargs))
        except ValueError as error:
            raise ValidationError(_l("This is not JSON.")) from error
        if not isinstance(table, dict):
            raise ValidationError(_l("This is not JSON."))
        return table


class IndicatorTableForm(StrictSchema):
    """The same as pasted into the page."""

    content = WrittenTable(required=True)
    reason = String(required=True, validate=Length(1, 1000))


class IndicatorTableOut(Schema):
    """A version of the indicator table."""

    version = String()
    content = Dict()


class AppraisalIn(StrictSchema):
    """A value from elsewhere."""

    basis = String(required=True, validate=OneOf([basis.value for basis in Basis]))
    purpose = String(required=True, validate=_purposes)
    appraiser = String(required=True, validate=Length(1, 200))
    value = MoneyField(required=True, allow_zero=False)
    valued_on = Date(required=True)
    file_id = UUID(load_default=None, allow_none=True)


class AppraisalForm(StrictSchema):
    """The same as typed into the page; the report comes as a file."""

    basis = String(required=True, validate=OneOf([basis.value for basis in Basis]))
    purpose = String(required=True, validate=_purposes)
    appraiser = String(required=True, validate=Length(1, 200))
    value = AmountField(required=True)
    valued_on = Date(required=True)


class AppraisalOut(Schema):
    """A value from elsewhere, as kept."""

    id = UUID()
    asset_id = UUID()
    basis = Function(lambda appraisal: appraisal.basis.value)
    purpose = Function(lambda appraisal: appraisal.purpose.value)
    appraiser = String()
    value = MoneyField()
    valued_on = Date()
    file_id = UUID(allow_none=True)


class AppraisalPageOut(Schema):
    """Values from elsewhere for one asset."""

    items = List(Nested(AppraisalOut))


class BatchIn(StrictSchema):
    """Many rights to value for one purpose."""

    purpose = String(required=True, validate=_purposes)
    asset_ids = List(UUID(), required=True, validate=Length(1, 100_000))


class BatchOut(Schema):
    """How far a batch is."""

    id = UUID()
    purpose = Function(lambda batch: batch.purpose.value)
    status = Function(lambda batch: batch.status.value)
    as_of = DateTime()
    total = Integer()
    done = Integer()
    refused = Integer()
    refusals = Dict()


class BatchValueOut(Schema):
    """One right's range in a batch."""

    asset_id = UUID()
    low = MoneyField()
    middle = MoneyField()
    high = MoneyField()


class BatchValuesOut(Schema):
    """Ranges of a batch in order of the rights; ask again after the last one."""

    items = List(Nested(BatchValueOut))


class PortfolioValueOut(Schema):
    """The rights of a batch together in one currency, families counted once."""

    rights = Integer()
    families = Integer()
    low = MoneyField()
    middle = MoneyField()
    high = MoneyField()


class PortfolioOut(Schema):
    """One line for each currency."""

    items = List(Nested(PortfolioValueOut))


class BatchValuesIn(StrictSchema):
    """Where to go on, and how many."""

    after = UUID(load_default=None)
    limit = Integer(load_default=100, validate=Range(1, 200))


def inputs_of(given: dict[str, Any]) -> dict[str, Any]:
    """The asker's statements without the purpose and the day."""
    return {name: value for name, value in given.items() if name not in ("purpose", "as_of")}
