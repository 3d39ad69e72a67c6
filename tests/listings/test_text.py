"""One spelling for every variant."""

from hypothesis import given
from hypothesis import strategies as st

from marketplace.listings.text import class_branches, fold, index_tokens, number_symbol, singular


def test_chinese_becomes_overlapping_pairs_and_its_last_character() -> None:
    assert index_tokens("锂电池") == ["锂电", "电池", "池"]


def test_a_single_character_stays() -> None:
    assert index_tokens("A 酶") == ["a", "酶"]


def test_traditional_and_simplified_are_one() -> None:
    assert index_tokens("鋰離子電池") == index_tokens("锂离子电池")


def test_full_width_case_and_accents_are_folded() -> None:
    assert fold("ＨＥＬＬＯ Café Straße") == "hello cafe straße"


def test_plurals_meet_their_singular() -> None:
    words = ("batteries", "switches", "boxes", "cells", "glass", "basis", "gas")
    assert [singular(word) for word in words] == ["battery", "switch", "box", "cell", "glass", "basis", "gas"]


def test_class_symbols_know_their_branches() -> None:
    assert class_branches("H01M 10/0525") == ["h", "h01", "h01m", "h01m10", "h01m10/0525"]
    assert class_branches("H01M0010/0525") == class_branches("H01M 10/0525")


def test_number_symbols_ignore_spelling() -> None:
    assert number_symbol("ZL 2023 1 0000001.X") == number_symbol("20231 0000001X")


@given(st.text(max_size=80))
def test_any_text_can_be_folded_and_cut_and_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert all(token and " " not in token for token in index_tokens(text))
