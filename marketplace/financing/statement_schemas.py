"""Shapes of borrower statements and of the underwriting file."""

from apiflask.fields import UUID, Boolean, Date, DateTime, Dict, Integer, List, Nested, String
from apiflask.validators import OneOf

from marketplace.core.http import AmountField, MoneyField, StrictSchema
from marketplace.financing.borrower_statements import PERIODS


class Period(StrictSchema):
    """Which period, and whether an auditor signed."""

    ends_on = Date(required=True)
    months = Integer(required=True, validate=OneOf(PERIODS))
    audited = Boolean(required=True)


class StatementIn(Period):
    """The figures of a period and the uploaded accounts."""

    revenue = MoneyField(required=True)
    net_profit = MoneyField(required=True, allow_negative=True)
    total_assets = MoneyField(required=True)
    total_liabilities = MoneyField(required=True)
    file_id = UUID(required=True)


class StatementForm(Period):
    """The same as typed into a form; the accounts come as a file."""

    revenue = AmountField(required=True, allow_zero=True)
    net_profit = AmountField(required=True, allow_negative=True)
    total_assets = AmountField(required=True, allow_zero=True)
    total_liabilities = AmountField(required=True, allow_zero=True)


class StatementOut(Period):
    """A statement as it was given."""

    id = UUID()
    revenue = MoneyField()
    net_profit = MoneyField()
    total_assets = MoneyField()
    total_liabilities = MoneyField()
    file_id = UUID()
    given_at = DateTime()


class StatementsOut(StrictSchema):
    """What counts of each period, the latest first."""

    items = List(Nested(StatementOut))


class CheckOut(StrictSchema):
    """One check: good, to be looked at, or against the loan."""

    key = String()
    standing = String()
    params = Dict()
    words = String()


class FlagSeenOut(StrictSchema):
    """A credit flag in force."""

    act = String()
    authority = String()
    decision_number = String()
    decided_on = Date()
    ends_on = Date()
    source = String()


class FileOut(StrictSchema):
    """The underwriting file of an application on a day."""

    on = Date()
    checks = List(Nested(CheckOut))
    accounts = List(Nested(StatementOut))
    flags = List(Nested(FlagSeenOut))
