"""The query language of the one search box: what a person types becomes a tree of conditions, or a column to look at.

Words, "phrases", field:value, AND OR NOT (or a leading minus), parentheses, prefix*, NEAR/n and ranges. Chinese
punctuation and field names are understood. Everything is bounded before it is read, so no query can be a bomb.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedInput, v_args
from lark.exceptions import UnexpectedToken, VisitError

from marketplace.listings.query_refusals import (
    DistanceTooFar,
    PrefixTooShort,
    QueryTooDeep,
    QueryTooLong,
    QueryTooWide,
    QueryUnfinished,
    QueryUnreadable,
    UnknownField,
    WrongFieldValue,
)
from marketplace.listings.text import fold, index_tokens, is_han
from marketplace.listings.vocabulary import FIELDS, Field, Shape, field_named

MAX_LENGTH = 2_000
MAX_DEPTH = 20
MAX_TERMS = 60
MAX_TOKENS = 200
MAX_DISTANCE = 30


@dataclass(frozen=True)
class Words:
    """Text to be found: words, a phrase in quotation marks, or the beginning of a word."""

    text: str
    column: int
    phrase: bool = False
    prefix: bool = False
    field: Field | None = None


@dataclass(frozen=True)
class Near:
    """Two texts at most so many words apart, in either order."""

    left: Words
    right: Words
    distance: int


@dataclass(frozen=True)
class Within:
    """A date or number between two bounds, either of which may be open."""

    field: Field
    low: int | None
    high: int | None


@dataclass(frozen=True)
class Every:
    """All conditions hold."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class Some:
    """At least one condition holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class Without:
    """The condition does not hold."""

    part: "Condition"


@dataclass(frozen=True)
class Anything:
    """No condition at all."""


Condition = Words | Near | Within | Every | Some | Without | Anything

_GRAMMAR = r"""
?start: some
?some: every (_OR every)*
?every: one (_AND? one)*
?one: (_NOT | _MINUS) one -> without
    | near
?near: atom (NEAR atom)*
?atom: _OPEN some _CLOSE
     | FIELD _OPEN some _CLOSE -> scoped
     | FIELD plain -> scoped
     | FIELD (RANGE | COMPARISON | BRACKET) -> within
     | plain
plain: PHRASE | WORD
_OPEN: "("
_CLOSE: ")"
_OR.5: /(?:OR(?!\w))|\|\|/
_AND.5: /(?:AND(?!\w))|&&/
_NOT.5: /NOT(?!\w)/
_MINUS: /-(?=[\w"(])/
NEAR.5: /NEAR(?:\/\d+)?(?!\w)/
FIELD.4: /[^\W\d_]\w*\s*:/
RANGE.3: /(?=[\w.\-]*\.\.)[\w.\-]+/
COMPARISON: /(?:<=|>=|<|>)\s*[\w.\-]+/
BRACKET: /\[\s*[\w.\-*]+\s+TO\s+[\w.\-*]+\s*\]/
PHRASE: /"[^"]*"/
WORD: /(?!(?:AND|OR|NOT|NEAR(?:\/\d+)?)(?![\w\-.'’%°+#&\/]))\w[\w\-.'’%°+#&\/]*\*?/
%ignore /(?:[\s,;、；。!?！？…—–&·\/.%°]|-(?=\s|$))+/
"""


def _merge(kind: type[Every] | type[Some], parts: list[Condition]) -> Condition:
    flat: list[Condition] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, kind) else [part])
    return flat[0] if len(flat) == 1 else kind(tuple(flat))


class _Reader(Transformer[Token, Condition]):
    """Turns the parsed text into conditions, bottom up."""

    def some(self, parts: list[Condition]) -> Condition:
        return _merge(Some, parts)

    def every(self, parts: list[Condition]) -> Condition:
        return _merge(Every, parts)

    def without(self, parts: list[Condition]) -> Condition:
        return Without(parts[0])

    @v_args(inline=True)
    def plain(self, token: Token) -> Condition:
        column = token.column or 1
        if token.type == "PHRASE":
            return Words(token[1:-1], column, phrase=True)
        prefix = token.endswith("*")
        text = token.rstrip("*").rstrip(".'’-/&")
        if prefix and len(text) < 2 and not is_han(fold(text)):
            raise PrefixTooShort(column=column)
        return Words(text, column, prefix=prefix)

    def near(self, parts: list[Any]) -> Condition:
        found: list[Condition] = []
        for at in range(1, len(parts), 2):
            left, sign, right = parts[at - 1], parts[at], parts[at + 1]
            _, _, written = sign.partition("/")
            distance = int(written or 5) if len(written) < 8 else MAX_DISTANCE + 1
            if distance > MAX_DISTANCE:
                raise DistanceTooFar(column=sign.column, limit=MAX_DISTANCE)
            if not (isinstance(left, Words) and isinstance(right, Words)):
                raise QueryUnreadable(column=sign.column, found=sign)
            found.append(Near(left, right, distance))
        return _merge(Every, found)

    @v_args(inline=True)
    def scoped(self, name: Token, inner: Condition) -> Condition:
        return _put_in_field(inner, _field(name))

    @v_args(inline=True)
    def within(self, name: Token, bounds: Token) -> Condition:
        field = _field(name)
        try:
            return Within(field, *field.bounds(str(bounds)))
        except ValueError:
            raise WrongFieldValue(column=bounds.column or 1, found=bounds, field=field.name) from None


def _field(token: Token) -> Field:
    name = token.rstrip(":").strip()
    field = field_named(name)
    if field is None:
        raise UnknownField(column=token.column or 1, found=name, known=", ".join(FIELDS))
    return field


def _put_in_field(condition: Condition, field: Field) -> Condition:
    if isinstance(condition, Words) and condition.field is None:
        if field.shape in (Shape.DATE, Shape.INTEGER):
            try:
                return Within(field, *field.bounds(condition.text))
            except ValueError:
                raise WrongFieldValue(column=condition.column, found=condition.text, field=field.name) from None
        return replace(condition, field=field)
    if isinstance(condition, Every | Some):
        return type(condition)(tuple(_put_in_field(part, field) for part in condition.parts))
    if isinstance(condition, Without):
        return Without(_put_in_field(condition.part, field))
    if isinstance(condition, Near):
        return replace(
            condition, left=replace(condition.left, field=field), right=replace(condition.right, field=field)
        )
    return condition


_PARSER = Lark(_GRAMMAR, parser="lalr", maybe_placeholders=False)
_READER = _Reader()
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    0x3000: " ",
    ord("“"): '"',
    ord("”"): '"',
    ord("„"): '"',
    ord("「"): '"',
    ord("」"): '"',
}


def read_query(text: str) -> Condition:
    """Read what was typed; raises QueryUnreadable with the column where it stops making sense."""
    if len(text) > MAX_LENGTH:
        raise QueryTooLong(column=MAX_LENGTH + 1, limit=MAX_LENGTH)
    plain = text.translate(_FULL_WIDTH)
    _bound(plain)
    if not re.search(r"\S", plain):
        return Anything()
    try:
        condition = _READER.transform(_PARSER.parse(plain))
    except VisitError as error:
        raise error.orig_exc from None
    except UnexpectedInput as error:
        raise _unreadable(plain, error) from None
    if sum(len(index_tokens(words.text)) for words in words_in(condition)) > MAX_TOKENS:
        raise QueryTooWide(column=1, limit=MAX_TOKENS)
    return condition


def _bound(text: str) -> None:
    depth = 0
    for column, sign in enumerate(text, start=1):
        depth += (sign == "(") - (sign == ")")
        if depth > MAX_DEPTH:
            raise QueryTooDeep(column=column, limit=MAX_DEPTH)
    for count, found in enumerate(re.finditer(r"[^\s()]+", text), start=1):
        if count > MAX_TERMS * 2:
            raise QueryTooWide(column=found.start() + 1, limit=MAX_TERMS)


def _unreadable(text: str, error: UnexpectedInput) -> QueryUnreadable:
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return QueryUnfinished(column=len(text) + 1)
    column = max(1, int(error.column))
    found = error.token if isinstance(error, UnexpectedToken) else text[column - 1 : column]
    return QueryUnreadable(column=column, found=found)


def words_in(condition: Condition) -> Iterator[Words]:
    """Every text the condition looks for, left to right."""
    if isinstance(condition, Words):
        yield condition
    elif isinstance(condition, Near):
        yield from (condition.left, condition.right)
    elif isinstance(condition, Without):
        yield from words_in(condition.part)
    elif isinstance(condition, Every | Some):
        for part in condition.parts:
            yield from words_in(part)
