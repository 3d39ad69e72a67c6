"""What goes in and out of needs."""

import re
from typing import Any

from apiflask import Schema
from apiflask.fields import UUID, Boolean, DateTime, Enum, Integer, List, NaiveDateTime, Nested, String
from apiflask.validators import Length, Regexp
from marshmallow import post_load

from marketplace.core.http import AmountField, MoneyField, StrictSchema
from marketplace.core.i18n import _l
from marketplace.listings.need_scores import Part, WantedRight
from marketplace.listings.needs import NeedStatus

CLASS = Regexp(
    r"^[A-HYa-hy]\d{2}([A-Za-z](\s*\d{1,4}(/\d{1,6})?)?)?$", error=_l("Write classes as H01M or H01M 10/0525.")
)
COUNTRY = Regexp(r"^[A-Z]{2}$", error=_l("Write countries as two letters, such as CN."))


class NeedIn(StrictSchema):
    """What is sought."""

    title = String(required=True, validate=Length(2, 200))
    text = String(required=True, validate=Length(2, 4000))
    classes = List(String(validate=CLASS), load_default=list, validate=Length(max=10))
    territory = List(String(validate=COUNTRY), load_default=list, validate=Length(max=30))
    wanted_right = Enum(WantedRight, by_value=True, required=True)
    budget_low = MoneyField(allow_zero=False, load_default=None, allow_none=True)
    budget_high = MoneyField(allow_zero=False, load_default=None, allow_none=True)
    budget_shown = Boolean(load_default=False)
    closes_at = DateTime(required=True, format="iso")


class NeedForm(StrictSchema):
    """The same typed into a form: lists with commas, yuan, Beijing time."""

    title = String(required=True, validate=Length(2, 200))
    text = String(required=True, validate=Length(2, 4000))
    classes = String(load_default="", validate=Length(max=400))
    territory = String(load_default="", validate=Length(max=200))
    wanted_right = Enum(WantedRight, by_value=True, required=True)
    budget_low = AmountField(load_default=None)
    budget_high = AmountField(load_default=None)
    budget_shown = Boolean(load_default=False)
    closes_at = NaiveDateTime(required=True)

    @post_load
    def lists(self, typed: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """What stands between commas, checked like the API's."""
        for name, check in (("classes", CLASS), ("territory", COUNTRY)):
            found = [part.strip().upper() for part in re.split(r"[,，;；、\n]+", typed[name]) if part.strip()]
            typed[name] = List(String(validate=check)).deserialize(found, name)
        return typed


class AnswerIn(StrictSchema):
    """The listing shown and the words beside it."""

    listing_id = UUID(required=True)
    text = String(load_default="", validate=Length(max=2000))


class EndIn(StrictSchema):
    """Why a need ends."""

    reason = String(load_default="", validate=Length(max=1000))


class ChosenIn(StrictSchema):
    """The answer picked."""

    answer_id = UUID(required=True)


class NeedAnswerOut(Schema):
    """One answer."""

    id = UUID()
    listing_id = UUID()
    organisation_id = UUID()
    text = String()
    answered_at = DateTime()
    chosen_at = DateTime()


class NeedOut(Schema):
    """A need as this reader may see it: a hidden budget is empty for everybody but the buyer."""

    id = UUID()
    organisation_id = UUID()
    title = String()
    text = String()
    classes = List(String())
    territory = List(String())
    wanted_right = Enum(WantedRight, by_value=True)
    budget_low = MoneyField()
    budget_high = MoneyField()
    budget_shown = Boolean()
    status = Enum(NeedStatus, by_value=True)
    published_at = DateTime()
    closes_at = DateTime()
    end_reason = String()
    answers = List(Nested(NeedAnswerOut))


class NeedsOut(Schema):
    """Several needs."""

    items = List(Nested(NeedOut))


class PartOut(Schema):
    """One part of a score."""

    part = Enum(Part, by_value=True)
    weight = Integer()
    points = Integer(allow_none=True)
    reason = String()


class MatchOut(Schema):
    """An asset weighed for a need: the score of 100, its parts, and why it is no match if it is none."""

    need_id = UUID()
    asset_id = UUID()
    label = String()
    score = Integer()
    parts = List(Nested(PartOut))
    missing = List(String())


class MatchesOut(Schema):
    """What answers, and what nearly does."""

    matched = List(Nested(MatchOut))
    near = List(Nested(MatchOut))
