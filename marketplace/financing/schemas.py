"""What goes in and out of financing."""

from typing import Any

from apiflask.fields import UUID, Boolean, Date, DateTime, Enum, Integer, List, Nested, Raw, String
from apiflask.validators import Length, Range
from marshmallow import post_load

from marketplace.core.http import AmountField, MoneyField, StrictSchema
from marketplace.financing.applications import LONGEST_TERM_MONTHS
from marketplace.financing.classification import LoanClass
from marketplace.financing.clause_schemas import ClausesOut
from marketplace.financing.clauses import Clauses
from marketplace.financing.loan_terms import RepaymentMethod
from marketplace.financing.office_entries import EntryKind
from marketplace.financing.term_sheets import ValuationBasis


class NothingIn(StrictSchema):
    """An act without particulars."""


class ReasonIn(StrictSchema):
    """Why."""

    reason = String(required=True, validate=Length(2, 500))


class ReleaseIn(StrictSchema):
    """Why a right is let go although money is owed; empty when nothing is."""

    reason = String(load_default="", validate=Length(max=500))


class Wishes(StrictSchema):
    """What the holder asks for besides the amount."""

    asset_ids = List(UUID(), required=True, validate=Length(1, 20))
    term_months = Integer(required=True, validate=Range(1, LONGEST_TERM_MONTHS))
    purpose = String(required=True, validate=Length(2, 500))
    bank_ids = List(UUID(), required=True, validate=Length(1, 20))


class WishIn(Wishes):
    """What the holder asks for, in five fields."""

    amount = MoneyField(required=True, allow_zero=False)


class WishForm(Wishes):
    """The same as typed into a form."""

    amount = AmountField(required=True)


class OfferTerms(ClausesOut):
    """A bank's terms besides the amounts; rates in basis points a year."""

    rate_bps = Integer(required=True, validate=Range(0, 3600))
    penalty_rate_bps = Integer(load_default=None, validate=Range(0, 7200))
    term_months = Integer(required=True, validate=Range(1, LONGEST_TERM_MONTHS))
    method = Enum(RepaymentMethod, by_value=True, required=True)
    every_months = Integer(load_default=1, validate=Range(1, 12))
    pool_cover_bps = Integer(load_default=0, validate=Range(0, 10_000))
    value_basis = Enum(ValuationBasis, by_value=True, required=True)
    conditions = String(load_default="", validate=Length(max=1000))
    note = String(load_default="", validate=Length(max=2000))
    valid_days = Integer(load_default=30, validate=Range(1, 180))
    together = Boolean(load_default=False)
    maximum_pledge = Boolean(load_default=False)

    @post_load
    def with_clauses(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """The clauses as one thing."""
        data["clauses"] = Clauses(**{name: data.pop(name) for name in Clauses.__dataclass_fields__})
        return data


class OfferIn(OfferTerms):
    """A bank's terms."""

    amount = MoneyField(required=True, allow_zero=False)
    upfront_fee = MoneyField(required=True)
    ip_secured = MoneyField(load_default=None, allow_zero=False)
    assessed_value = MoneyField(required=True, allow_zero=False)


class OfferForm(OfferTerms):
    """The same as typed into a form."""

    amount = AmountField(required=True)
    upfront_fee = AmountField(required=True, allow_zero=True)
    ip_secured = AmountField(load_default=None)
    assessed_value = AmountField(required=True)


class AcceptanceIn(StrictSchema):
    """Which waivable grounds both parties were informed of, and which covenants the borrower has read."""

    informed = List(String(validate=Length(1, 40)), load_default=list, validate=Length(max=12))
    covenants = List(UUID(), load_default=list, validate=Length(max=12))


class FilingIn(StrictSchema):
    """The office's number for the filing."""

    filing_number = String(required=True, validate=Length(1, 80))


class RegistrationIn(StrictSchema):
    """The office's registration."""

    registration_number = String(required=True, validate=Length(1, 80))
    registered_on = Date(required=True)


class ReceiptLine(StrictSchema):
    """One line of the bank's statement besides the amount."""

    received_on = Date(required=True)
    bank_reference = String(required=True, validate=Length(1, 80))


class ReceiptIn(ReceiptLine):
    """One line of the bank's statement."""

    amount = MoneyField(required=True, allow_zero=False)


class ReceiptForm(ReceiptLine):
    """The same as typed into a form."""

    amount = AmountField(required=True)


class RealisationIn(ReceiptIn):
    """What the sale of a pledged right brought, and its costs."""

    costs = MoneyField(required=True)


class RealisationForm(ReceiptForm):
    """The same as typed into a form."""

    costs = AmountField(required=True, allow_zero=True)


class RealisationOut(StrictSchema):
    """Where the proceeds of a pledged right went."""

    id = UUID()
    pledge_id = UUID()
    proceeds = MoneyField()
    costs = MoneyField()
    applied = MoneyField()
    surplus = MoneyField()


class JudgementIn(StrictSchema):
    """The bank's own judgement of a loan."""

    loan_class = Enum(LoanClass, by_value=True, required=True)


class ApplicationOut(StrictSchema):
    """An application as its borrower sees it."""

    id = UUID()
    status = String()
    amount = MoneyField()
    term_months = Integer()
    purpose = String()
    filed_at = DateTime()


class InvitationOut(StrictSchema):
    """An application as one invited bank sees it: nothing of any other bank."""

    id = UUID()
    status = String()
    amount = MoneyField()
    term_months = Integer()
    purpose = String()
    filed_at = DateTime()


class TermSheetOut(StrictSchema):
    """An offer; what the bank thinks of the security stays with the bank."""

    id = UUID()
    application_id = UUID()
    bank_id = UUID()
    status = String()
    amount = MoneyField()
    rate_bps = Integer()
    penalty_rate_bps = Integer()
    effective_cost_bps = Integer()
    term_months = Integer()
    method = String()
    every_months = Integer()
    upfront_fee = MoneyField()
    ip_secured = MoneyField()
    pool_cover_bps = Integer()
    maximum_pledge = Boolean()
    clauses = Nested(ClausesOut)
    conditions = String()
    valid_until = Date()


class TermSheetsOut(StrictSchema):
    """The offers a borrower compares, the cheapest first."""

    items = List(Nested(TermSheetOut))


class ApplicationsOut(StrictSchema):
    """What a holder asked for."""

    items = List(Nested(ApplicationOut))


class InvitationsOut(StrictSchema):
    """A bank's queue."""

    items = List(Nested(InvitationOut))


class LoanOut(StrictSchema):
    """A loan as its two parties see it."""

    id = UUID()
    application_id = UUID()
    borrower_id = UUID()
    bank_id = UUID()
    is_club = Boolean()
    status = String()
    principal = MoneyField()
    undrawn = MoneyField()
    outstanding = MoneyField()
    clauses = Nested(ClausesOut)
    reset_on = Date()
    rate_bps = Integer()
    penalty_rate_bps = Integer()
    term_months = Integer()
    method = String()
    loan_class = String()
    days_past_due = Integer()
    agreed_on = Date()
    disbursed_on = Date()
    matures_on = Date()
    envelope_id = UUID()


class LoansOut(StrictSchema):
    """Loans of the acting organisation."""

    items = List(Nested(LoanOut))


class InstalmentOut(StrictSchema):
    """One instalment, amounts in minor units of the loan's currency."""

    nr = Integer()
    due_on = Date()
    currency = String()
    principal_minor = Integer()
    interest_minor = Integer()
    fees_minor = Integer()
    penalty_minor = Integer()
    open_minor = Integer()
    settled_on = Date()


class ScheduleOut(StrictSchema):
    """The schedule of a loan with what was paid."""

    items = List(Nested(InstalmentOut))


class PledgeOut(StrictSchema):
    """A pledge as its two parties see it."""

    id = UUID()
    loan_id = UUID()
    asset_id = UUID()
    status = String()
    secured = MoneyField()
    maximum = Boolean()
    ends_on = Date()
    filing_number = String()
    filed_on = Date()
    registration_number = String()
    registered_on = Date()
    released_on = Date()
    envelope_id = UUID()


class OfficeEntryIn(StrictSchema):
    """What the register entered about a pledge."""

    kind = Enum(EntryKind, by_value=True, required=True)
    number = String(required=True, validate=Length(1, 80))
    entered_on = Date(required=True)


class OfficeEntryOut(StrictSchema):
    """One later entry of the register."""

    kind = String()
    number = String()
    entered_on = Date()


class OfficeEntriesOut(StrictSchema):
    """The later entries about a pledge, in order."""

    items = List(Nested(OfficeEntryOut))


class PledgesOut(StrictSchema):
    """What secures a loan."""

    items = List(Nested(PledgeOut))


class RepaymentOut(StrictSchema):
    """A receipt and where it went."""

    id = UUID()
    loan_id = UUID()
    amount = MoneyField()
    received_on = Date()
    bank_reference = String()
    applied = Raw()
    early = Raw()


class RepaymentsOut(StrictSchema):
    """What arrived on a loan."""

    items = List(Nested(RepaymentOut))
