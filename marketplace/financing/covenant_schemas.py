"""Shapes of what is sent and answered about covenants and the calendar."""

from apiflask.fields import UUID, Boolean, Date, DateTime, Decimal, Dict, Enum, Integer, List, Nested, String
from apiflask.validators import Length, Range

from marketplace.core.http import StrictSchema
from marketplace.financing.covenant_rules import CovenantKind, Measure


class CovenantIn(StrictSchema):
    """A promise as the bank enters it; the limit is an exact decimal."""

    kind = Enum(CovenantKind, by_value=True, required=True)
    measure = Enum(Measure, by_value=True, load_default=None, allow_none=True)
    threshold = Decimal(load_default=None, allow_none=True, as_string=True)
    every_months = Integer(required=True, validate=Range(1, 60))
    days_after = Integer(load_default=0, validate=Range(0, 180))
    text = String(load_default="", validate=Length(max=500))


class ReportIn(StrictSchema):
    """What the borrower reports of a test day."""

    figure = Decimal(load_default=None, allow_none=True, as_string=True)
    file_id = UUID(load_default=None, allow_none=True)
    note = String(load_default="", validate=Length(max=500))


class ReportForm(StrictSchema):
    """The same as typed into a form; the file is sent beside it."""

    figure = Decimal(load_default=None, allow_none=True)
    note = String(load_default="", validate=Length(max=500))


class CovenantOut(StrictSchema):
    """One promise with its words in both languages."""

    id = UUID()
    kind = String()
    measure = String(allow_none=True)
    threshold = Decimal(as_string=True, allow_none=True)
    every_months = Integer()
    days_after = Integer()
    text = String()
    words = Dict(keys=String(), values=String())


class CovenantsOut(StrictSchema):
    """The covenants of an offer or of a loan."""

    items = List(Nested(CovenantOut))


class TestOut(StrictSchema):
    """One test day of one covenant."""

    __test__ = False

    id = UUID()
    covenant_id = UUID()
    nr = Integer()
    tested_on = Date()
    due_on = Date()
    status = String()
    figure = Decimal(as_string=True, allow_none=True)
    file_id = UUID(allow_none=True)
    note = String()
    reported_at = DateTime(allow_none=True)
    answer = String()
    breached_on = Date(allow_none=True)
    findings = List(String())
    waiver_reason = String()


class TestsOut(StrictSchema):
    """The test days of a loan, the nearest first."""

    __test__ = False

    items = List(Nested(TestOut))


class EntryOut(StrictSchema):
    """One day of the calendar."""

    day = Date()
    what = String()
    words = Dict(keys=String(), values=String())
    loan_id = UUID()
    subject_id = UUID()
    late = Boolean()


class EntriesOut(StrictSchema):
    """What falls due within twelve months, the nearest first."""

    items = List(Nested(EntryOut))
