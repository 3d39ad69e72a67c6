"""Security interests replayed from recordations: lender, rank and release on any day."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.registry.security_acts import RecordedRight, Recording, SecurityAct, act_of, citations_in
from marketplace.registry.security_interests import SecurityBook, replay

OWNER, BANK, AGENT, NEXT = "MILL, INC.", "FIRST BANK, AS COLLATERAL AGENT", "SECOND BANK N.A.", "THIRD BANK"
ONE, TWO, THREE = RecordedRight("16000001", "11000001"), RecordedRight("16000002", ""), RecordedRight("", "11000003")


def recording(reference: str, words: str, shown: date, **changes: Any) -> Recording:
    fields: dict[str, Any] = {
        "conveyance_class": "",
        "executed_on": shown,
        "assignors": (OWNER,),
        "assignees": (BANK,),
        "rights": (ONE, TWO, THREE),
    }
    return Recording(reference=reference, words=words, recorded_on=shown, **(fields | changes))


GRANT = recording("048811-0679", "SECURITY INTEREST (SEE DOCUMENT FOR DETAILS).", date(2018, 11, 13))
PASSED = recording(
    "050965-0035",
    "ASSIGNMENT OF PATENT SECURITY INTEREST RECORDED AT REEL/FRAME 48811/679",
    date(2019, 11, 5),
    assignors=("First Bank",),
    assignees=(AGENT,),
)


def released(words: str, shown: date = date(2021, 3, 1), **changes: Any) -> Recording:
    return recording("055555-0001", words, shown, **({"assignors": (AGENT,), "assignees": (OWNER,)} | changes))


def picture(book: SecurityBook) -> dict[str, tuple[str, int]]:
    return {hold.right.key: (hold.lender, rank) for _interest, hold, rank in book.ranks()}


@pytest.mark.parametrize(
    ("words", "cited"),
    [
        ("RELEASE BY SECURED PARTY (REEL 48811 / FRAME 679)", ["048811-0679"]),
        ("RELEASE OF SECURITY INTEREST AT REEL/FRAME NO. 048811/0679 AND 50965/35", ["048811-0679", "050965-0035"]),
        ("RELEASE (REEL: 048811, FRAME: 0679)", ["048811-0679"]),
        ("PATENT RELEASE AT REELS/FRAMES 012345/0678, 023456/0789", ["012345-0678", "023456-0789"]),
        ("SECURITY AGREEMENT DATED 2018/11/06 ON SERIAL 17/095,393", []),
    ],
)
def test_citations_are_read_with_and_without_leading_zeros(words: str, cited: list[str]) -> None:
    assert sorted(citations_in(words)) == sorted(cited)


@pytest.mark.parametrize(
    ("words", "act"),
    [
        ("SECURITY AGREEMENT", SecurityAct.GRANT),
        ("COLLATERAL ASSIGNMENT OF PATENTS", SecurityAct.GRANT),
        ("LIEN", SecurityAct.GRANT),
        ("ASSIGNMENT OF INTELLECTUAL PROPERTY SECURITY AGREEMENT", SecurityAct.TRANSFER),
        ("NOTICE OF SUCCESSION OF AGENCY", SecurityAct.TRANSFER),
        ("TERMINATION OF SECURITY INTEREST IN PATENTS", SecurityAct.RELEASE),
        ("ENTITY CONVERSION", SecurityAct.NEW_NAME),
        ("ASSIGNMENT OF ASSIGNORS INTEREST (SEE DOCUMENT FOR DETAILS).", SecurityAct.NONE),
    ],
)
def test_the_words_say_what_a_recordation_does(words: str, act: SecurityAct) -> None:
    assert act_of("", words) is act


def test_a_transferred_interest_has_the_new_lender_from_its_recording_on() -> None:
    before, after = replay([GRANT, PASSED], date(2019, 11, 4)), replay([GRANT, PASSED], date(2019, 11, 5))
    assert {lender for lender, _rank in picture(before).values()} == {BANK}
    assert {lender for lender, _rank in picture(after).values()} == {AGENT}
    assert after.interests[0].references == ["048811-0679", "050965-0035"]


@pytest.mark.parametrize("cited", ["REEL 48811 FRAME 679", "REEL/FRAME 050965/0035", "AS RECORDED"])
def test_a_release_of_some_rights_frees_those_alone_whichever_recordation_it_cites(cited: str) -> None:
    book = replay([GRANT, PASSED, released(f"RELEASE OF SECURITY INTEREST {cited}", rights=(ONE,))], date(2022, 1, 1))
    assert picture(book) == {TWO.key: (AGENT, 1), THREE.key: (AGENT, 1)}
    assert book.released() == {ONE.key}
    assert book.findings == []


def test_a_right_is_recognised_by_its_patent_or_by_its_application() -> None:
    freed = (RecordedRight("", "11000001"), RecordedRight("16000002", "11999999"))
    book = replay([GRANT, PASSED, released("RELEASE OF SECURITY INTEREST", rights=freed)], date(2022, 1, 1))
    assert list(picture(book)) == [THREE.key]


def test_a_release_by_a_lender_that_had_passed_the_interest_on_frees_nothing() -> None:
    late = released("RELEASE REEL 48811 FRAME 679", assignors=(BANK,))
    book = replay([GRANT, PASSED, late], date(2022, 1, 1))
    assert len(picture(book)) == 3
    assert [finding.code for finding in book.findings] == ["released_by_former_lender"]


def test_a_release_signed_before_the_transfer_and_recorded_after_it_is_good() -> None:
    early = released("RELEASE REEL 48811 FRAME 679", assignors=(BANK,), executed_on=date(2019, 6, 1))
    assert len(picture(replay([GRANT, PASSED, early], date(2020, 1, 1)))) == 3
    assert picture(replay([GRANT, PASSED, early], date(2022, 1, 1))) == {}


def test_a_grant_recorded_after_its_release_stands_released() -> None:
    grant = recording("060000-0001", "SECURITY AGREEMENT", date(2022, 1, 1), executed_on=date(2018, 1, 1))
    release = released("RELEASE OF SECURITY INTEREST", assignors=(BANK,))
    assert picture(replay([release, grant], date(2022, 1, 1))) == {}
    newer = recording("060000-0002", "SECURITY AGREEMENT", date(2022, 1, 1), executed_on=date(2021, 12, 1))
    assert len(picture(replay([release, newer], date(2022, 1, 1)))) == 3


def test_one_agreement_recorded_twice_is_one_interest_and_its_release_ends_both() -> None:
    twice = recording("049999-0001", "SECURITY INTEREST", date(2019, 1, 2), executed_on=GRANT.executed_on)
    book = replay([GRANT, twice], date(2020, 1, 1))
    assert set(picture(book).values()) == {(BANK, 1)}
    assert [finding.code for finding in book.findings] == ["recorded_twice"]
    release = released("RELEASE REEL 49999 FRAME 1", assignors=(BANK,))
    again = recording("055555-0002", release.words, date(2021, 4, 1), assignors=(BANK,), assignees=(OWNER,))
    book = replay([GRANT, twice, release, again], date(2022, 1, 1))
    assert picture(book) == {}
    assert [finding.reference for finding in book.findings] == ["049999-0001", "055555-0002"]


def test_the_first_lender_ranks_first_and_the_second_moves_up_when_it_is_released() -> None:
    second = recording("060613-0072", "SECURITY INTEREST", date(2022, 7, 8), assignees=(NEXT,), rights=(ONE,))
    assert picture(replay([second, GRANT], date(2022, 8, 1)))[ONE.key] in {(BANK, 1), (NEXT, 2)}
    ranks = [(hold.lender, rank) for _i, hold, rank in replay([second, GRANT], date(2022, 8, 1)).ranks()]
    assert (BANK, 1) in ranks
    assert (NEXT, 2) in ranks
    gone = released("RELEASE REEL 48811 FRAME 679", date(2023, 1, 1), assignors=(BANK,))
    assert picture(replay([second, GRANT, gone], date(2023, 1, 1))) == {ONE.key: (NEXT, 1)}


@pytest.mark.parametrize(("shown", "rank"), [(date(2020, 3, 30), 1), (date(2020, 5, 1), 2)])
def test_a_late_recording_ranks_from_its_signature_only_within_three_months(shown: date, rank: int) -> None:
    late = recording("2", "SECURITY AGREEMENT", shown, executed_on=date(2020, 1, 1))
    other = recording("1", "SECURITY AGREEMENT", date(2020, 2, 5), executed_on=date(2020, 2, 1), assignees=(NEXT,))
    ranks = {hold.lender: place for _i, hold, place in replay([late, other], date(2021, 1, 1)).ranks()}
    assert ranks == {BANK: rank, NEXT: 3 - rank}


def test_a_lender_that_changes_its_name_may_release_under_the_new_one() -> None:
    renamed = recording("3", "CHANGE OF NAME", date(2019, 2, 1), assignors=("FIRST BANK",), assignees=("TRUE BANK",))
    book = replay([GRANT, renamed], date(2019, 3, 1))
    assert {lender for lender, _rank in picture(book).values()} == {"TRUE BANK"}
    release = released("RELEASE OF SECURITY INTEREST", assignors=("TRUE BANK",))
    assert picture(replay([GRANT, renamed, release], date(2022, 1, 1))) == {}


def test_a_release_in_error_is_taken_back_and_a_correction_names_the_right_lender() -> None:
    release = released("RELEASE REEL 48811 FRAME 679", assignors=(BANK,))
    back = released("RESCISSION OF RELEASE REEL 55555 FRAME 1", date(2021, 5, 1), assignors=(BANK,))
    back = recording("055555-0009", back.words, date(2021, 5, 1))
    assert len(picture(replay([GRANT, release, back], date(2022, 1, 1)))) == 3
    words = "CORRECTIVE ASSIGNMENT TO CORRECT THE LENDER PREVIOUSLY RECORDED ON REEL 48811 FRAME 679"
    fixed = recording("049000-0001", words, date(2019, 1, 1), assignees=(NEXT,))
    assert {lender for lender, _rank in picture(replay([GRANT, fixed], date(2020, 1, 1))).values()} == {NEXT}


def test_a_release_that_matches_nothing_frees_nothing_and_is_reported() -> None:
    book = replay([GRANT, released("RELEASE REEL 1234 FRAME 5", assignors=(NEXT,))], date(2022, 1, 1))
    assert len(picture(book)) == 3
    assert [finding.code for finding in book.findings] == ["matches_no_interest"]


@settings(max_examples=100, deadline=None)
@given(order=st.permutations(range(5)), day=st.dates(date(2018, 1, 1), date(2023, 12, 31)))
def test_the_order_of_arrival_never_matters_and_later_recordings_never_change_an_earlier_day(
    order: list[int], day: date
) -> None:
    second = recording("060613-0072", "SECURITY INTEREST", date(2022, 7, 8), assignees=(NEXT,))
    parts = released("RELEASE REEL 48811 FRAME 679", rights=(ONE,))
    rest = recording("061111-0001", "RELEASE", date(2023, 2, 1), assignors=(NEXT,), assignees=(OWNER,), rights=(TWO,))
    every = [GRANT, PASSED, parts, second, rest]
    known = [item for item in every if item.shown_on <= day]
    assert picture(replay([every[place] for place in order], day)) == picture(replay(known, day))
