"""Reading the one search box."""

import time
from datetime import date

import pytest
from apiflask import APIFlask
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.listings.query import Anything, Every, Near, Some, Within, Without, Words, read_query, words_in
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
from marketplace.listings.vocabulary import FIELDS


@pytest.fixture(autouse=True)
def _in_a_request(app: APIFlask) -> object:
    with app.test_request_context():
        yield


def _texts(query: str) -> list[str]:
    return [words.text for words in words_in(read_query(query))]


def test_words_beside_each_other_must_all_be_found() -> None:
    condition = read_query("solid 电池")
    assert isinstance(condition, Every)
    assert [part.text for part in condition.parts if isinstance(part, Words)] == ["solid", "电池"]


def test_or_binds_less_than_and() -> None:
    condition = read_query("a b OR c")
    assert isinstance(condition, Some)
    assert isinstance(condition.parts[0], Every)


def test_parentheses_change_the_order() -> None:
    condition = read_query("a (b OR c)")
    assert isinstance(condition, Every)
    assert isinstance(condition.parts[1], Some)


@pytest.mark.parametrize("written", ["-lead", "NOT lead", "NOT (lead)"])
def test_not_and_minus_exclude(written: str) -> None:
    condition = read_query(written)
    assert isinstance(condition, Without)
    assert [words.text for words in words_in(condition)] == ["lead"]


def test_lower_case_operators_are_ordinary_words() -> None:
    assert _texts("salt and pepper") == ["salt", "and", "pepper"]


def test_quotation_marks_of_both_languages_make_a_phrase() -> None:
    for written in ('"固态 电池"', "“固态 电池”", "「固态 电池」"):
        (words,) = words_in(read_query(written))
        assert words.phrase and words.text == "固态 电池"


@pytest.mark.parametrize("written", ["title:电池", "标题：电池", "Title: 电池"])
def test_fields_have_names_in_both_languages(written: str) -> None:
    (words,) = words_in(read_query(written))
    assert words.field == FIELDS["title"]


def test_a_field_before_parentheses_covers_everything_inside() -> None:
    condition = read_query("title:(a OR b c)")
    assert {words.field for words in words_in(condition)} == {FIELDS["title"]}


@pytest.mark.parametrize(
    ("written", "low", "high"),
    [
        ("filed:2020", date(2020, 1, 1), date(2020, 12, 31)),
        ("filed:2020-02", date(2020, 2, 1), date(2020, 2, 29)),
        ("filed:2020..2023-06", date(2020, 1, 1), date(2023, 6, 30)),
        ("filed:[2020-05-01 TO *]", date(2020, 5, 1), None),
        ("filed:>2020", date(2021, 1, 1), None),
        ("filed:<=2020", None, date(2020, 12, 31)),
        ("申请日:<2020", None, date(2019, 12, 31)),
    ],
)
def test_date_ranges(written: str, low: date | None, high: date | None) -> None:
    condition = read_query(written)
    assert isinstance(condition, Within)
    assert condition.low == (low and low.toordinal())
    assert condition.high == (high and high.toordinal())


def test_prices_are_read_to_the_minor_unit() -> None:
    condition = read_query("price:1000.50..2000")
    assert isinstance(condition, Within)
    assert (condition.low, condition.high) == (100050, 200000)


def test_near_carries_its_distance() -> None:
    condition = read_query("battery NEAR/3 solid")
    assert isinstance(condition, Near)
    assert condition.distance == 3


def test_a_star_asks_for_the_beginning_of_a_word() -> None:
    (words,) = words_in(read_query("batter*"))
    assert words.prefix and words.text == "batter"


def test_punctuation_of_pasted_titles_is_harmless() -> None:
    assert _texts("A method, device; and system.") == ["A", "method", "device", "and", "system"]
    assert _texts("一种电池，及其制备方法。") == ["一种电池", "及其制备方法"]
    assert _texts("AT&T C++ H01M10/0525 CN202310000001.X") == ["AT&T", "C++", "H01M10/0525", "CN202310000001.X"]


def test_nothing_typed_asks_for_anything() -> None:
    assert isinstance(read_query("  　 "), Anything)


@pytest.mark.parametrize(
    ("written", "refusal", "column"),
    [
        ("ab AND", QueryUnfinished, 7),
        ("(ab", QueryUnfinished, 4),
        ("ab)", QueryUnreadable, 3),
        ("a AND OR b", QueryUnreadable, 7),
        ("x foo:bar", UnknownField, 3),
        ("ab NEAR/999999 cd", DistanceTooFar, 4),
        ("ab NEAR/99999999999999999999 cd", DistanceTooFar, 4),
        ("(a+)+$", QueryUnreadable, 5),
        ("*", QueryUnreadable, 1),
        ("ab a*", PrefixTooShort, 4),
        ("filed:2020-13", WrongFieldValue, 7),
        ("price:abc", WrongFieldValue, 7),
        ("price:1e999999999", WrongFieldValue, 7),
        ("number:>=5", WrongFieldValue, 8),
        ("ipc:1..2", WrongFieldValue, 5),
        ("电池 （隔膜", QueryUnfinished, 7),
        ("'; DROP TABLE assets; --", QueryUnreadable, 1),
    ],
)
def test_a_syntax_error_says_the_column(written: str, refusal: type[QueryUnreadable], column: int) -> None:
    with pytest.raises(refusal) as refused:
        read_query(written)
    assert refused.value.status == 400
    assert refused.value.members()["column"] == column
    assert str(column) in refused.value.detail


BOMBS = [
    "(" * 10_000,
    "(" * 1_500,
    "a" * 1_000_000,
    " OR ".join(["ab"] * 500),
    "a b " * 400,
    "ab NEAR/999999 cd",
    "(a+)+$",
    "*",
    '"' * 1_999,
    "filed:" + "1." * 900,
    "a." * 999,
    "-" * 2_000,
    "NOT " * 499 + "a",
    "((((" * 499,
    "电" * 1_999,
]


@pytest.mark.parametrize("bomb", BOMBS, ids=range(len(BOMBS)))
def test_a_bomb_is_refused_within_200_milliseconds(bomb: str) -> None:
    started = time.process_time()
    with pytest.raises(QueryUnreadable):
        read_query(bomb)
    assert time.process_time() - started < 0.2


def test_the_limits_have_their_own_refusals() -> None:
    for bomb, refusal in (("a" * 2_001, QueryTooLong), ("(" * 30, QueryTooDeep), ("a " * 300, QueryTooWide)):
        with pytest.raises(refusal):
            read_query(bomb)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from(list("ab电池 ()\"*:.-<>[]/1290，“”+$'\\\x00 ORANDTNEitlpc")), max_size=60))
def test_whatever_is_typed_is_read_or_refused_with_a_column_inside_the_text(typed: str) -> None:
    try:
        read_query(typed)
    except QueryUnreadable as refused:
        assert 1 <= refused.column <= len(typed) + 1
