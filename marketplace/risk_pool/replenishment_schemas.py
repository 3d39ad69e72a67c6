"""What goes in and out of replenishments."""

from apiflask.fields import UUID, Date, DateTime, Enum, List, Nested, String
from apiflask.validators import Length

from marketplace.core.http import MoneyField, StrictSchema
from marketplace.risk_pool.replenishments import Purpose, Reason, ReplenishmentStatus, SponsorKind


class PayerIn(StrictSchema):
    """Why the money came, for what, and the words of the account statement."""

    bank_reference = String(required=True, validate=Length(1, 100))
    received_on = Date(required=True)
    reason = Enum(Reason, by_value=True, required=True)
    sponsor_kind = Enum(SponsorKind, by_value=True, required=True)
    sponsor_name = String(load_default="", validate=Length(max=200))
    purpose = Enum(Purpose, by_value=True, load_default=Purpose.FUND)
    note = String(load_default="", validate=Length(max=1000))


class ReplenishmentIn(PayerIn):
    """Money that reached the pool, and who paid it."""

    amount = MoneyField(required=True, allow_zero=False)
    sponsor_id = UUID(load_default=None, allow_none=True)


class ReplenishmentForm(PayerIn):
    """The same as typed into a form; an organisation known here is named by its registration number."""

    amount = String(required=True, validate=Length(1, 30))
    sponsor_number = String(load_default="", validate=Length(max=40))


class ReplenishmentOut(StrictSchema):
    """Money that was recorded, and whether it counts."""

    id = UUID()
    pool_id = UUID()
    purpose = Enum(Purpose, by_value=True)
    sponsor_kind = Enum(SponsorKind, by_value=True)
    sponsor_id = UUID()
    sponsor_name = String()
    reason = Enum(Reason, by_value=True)
    note = String()
    amount = MoneyField()
    received_on = Date()
    bank_reference = String()
    status = Enum(ReplenishmentStatus, by_value=True)
    recorded_at = DateTime()
    confirmed_at = DateTime()
    refused_because = String()


class ReplenishmentPageOut(StrictSchema):
    """A page of what was put into a pool."""

    items = List(Nested(ReplenishmentOut))
    next = String()
