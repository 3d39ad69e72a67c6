"""What goes in and out of premiums and aid."""

from apiflask.fields import UUID, Date, DateTime, Dict, Enum, Integer, List, Nested, Raw, String
from apiflask.validators import Length, Range

from marketplace.core.http import MoneyField, StrictSchema
from marketplace.risk_pool.aid_terms import Payer
from marketplace.risk_pool.premiums import PremiumStatus
from marketplace.risk_pool.schemas import ReasonIn
from marketplace.risk_pool.subsidies import SubsidyStatus


class PremiumOut(StrictSchema):
    """What one party charges for its part in an enrolled loan."""

    id = UUID()
    enrolment_id = UUID()
    party = String()
    payer = Enum(Payer, by_value=True)
    receiver_id = UUID()
    payer_id = UUID()
    amount = MoneyField()
    months = Integer()
    due_on = Date()
    status = Enum(PremiumStatus, by_value=True)
    paid_at = DateTime()
    paid_reference = String()


class PremiumsOut(StrictSchema):
    """The premiums of one enrolment."""

    items = List(Nested(PremiumOut))


class AidIn(StrictSchema):
    """The aid asked for, the fee that was paid where it shares one, and the proofs."""

    name = String(required=True, validate=Length(1, 80))
    fee = MoneyField(load_default=None, allow_none=True)
    files = List(UUID(), required=True, validate=Length(1, 20))


class AidForm(StrictSchema):
    """The same as typed into a form; the proofs come as files of the same form."""

    name = String(required=True, validate=Length(1, 80))
    fee = String(load_default="", validate=Length(max=30))


class AidReviewIn(ReasonIn):
    """What the reviewer found, and the one-year LPR in hundredths of a per cent where the scheme measures by it."""

    benchmark_bps = Integer(load_default=None, allow_none=True, validate=Range(0, 10_000))


class AidReviewForm(ReasonIn):
    """The same as typed into a form, the rate in per cent."""

    benchmark = String(load_default="", validate=Length(max=10))


class AidOut(StrictSchema):
    """A request for aid and how far it has come."""

    id = UUID()
    enrolment_id = UUID()
    name = String()
    status = Enum(SubsidyStatus, by_value=True)
    fee_paid = MoneyField()
    asked_at = DateTime()
    benchmark_bps = Integer()
    review_reason = String()
    decided_at = DateTime()
    reason = String()
    amount = MoneyField()
    limits = Raw()


class AidsOut(StrictSchema):
    """The requests for aid on one enrolment."""

    items = List(Nested(AidOut))


class AidCaseIn(StrictSchema):
    """A case of aid or of premiums: any of the values that ``flask risk-pool subsidy`` or ``premium`` reads."""

    case = Dict(keys=String(), values=Raw(allow_none=True), required=True)
