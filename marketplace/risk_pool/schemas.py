"""What goes in and out of the risk pools."""

from apiflask.fields import UUID, Date, DateTime, Dict, Enum, Integer, List, Nested, Raw, String
from apiflask.validators import Length, OneOf, Range

from marketplace.core.http import AmountField, CursorIn, MoneyField, StrictSchema
from marketplace.financing.monitoring_schemas import PortfolioOut
from marketplace.risk_pool.claims import ClaimDocumentKind, ClaimStatus
from marketplace.risk_pool.enrolments import EnrolmentStatus


class NothingIn(StrictSchema):
    """An act without particulars."""


class ReasonIn(StrictSchema):
    """Why."""

    reason = String(required=True, validate=Length(2, 1000))


class ReferenceIn(StrictSchema):
    """The bank's reference of a transfer."""

    bank_reference = String(required=True, validate=Length(1, 100))


class PoolIn(StrictSchema):
    """A pool to be opened."""

    name_zh = String(required=True, validate=Length(1, 200))
    name_en = String(required=True, validate=Length(1, 200))
    currency = String(load_default="CNY", validate=Length(equal=3))
    leverage = Integer(load_default=10, validate=Range(1, 100))


class SchemeIn(StrictSchema):
    """A published scheme by name, or its terms, with the days on which loans may be enrolled under it."""

    name = String(load_default=None, validate=Length(1, 80))
    document = Dict(keys=String(), values=Raw(allow_none=True), load_default=None)
    mode = String(load_default="", validate=Length(max=40))
    effective_from = Date(required=True)
    effective_to = Date(load_default=None, allow_none=True)


class SchemeOut(StrictSchema):
    """An adopted version of a scheme."""

    id = UUID()
    pool_id = UUID()
    name = String()
    version = String()
    mode = String()
    effective_from = Date()
    effective_to = Date()
    document = Raw()


class PoolOut(StrictSchema):
    """A pool."""

    id = UUID()
    administrator_id = UUID()
    name_zh = String()
    name_en = String()
    currency = String()
    leverage_bps = Integer()


class CapacityOut(StrictSchema):
    """What a pool can carry."""

    balance = MoneyField()
    limit = MoneyField()
    enrolled = MoneyField()
    left = MoneyField()
    utilisation_bps = Integer()


class EnrolmentIn(StrictSchema):
    """A loan to be enrolled, and who stands for each sharing party."""

    scheme_id = UUID(required=True)
    loan_id = UUID(required=True)
    parties = Dict(keys=String(), values=UUID(), load_default=dict)


class EnrolmentPartyOut(StrictSchema):
    """Who stands for a party."""

    party = String()
    organisation_id = UUID()
    agreed_at = DateTime()


class EnrolmentOut(StrictSchema):
    """A loan's place in a pool."""

    id = UUID()
    pool_id = UUID()
    scheme_id = UUID()
    bank_id = UUID()
    borrower_id = UUID()
    loan_id = UUID()
    status = Enum(EnrolmentStatus, by_value=True)
    principal = MoneyField()
    ip_principal = MoneyField()
    counted = MoneyField()
    cover = MoneyField()
    financed_on = Date()
    decided_at = DateTime()
    reason = String()
    parties = List(Nested(EnrolmentPartyOut))


class EnrolmentPageOut(StrictSchema):
    """A page of enrolments."""

    items = List(Nested(EnrolmentOut))
    next = String()


class EnrolmentListIn(CursorIn):
    """Which enrolments."""

    status = String(load_default=None, validate=OneOf([status.value for status in EnrolmentStatus]))


class DocumentIn(StrictSchema):
    """One document of a claim file."""

    kind = Enum(ClaimDocumentKind, by_value=True, required=True)
    file_id = UUID(required=True)


class ClaimIn(StrictSchema):
    """The principal lost, the other loss, and the file."""

    loss = MoneyField(required=True, allow_zero=False)
    other_loss = MoneyField(required=True)
    documents = List(Nested(DocumentIn), required=True, validate=Length(1, 60))


class DocumentsIn(StrictSchema):
    """Documents that were missing."""

    documents = List(Nested(DocumentIn), required=True, validate=Length(max=60))


class ShareOut(StrictSchema):
    """What one party bears."""

    party = String()
    organisation_id = UUID()
    amount = MoneyField()
    received_at = DateTime()
    received_reference = String()


class ClaimOut(StrictSchema):
    """A claim with its documents and, once compensated, its shares."""

    id = UUID()
    enrolment_id = UUID()
    status = Enum(ClaimStatus, by_value=True)
    loss = MoneyField()
    other_loss = MoneyField()
    filed_at = DateTime()
    decided_at = DateTime()
    reason = String()
    documents = List(Nested(DocumentIn))
    shares = List(Nested(ShareOut))


class ClaimPageOut(StrictSchema):
    """A page of claims."""

    items = List(Nested(ClaimOut))
    next = String()


class ClaimListIn(CursorIn):
    """Which claims."""

    status = String(load_default=None, validate=OneOf([status.value for status in ClaimStatus]))


class RecoveryIn(ReferenceIn):
    """What was recovered and what it cost."""

    received = MoneyField(required=True)
    cost = MoneyField(required=True)
    received_on = Date(required=True)
    source = String(load_default="collateral", validate=OneOf(["collateral", "borrower", "guarantee", "other"]))


class RecoveryShareOut(StrictSchema):
    """What one party gets of a recovery."""

    party = String()
    organisation_id = UUID()
    amount = MoneyField()
    settled_at = DateTime()


class RecoveryOut(StrictSchema):
    """A recovery and how it was shared back."""

    id = UUID()
    claim_id = UUID()
    received = MoneyField()
    cost = MoneyField()
    received_on = Date()
    source = String()
    bank_reference = String()
    shares = List(Nested(RecoveryShareOut))


class CaseIn(StrictSchema):
    """A case of loss sharing: any of the values that ``flask risk-pool share`` reads."""

    case = Dict(keys=String(), values=Raw(allow_none=True), required=True)


class SuspensionOut(StrictSchema):
    """A stop of one bank in one pool."""

    bank_id = UUID()
    loss_rate_bps = Integer()
    suspended_at = DateTime()
    lifted_at = DateTime()
    lifted_because = String()


class HaltOut(StrictSchema):
    """A stop of a whole pool."""

    pool_id = UUID()
    cause = String()
    reason = String()
    halted_at = DateTime()
    asked_because = String()
    reopened_at = DateTime()


class EnrolmentForm(StrictSchema):
    """The same as typed into a form: who stands for each party, where the scheme has it."""

    scheme_id = UUID(required=True)
    loan_id = UUID(required=True)
    insurer_or_guarantor = UUID(load_default=None)
    insurer = UUID(load_default=None)
    guarantor = UUID(load_default=None)
    appraiser = UUID(load_default=None)


class ClaimForm(StrictSchema):
    """A claim as typed into a form; its documents come as files of the same form."""

    loss = AmountField(required=True)
    other_loss = AmountField(required=True, allow_zero=True)


class RecoveryForm(ReferenceIn):
    """A recovery as typed into a form."""

    received = AmountField(required=True)
    cost = AmountField(required=True, allow_zero=True)
    received_on = Date(required=True)
    source = String(load_default="collateral", validate=OneOf(["collateral", "borrower", "guarantee", "other"]))


class PoolOutcomeOut(StrictSchema):
    """What a shock would take from a pool."""

    compensation = MoneyField()
    balance = MoneyField()
    missing = MoneyField()
    stopped = List(UUID())


class StressedPoolOut(StrictSchema):
    """A pool's book, and a shock in two readings."""

    book = Nested(PortfolioOut)
    evenly = Nested(PoolOutcomeOut)
    weakest_first = Nested(PoolOutcomeOut)
