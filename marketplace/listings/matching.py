"""From conditions to what the index understands."""

from dataclasses import dataclass, replace
from functools import reduce
from typing import Self

from tantivy import FieldType, Occur, Query

from marketplace.listings.numbers import number_readings
from marketplace.listings.query import Anything, Condition, Every, Near, Some, Within, Without, Words
from marketplace.listings.search_index import SCHEMA
from marketplace.listings.text import class_symbol, fold, is_han, number_symbol, pairs, pieces, singular
from marketplace.listings.vocabulary import Field, Shape, stored_word

LONGEST_UNSPLIT = 4
"""A Chinese run up to this length is looked for as it stands; a longer one as its words, each anywhere."""
ENOUGH_PERCENT = 70
"""So many of the words of a long Chinese run must occur: where it is cut is a guess, so one in four may be missing."""
FEW = 8
RANGE_ENDS = (0, 2**62)


@dataclass(frozen=True)
class Wanted:
    """What must be found and what must not be found, side by side, as the engine is quickest."""

    musts: tuple[Query, ...] = ()
    nots: tuple[Query, ...] = ()

    def narrowed(self, *musts: Query, nots: tuple[Query, ...] = ()) -> Self:
        """This and more conditions."""
        return replace(self, musts=self.musts + musts, nots=self.nots + nots)

    def and_also(self, other: "Wanted") -> "Wanted":
        """Both."""
        return self.narrowed(*other.musts, nots=other.nots)

    def query(self) -> Query:
        """What the engine runs."""
        musts = self.musts or (Query.all_query(),)
        if not self.nots:
            return every(*musts)
        clauses = [(Occur.Must, query) for query in musts] + [(Occur.MustNot, query) for query in self.nots]
        return Query.boolean_query(clauses)


def matching(condition: Condition) -> Query:
    """What the index has to look for."""
    return wanted_by(condition).query()


def wanted_by(condition: Condition) -> Wanted:
    """What the index has to look for, flat: words that must all occur stand beside each other."""
    match condition:
        case Anything():
            return Wanted()
        case Every(parts):
            return reduce(Wanted.and_also, map(wanted_by, parts))
        case Some(parts):
            return Wanted((some(*(matching(part) for part in parts)),))
        case Without(part):
            return Wanted(nots=(wanted_by(part).query(),))
        case Within(field, low, high):
            return Wanted((between(field.name, low, high),))
        case Near():
            return Wanted((_near(condition),))
        case Words():
            return _words(condition)


def every(*queries: Query) -> Query:
    """All of them."""
    return queries[0] if len(queries) == 1 else Query.boolean_query([(Occur.Must, query) for query in queries])


def some(*queries: Query) -> Query:
    """Any of them."""
    return queries[0] if len(queries) == 1 else Query.boolean_query([(Occur.Should, query) for query in queries])


def silently(query: Query) -> Query:
    """A condition that filters without adding to the score."""
    return Query.const_score_query(query, 0.0)


def between(name: str, low: int | None, high: int | None) -> Query:
    """A whole-number field within bounds; unknown values are outside every range."""
    lowest, highest = RANGE_ENDS
    bounds = (lowest if low is None else max(low, lowest), highest if high is None else min(high, highest))
    return silently(Query.range_query(SCHEMA, name, FieldType.Integer, *bounds))


def any_of(name: str, values: list[str] | list[int]) -> Query:
    """A field with any of these values; a few terms are read one by one, many as a set."""
    if len(values) <= FEW:
        return silently(some(*(Query.term_query(SCHEMA, name, value, "basic") for value in values)))
    return silently(Query.term_set_query(SCHEMA, name, values))


def _term(field: str, token: str) -> Query:
    return Query.term_query(SCHEMA, field, token, "freq")


def _begins(field: str, token: str) -> Query:
    return Query.regex_query(SCHEMA, field, token + ".*")


def _words(words: Words) -> Wanted:
    if words.field is not None and words.field.shape is not Shape.TEXT:
        return Wanted((_exact(words, words.field),))
    found = pieces(fold(words.text))
    if not found:
        return Wanted()
    return Wanted((_in_text(words.field.name if words.field else "everything", found, words),))


def _exact(words: Words, field: Field) -> Query:
    if field.shape is Shape.NUMBER and not words.prefix:
        spellings = {number_symbol(words.text), *(key.lower() for key in number_readings(words.text))} - {""}
        return any_of(field.name, sorted(spellings)) if spellings else Query.empty_query()
    reader = {Shape.CLASS: class_symbol, Shape.NUMBER: number_symbol}.get(field.shape)
    symbol = reader(words.text) if reader else stored_word(field, fold(words.text))
    if not symbol:
        return Query.empty_query()
    if words.prefix and symbol.replace("/", "").isalnum():
        return silently(_begins(field.name, symbol))
    return silently(_term(field.name, symbol))


def _in_text(field: str, found: list[str], words: Words) -> Query:
    if words.prefix:
        return _beginning(field, found)
    if words.phrase or not any(map(is_han, found)):
        return _phrase(field, found)
    return every(*(_phrase(field, [piece]) if not is_han(piece) else _chinese(field, piece) for piece in found))


def _chinese(field: str, run: str) -> Query:
    if len(run) <= LONGEST_UNSPLIT:
        return _phrase(field, [run])
    import rjieba  # its dictionary takes thirty megabytes: loaded where words are cut

    parts = list(dict.fromkeys(part for part in rjieba.cut(run) if len(part) > 1))
    if len(parts) < 2:
        return _phrase(field, [run])
    enough = -(-len(parts) * ENOUGH_PERCENT // 100)
    loose = Query.boolean_query([(Occur.Should, _phrase(field, [part])) for part in parts], enough)
    return Query.boolean_query([(Occur.Must, loose), (Occur.Should, _phrase(field, [run]))])


def _placed(found: list[str]) -> tuple[list[tuple[int, str]], list[str]]:
    """The tokens of a phrase with their places, and single characters that only a beginning can find."""
    placed: list[tuple[int, str]] = []
    single: list[str] = []
    place = 0
    for piece in found:
        if not is_han(piece):
            placed.append((place, singular(piece)))
            place += 1
        elif len(piece) == 1:
            single.append(piece)
            place += 1
        else:
            placed.extend((place + at, pair) for at, pair in enumerate(pairs(piece)))
            place += len(piece)
    return placed, single


def _phrase(field: str, found: list[str]) -> Query:
    placed, single = _placed(found)
    queries = [silently(_begins(field, character)) for character in single]
    if len(placed) == 1:
        queries.append(_term(field, placed[0][1]))
    elif placed:
        words: list[str | tuple[int, str]] = list(placed)
        queries.append(Query.phrase_query(SCHEMA, field, words))
    return every(*queries)


def _beginning(field: str, found: list[str]) -> Query:
    *before, last = found
    if is_han(last):
        return _phrase(field, found)
    ending = some(silently(_begins(field, last)), _term(field, singular(last)))
    return every(_phrase(field, before), ending) if before else ending


def _near(near: Near) -> Query:
    field = near.left.field.name if near.left.field else "everything"
    sides = [_placed(pieces(fold(words.text)))[0] for words in (near.left, near.right)]
    if not all(sides):
        return every(_words(near.left).query(), _words(near.right).query())
    left, right = ([token for _, token in side] for side in sides)
    phrases: list[Query] = []
    for first, second in ((left, right), (right, left)):
        slop = near.distance + (1 if is_han(first[-1]) else 0)
        tokens: list[str | tuple[int, str]] = [*first, *second]
        phrases.append(Query.phrase_query(SCHEMA, field, tokens, slop))
    whole = [
        _phrase(field, pieces(fold(words.text)))
        for words, side in zip((near.left, near.right), sides, strict=True)
        if len(side) > 1
    ]
    return every(some(*phrases), *map(silently, whole))
