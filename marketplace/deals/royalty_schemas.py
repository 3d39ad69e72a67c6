"""What the royalty routes take and answer."""

from apiflask.fields import UUID, Date, DateTime, Integer, List, Nested, String
from apiflask.validators import Length

from marketplace.core.fields import MoneyField, StrictSchema


class ReportIn(StrictSchema):
    """What an ended period brought."""

    base = MoneyField(required=True)
    file_id = UUID(load_default=None)
    note = String(load_default="", validate=Length(max=500))


class ReportForm(StrictSchema):
    """The same as typed; the currency is the licence's."""

    base = String(required=True, validate=Length(1, 24))
    note = String(load_default="", validate=Length(max=500))


class BooksIn(StrictSchema):
    """Who inspects the books."""

    accountant = String(required=True, validate=Length(2, 200))


class FindingIn(StrictSchema):
    """What the accountant found missing."""

    shortfall = MoneyField(required=True)
    file_id = UUID(required=True)


class FindingForm(StrictSchema):
    """The same as typed; the report comes as a file."""

    shortfall = String(required=True, validate=Length(1, 24))


class PeriodOut(StrictSchema):
    """One reporting period."""

    number = Integer()
    begins_on = Date()
    ends_on = Date()
    due_on = Date()
    rate_bps = Integer()
    status = String()
    base = MoneyField()
    royalty = MoneyField()
    interest = MoneyField()
    paid_on = Date(allow_none=True)


class AuditOut(StrictSchema):
    """One inspection of the books."""

    id = UUID()
    year = Integer()
    accountant = String()
    shortfall = MoneyField()
    found_at = DateTime(allow_none=True)
    accepted_at = DateTime(allow_none=True)


class RoyaltiesOut(StrictSchema):
    """The royalty accounts of a licence."""

    periods = List(Nested(PeriodOut))
    audits = List(Nested(AuditOut))
