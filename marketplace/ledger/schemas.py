"""What goes out of the books, and how a statement is asked for."""

from apiflask.fields import Date, DateTime, List, Nested, String

from marketplace.core.http import CursorIn, MoneyField, StrictSchema


class StatementIn(CursorIn):
    """Which days, and where the page begins."""

    since = Date(load_default=None)
    until = Date(load_default=None)


class StatementLineOut(StrictSchema):
    """One line: positive is more on the account, negative is less; pending lines are holds."""

    at = DateTime()
    account = String()
    reference = String()
    kind = String()
    phase = String()
    amount = MoneyField(allow_negative=True)
    balance = MoneyField(allow_negative=True)


class StatementOut(StrictSchema):
    """A page of a statement and the cursor of the next."""

    items = List(Nested(StatementLineOut))
    next = String(allow_none=True)


class BalanceOut(StrictSchema):
    """What lies on an account, what of it is held, what is free."""

    posted = MoneyField(allow_negative=True)
    pending = MoneyField(allow_negative=True)
    available = MoneyField(allow_negative=True)


class AccountOut(StrictSchema):
    """One account of the organisation."""

    code = String()
    currency = String()
    balance = Nested(BalanceOut)


class AccountsOut(StrictSchema):
    """Every account of the organisation."""

    items = List(Nested(AccountOut))
