"""The journey prints a figure only as it was read back, and any difference ends it."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from demo.report import Difference, Figure, StepFailed, percent, readable, show, until


def test_a_figure_is_printed_as_it_was_read_back(capsys: pytest.CaptureFixture[str]) -> None:
    show("paid", amount=Figure("12.00", lambda: "12.00"), owner=Figure("abcdef", lambda: "abcdef").shortened(len))
    assert capsys.readouterr().out.split() == ["paid", "amount", "12.00", "owner", "6"]


def test_a_figure_that_reads_differently_ends_the_journey_and_prints_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(Difference, match="amount reads '12.01', announced was '12.00'"):
        show("paid", status=Figure("paid", lambda: "paid"), amount=Figure("12.00", lambda: "12.01"))
    assert capsys.readouterr().out == ""


def test_a_shortened_figure_is_compared_whole() -> None:
    with pytest.raises(Difference):
        show("signed", hash=Figure("aaaa1", lambda: "aaaa2").shortened(lambda text: text[:4]))


def test_a_figure_in_the_words_of_a_step_is_refused() -> None:
    with pytest.raises(StepFailed, match="nobody reads it back"):
        show("paid 12 yuan")


def test_what_the_worker_never_does_is_a_failed_step() -> None:
    answers: Iterator[int] = iter(range(100))
    assert until(lambda: next(answers), lambda seen: seen == 2, "the third answer") == 2
    with pytest.raises(StepFailed, match="the end did not come within 0 seconds; last seen: 3"):
        until(lambda: next(answers), lambda seen: False, "the end", seconds=0)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("1234567.80", "1,234,567.80"), (Decimal("-12"), "-12.00"), (True, "yes"), (False, "no"), (3, "3"),
        ("funds_held", "funds held"), ("CN-PLG-03", "CN-PLG-03"), ("B2", "B2"),
    ],
)  # fmt: skip
def test_values_are_printed_as_people_read_them(value: Any, words: str) -> None:
    assert readable(value) == words


def test_a_rate_is_printed_as_a_percentage() -> None:
    assert percent(435) == "4.35 %"
