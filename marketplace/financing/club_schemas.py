"""Shapes of what is sent and answered about loans of several banks."""

from apiflask.fields import UUID, Boolean, DateTime, Enum, List, Nested, String
from apiflask.validators import Length

from marketplace.core.http import AmountField, MoneyField, StrictSchema
from marketplace.financing.club_votes import Matter


class PlaceIn(StrictSchema):
    """Another bank with the part it is to lend."""

    bank_id = UUID(required=True)
    part = MoneyField(required=True, allow_zero=False)


class PlaceForm(StrictSchema):
    """The same as typed into a form."""

    bank_id = UUID(required=True)
    part = AmountField(required=True)


class NoteIn(StrictSchema):
    """A bank's own note on its recommendation."""

    note = String(load_default="", validate=Length(max=2000))


class AnswerIn(StrictSchema):
    """A bank's answer to one act of the agent."""

    matter = Enum(Matter, by_value=True, required=True)
    subject_id = UUID(required=True)
    agrees = Boolean(required=True)
    reason = String(load_default="", validate=Length(max=500))


class PlaceOut(StrictSchema):
    """One bank's place in an offer; the note stays with the bank that wrote it."""

    id = UUID()
    term_sheet_id = UUID()
    bank_id = UUID()
    status = String()
    part = MoneyField()


class PlacesOut(StrictSchema):
    """The places of an offer, or those a bank was asked to take."""

    items = List(Nested(PlaceOut))


class LenderOut(StrictSchema):
    """One lender's part of a loan."""

    bank_id = UUID()
    committed = MoneyField()
    undrawn = MoneyField()
    outstanding = MoneyField()


class LendersOut(StrictSchema):
    """The banks of a loan lent together, the agent first; empty for a loan of one bank."""

    items = List(Nested(LenderOut))


class VoteOut(StrictSchema):
    """One bank's answer."""

    matter = String()
    subject_id = UUID()
    bank_id = UUID()
    agrees = Boolean()
    reason = String()
    voted_at = DateTime()


class VotesOut(StrictSchema):
    """The answers of a loan's banks, newest first."""

    items = List(Nested(VoteOut))
