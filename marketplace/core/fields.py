"""What may come in and how it goes out: strict schemas, money, cursors."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from apiflask import Schema
from apiflask.fields import Field, Integer, Nested, String
from apiflask.validators import Length, OneOf, Range
from flask import request
from marshmallow import RAISE, ValidationError, pre_load
from sqlalchemy import Select

from marketplace.core.db import Model, session
from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l
from marketplace.core.money import EXPONENTS, Money

CONTROL = {code: None for code in range(32) if chr(code) not in "\t\n\r"}


class StrictSchema(Schema):
    """Input whose fields are listed by hand: unknown fields and control characters are refused."""

    class Meta:
        unknown = RAISE

    @pre_load
    def refuse_control_characters(self, data: Any, **_options: Any) -> Any:
        """PostgreSQL cannot store NUL, and no honest text holds other control characters or lone surrogates."""
        if isinstance(data, Mapping):
            errors = {
                str(name): [str(_l("This contains characters that are not text."))]
                for name, value in data.items()
                if isinstance(value, str) and not is_clean(value)
            }
            if errors:
                raise ValidationError(errors)
        return data


def is_clean(text: str) -> bool:
    """Whether the text holds only characters that can be stored and shown."""
    return text.translate(CONTROL) == text and not any("\ud800" <= character <= "\udfff" for character in text)


class MoneySchema(StrictSchema):
    """The wire form of money: {"amount": "1234.56", "currency": "CNY"}."""

    amount = String(required=True, validate=Length(max=24))
    currency = String(required=True, validate=OneOf(sorted(EXPONENTS)))


class MoneyField(Nested):
    """Money in a schema; loads to ``Money`` and refuses negative amounts unless told otherwise."""

    def __init__(self, allow_negative: bool = False, allow_zero: bool = True, **options: Any) -> None:
        super().__init__(MoneySchema, **options)
        self.allow_negative = allow_negative
        self.allow_zero = allow_zero

    def _serialize(self, nested_obj: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:  # type: ignore[override]  # marshmallow's own two signatures differ
        if nested_obj is None:
            return None
        return {"amount": nested_obj.format(), "currency": nested_obj.currency}

    def _deserialize(self, value: Any, attr: str | None, data: Any, partial: Any = None, **kwargs: Any) -> Money:
        loaded = super()._deserialize(value, attr, data, partial=partial, **kwargs)
        try:
            money = Money.parse(loaded["amount"], loaded["currency"])
        except Malformed as problem:
            raise ValidationError(dict(problem.errors)) from problem
        if (money.amount_minor < 0 and not self.allow_negative) or (money.amount_minor == 0 and not self.allow_zero):
            raise ValidationError({"amount": [str(_l("Enter an amount above zero."))]})
        return money


class AmountField(Field[Money]):
    """An amount typed into a form, of the currency the form's schema is made for (CNY unless told otherwise)."""

    def __init__(
        self, currency: str = "CNY", allow_zero: bool = False, allow_negative: bool = False, **options: Any
    ) -> None:
        super().__init__(**options)
        self.currency = currency
        self.allow_zero = allow_zero
        self.allow_negative = allow_negative

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Money:
        try:
            if self.allow_negative:
                return Money.parse(str(value).strip().replace(",", ""), self.currency)
            return Money.typed(str(value), self.currency, self.allow_zero)
        except Malformed as problem:
            raise ValidationError([text for texts in problem.errors.values() for text in texts]) from problem


class CursorIn(StrictSchema):
    """Where a page of a list begins and how long it may be."""

    after = String(load_default=None, validate=Length(max=80))
    limit = Integer(load_default=50, validate=Range(1, 200))


def cursor_page(query: Select[Any], kind: type[Model], after: str | None, limit: int) -> dict[str, Any]:
    """One page of a list in the order of identifiers: the items and the cursor of the next page."""
    if after:
        try:
            query = query.where(kind.id > UUID(after))
        except ValueError as error:
            raise Malformed("after", _l("This is not a cursor.")) from error
    found = list(session.execute(query.order_by(kind.id).limit(limit + 1)).scalars())
    following = str(found[limit - 1].id) if len(found) > limit else None
    return {"items": found[:limit], "next": following}


def page_form(schema: type[StrictSchema]) -> dict[str, Any]:
    """The submitted form, checked by a schema; the page is shown again with the errors if it is malformed."""
    shape = schema()
    data: dict[str, Any] = {}
    for name in request.form:
        if name in ("csrf_token", "idempotency_key"):
            continue
        values = request.form.getlist(name)
        many = type(shape.fields.get(name)).__name__ == "List"
        data[name] = values if many else values[0]
    blank = {name for name, value in data.items() if value == "" and name in shape.fields}
    for name in blank:
        if not shape.fields[name].required:
            del data[name]
    try:
        loaded: dict[str, Any] = shape.load(data)
    except ValidationError as error:
        raise Malformed(errors=flat_errors(error.messages_dict)) from error
    return loaded


def flat_errors(messages: Mapping[str, Any], prefix: str = "") -> dict[str, list[str]]:
    """Nested validation messages as one level: ``price.amount`` → texts."""
    flat: dict[str, list[str]] = {}
    for name, value in messages.items():
        path = f"{prefix}.{name}" if prefix else str(name)
        if isinstance(value, Mapping):
            flat.update(flat_errors(value, path))
        else:
            flat[path] = [str(text) for text in (value if isinstance(value, list) else [value])]
    return flat
