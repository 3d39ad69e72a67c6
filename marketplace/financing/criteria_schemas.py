"""How a bank's lending rules go in and out, by the API and by the form."""

from typing import Any

from apiflask.fields import UUID, Boolean, DateTime, Dict, Integer, List, Nested, Raw, String
from apiflask.validators import Length, Range
from marshmallow import ValidationError, post_load

from marketplace.core.http import AmountField, MoneyField, StrictSchema
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.registry.assets import AssetKind
from marketplace.registry.fields_of_use import field_key

KINDS = [kind.value for kind in AssetKind]


class Limits(StrictSchema):
    """Terms and certainty; months, basis points."""

    least_months = Integer(load_default=1, validate=Range(1, 60))
    most_months = Integer(load_default=36, validate=Range(1, 60))
    certainty_bps = Integer(load_default=0, validate=Range(0, 10_000))


class PriceIn(StrictSchema):
    """The yearly rate up to a loan over value, both in basis points."""

    up_to_ltv_bps = Integer(required=True, validate=Range(1, 6_000))
    rate_bps = Integer(required=True, validate=Range(0, 3_600))


class CriteriaIn(Limits):
    """A bank's rules."""

    caps_bps = Dict(keys=String(validate=Length(1, 40)), values=Integer(validate=Range(1, 6_000)), required=True)
    prices = List(Nested(PriceIn), required=True, validate=Length(1, 20))
    least = MoneyField(required=True)
    most = MoneyField(required=True, allow_zero=False)
    classes = List(String(validate=Length(1, 80)), load_default=list, validate=Length(max=40))
    regions = List(String(validate=Length(1, 80)), load_default=list, validate=Length(max=40))
    most_to_borrower = MoneyField(load_default=None, allow_zero=False)
    most_to_group = MoneyField(load_default=None, allow_zero=False)
    most_in_field = Dict(keys=String(validate=Length(1, 80)), values=MoneyField(allow_zero=False), load_default=dict)

    @post_load
    def kept(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """The rules as they are kept."""
        if set(data["caps_bps"]) - set(KINDS):
            raise ValidationError({"caps_bps": [str(_l("This kind of right is not known here."))]})
        prices = [[one["up_to_ltv_bps"], one["rate_bps"]] for one in data.pop("prices")]
        return _in_yuan(data) | {"prices": prices}


class CriteriaForm(Limits):
    """The same as typed into a form: prices a line each, fields and regions separated by commas."""

    caps = String(required=True, validate=Length(1, 600))
    prices = String(required=True, validate=Length(1, 600))
    least = AmountField(required=True, allow_zero=True)
    most = AmountField(required=True)
    classes = String(load_default="", validate=Length(max=1000))
    regions = String(load_default="", validate=Length(max=1000))
    most_to_borrower = AmountField(load_default=None)
    most_to_group = AmountField(load_default=None)
    most_in_field = String(load_default="", validate=Length(max=600))

    @post_load
    def kept(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """The rules as they are kept."""
        for name in ("classes", "regions"):
            data[name] = [word.strip() for word in data[name].replace("，", ",").split(",") if word.strip()]
        caps = dict(_pairs(data.pop("caps"), "caps", 6_000))
        if set(caps) - set(KINDS):
            raise ValidationError({"caps": [str(_l("This kind of right is not known here."))]})
        data["most_in_field"] = {
            field: Money(yuan * 100, "CNY") for field, yuan in _pairs(data["most_in_field"], "most_in_field", 10**12)
        }
        prices = [[int(ltv), rate] for ltv, rate in _pairs(data["prices"], "prices", 3_600) if ltv.isdecimal()]
        return _in_yuan(data) | {"caps_bps": caps, "prices": prices}


def _pairs(text: str, field: str, most: int) -> list[tuple[str, int]]:
    found = []
    for line in text.splitlines():
        name, _colon, number = (word.strip() for word in line.partition(":"))
        if not name and not number:
            continue
        if not number.isascii() or not number.isdecimal() or not 0 <= int(number) <= most:
            raise ValidationError({field: [str(_l("Write a line for each, such as 3000: 435."))]})
        found.append((name, int(number)))
    return found


def _in_yuan(data: dict[str, Any]) -> dict[str, Any]:
    for name in ("least", "most"):
        amount = data.pop(name)
        if not isinstance(amount, Money) or amount.currency != "CNY":
            raise ValidationError({name: [str(_l("Published rules are in yuan."))]})
        data[f"{name}_minor"] = amount.amount_minor
    limits = {"borrower": data.pop("most_to_borrower"), "group": data.pop("most_to_group")}
    fields = data.pop("most_in_field")
    if any(one is not None and one.currency != "CNY" for one in (*limits.values(), *fields.values())):
        raise ValidationError({"most_to_borrower": [str(_l("Published rules are in yuan."))]})
    data |= {f"{name}_minor": one.amount_minor if one else None for name, one in limits.items()}
    data["field_limits"] = {field_key(field): one.amount_minor for field, one in fields.items()}
    return data


class CriteriaOut(StrictSchema):
    """One version of the acting bank's own rules."""

    id = UUID()
    version = Integer()
    status = String()
    rules = Raw()
    published_at = DateTime()


class CriteriaListOut(StrictSchema):
    """Every version of the acting bank's own rules."""

    items = List(Nested(CriteriaOut))


class ReasonOut(StrictSchema):
    """One condition and whether the right meets it."""

    words = String()
    met = Boolean()


class IndicativeOut(StrictSchema):
    """What one bank's published rules say about an own right."""

    bank_id = UUID()
    bank = String()
    version = Integer()
    fits = Boolean()
    amount = MoneyField()
    rate_bps = Integer()
    term_months = Integer()
    reasons = List(Nested(ReasonOut))


class IndicativesOut(StrictSchema):
    """What every bank with published rules says, the best first."""

    items = List(Nested(IndicativeOut))
