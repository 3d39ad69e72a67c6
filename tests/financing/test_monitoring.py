"""Watching loans and what secures them: what is found, how it is weighed, who is told, and what the page shows."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask_babel import force_locale
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from marketplace.core.actor import SYSTEM
from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.financing.coverage_chart import BOTTOM, LEFT, RIGHT, TOP, Reading, draw_coverage
from marketplace.financing.loans import Loan
from marketplace.financing.monitoring import (
    LEAST_COVERAGE_BPS,
    PledgeCheck,
    checks_of_loan,
    coverage_of,
    watch_batch,
    watch_loan,
)
from marketplace.financing.revaluation import rights_to_value, value_anew
from marketplace.financing.warning_signs import SIGNS, WarningLevel, level_of, ordered, score_of, signs_of_coverage
from marketplace.notices.inbox import Notice
from marketplace.registry.assets import LegalStatus, find_asset
from marketplace.registry.encumbrances import EncumbranceKind, encumber
from tests.makers.financing import Parties, cny, make_bank, make_parties, make_running_loan


@pytest.fixture
def parties(db: Any) -> Parties:
    return make_parties()


@pytest.fixture
def loan(parties: Parties) -> Loan:
    return make_running_loan(parties)


def alarms_of(parties: Parties) -> int:
    told = select(Notice).where(Notice.person_id == parties.officer.person_id, Notice.kind == "security_weakened")
    return len(list(session.execute(told).scalars()))


def preserve(parties: Parties, on: date) -> None:
    kind, until = EncumbranceKind.PRESERVATION, on + timedelta(days=60)
    encumber(SYSTEM, parties.asset_id, kind, None, on, until, "court", now())


def test_every_running_loan_is_looked_at_once_a_day(parties: Parties, loan: Loan) -> None:
    today = now().date()
    check = watch_loan(loan.id, today, now())
    assert watch_batch(today, now()) == 0 and watch_loan(loan.id, today, now()).id == check.id
    assert check.debt == cny(10_000) and "right_ended" not in check.signs
    assert len(list(session.execute(select(PledgeCheck).where(PledgeCheck.day == today)).scalars())) == 1


def test_a_batch_sees_what_each_loan_alone_shows_and_a_watch_that_stopped_midway_ends_with_the_same(
    db: Any,
) -> None:
    today = now().date()
    everybody = [make_parties() for _n in range(4)]
    loans = [make_running_loan(one) for one in everybody]
    preserve(everybody[1], today)
    find_asset(everybody[2].asset_id).status = LegalStatus.LAPSED
    session.flush()

    def seen(*sizes: int, stop_after: int | None = None) -> dict[Any, Any]:
        """What the watch leaves behind when it goes in batches of these sizes."""
        with session.begin_nested() as night:
            for number, size in enumerate(sizes):
                watch_batch(today, now(), size)
                if number == stop_after:
                    with session.begin_nested() as killed:
                        watch_batch(today, now(), 2)
                        killed.rollback()
            found = {
                loan.id: [
                    (check.signs, check.score, check.coverage_bps, check.debt) for check in checks_of_loan(loan.id)
                ]
                for loan in loans
            }
            found["alarms"] = [alarms_of(one) for one in everybody]
            night.rollback()
        session.expire_all()
        return found

    whole = seen(10)
    assert [len(whole[loan.id]) for loan in loans] == [1, 1, 1, 1] and sum(whole["alarms"]) >= 2
    assert seen(1, 1, 1, 1) == whole
    assert seen(2, 2, 2, stop_after=0) == whole


def test_a_preserved_right_alarms_the_lender_once_with_its_weight(parties: Parties, loan: Loan) -> None:
    today = now().date()
    preserve(parties, today)
    for days in (0, 1):
        check = watch_loan(loan.id, today + timedelta(days=days), now())
        assert "preservation" in check.signs and check.score >= 30
    assert alarms_of(parties) == 1


def test_a_lapsed_right_alarms_and_its_value_is_not_made_anew(parties: Parties, loan: Loan) -> None:
    find_asset(parties.asset_id).status = LegalStatus.LAPSED
    assert value_anew(parties.asset_id, now()) is None
    check = watch_loan(loan.id, now().date(), now())
    assert "right_ended" in check.signs and check.level is WarningLevel.ALARM


def test_a_pledged_right_is_valued_anew_by_the_marketplace_itself_when_its_value_is_a_week_old(
    parties: Parties, loan: Loan
) -> None:
    assert parties.asset_id in rights_to_value(now())
    seen = value_anew(parties.asset_id, now())
    assert seen is not None and seen.organisation_id is None
    assert parties.asset_id not in rights_to_value(now())
    assert parties.asset_id in rights_to_value(now() + timedelta(days=8))
    check = watch_loan(loan.id, now().date(), now())
    assert check.value == seen.middle
    assert check.coverage_bps == seen.middle.amount_minor * 10_000 // check.debt.amount_minor


def test_an_unknown_value_is_unknown_and_not_zero() -> None:
    assert coverage_of(None, cny(10)) is None and coverage_of(cny(20), cny(10)) == 20_000
    assert signs_of_coverage(None, LEAST_COVERAGE_BPS, 30_000) == []


@pytest.mark.parametrize(
    ("coverage", "highest", "signs"),
    [(16_666, None, []), (16_665, None, ["coverage_low"]), (24_000, 30_000, []), (23_999, 30_000, ["coverage_falling"]),
     (10_000, 30_000, ["coverage_low", "coverage_falling"])],
)  # fmt: skip
def test_coverage_warns_below_what_is_required_and_when_it_fell_by_a_fifth(
    coverage: int, highest: int | None, signs: list[str]
) -> None:
    assert signs_of_coverage(coverage, LEAST_COVERAGE_BPS, highest) == signs


@given(st.sets(st.sampled_from(sorted(SIGNS))), st.sampled_from(sorted(SIGNS)))
def test_a_score_is_of_a_hundred_and_another_sign_never_lowers_it(signs: set[str], more: str) -> None:
    score = score_of(signs)
    assert 0 <= score <= score_of(signs | {more}) <= 100
    assert [SIGNS[sign].points for sign in ordered(signs)] == sorted((SIGNS[one].points for one in signs), reverse=True)
    assert (level_of(score) is WarningLevel.CALM) == (score < 20)


@given(st.lists(st.tuples(st.integers(0, 400), st.none() | st.integers(0, 10**7)), min_size=1, max_size=30))
def test_the_chart_keeps_every_known_day_inside_the_drawing(days: list[tuple[int, int | None]]) -> None:
    readings = [Reading(date(2026, 1, 1) + timedelta(days=day), bps, 16_666) for day, bps in dict(days).items()]
    chart = draw_coverage(readings)
    assert (chart is None) == all(one.coverage_bps is None for one in readings)
    for x, y in chart.dots if chart else []:
        assert LEFT <= x <= RIGHT and TOP <= y <= BOTTOM


@pytest.mark.parametrize(("language", "words"), [("en", "A court has preserved the right"), ("zh", "权利已被法院保全")])
def test_page_and_api_show_the_watch_to_the_two_parties_only(
    parties: Parties, loan: Loan, client: Any, sign_in: Any, db: Any, language: str, words: str
) -> None:
    today = now().date()
    preserve(parties, today)
    value_anew(parties.asset_id, now())
    for days in range(3):
        watch_loan(loan.id, today + timedelta(days=days), now())
    db.commit()
    page, path = f"/financing/loans/{loan.id}/security", f"/api/v1/financing/loans/{loan.id}/security"
    assert sign_in(client, None).get(path).status_code == 401
    assert sign_in(client, make_bank()[0]).get(path).status_code == client.get(page).status_code == 404
    for reader in (parties.holder, parties.officer):
        shown = sign_in(client, reader).get(f"{page}?lang={language}").text
        assert words in shown and '<svg class="coverage"' in shown and shown.count("<caption") >= 3
    [newest, *_older] = client.get(path).json["items"]
    assert newest["signs"][0] == "preservation" and newest["reasons"][0]["points"] == 30
    assert len(checks_of_loan(loan.id)) == 3
    with force_locale(language):
        [notice] = session.execute(select(Notice).where(
            Notice.person_id == parties.officer.person_id, Notice.kind == "security_weakened")).scalars()  # fmt: skip
        assert "100" in notice.words.subject
