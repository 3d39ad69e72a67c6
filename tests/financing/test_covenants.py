"""Covenants: agreed before acceptance, tested on fixed days, reported, judged, waived by two; never a silent default."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from marketplace.core.actor import SYSTEM
from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.errors import Malformed, NotFound
from marketplace.core.lifecycle import WrongStatus
from marketplace.core.money import Money
from marketplace.documents.contracts_pdf import render_pdf
from marketplace.documents.files import find_file, store_file
from marketplace.financing import covenant_calendar, covenant_checks, covenant_reports, covenants, jobs
from marketplace.financing.agreements import accept_term_sheet
from marketplace.financing.club_votes import ClubDisagrees, Matter
from marketplace.financing.covenant_rules import (
    CovenantKind,
    Measure,
    Outcome,
    Promise,
    days_of_tests,
    holds,
    judge_coverage,
    judge_figure,
    plain,
)
from marketplace.financing.covenant_tests import CovenantTest, TestStatus, covenant_tests_of, lay_out_tests
from marketplace.financing.day_counts import add_months
from marketplace.financing.loan_contracts import covenants_in_words
from marketplace.financing.loans import LoanDisbursed, LoanStatus, find_loan, instalments_of
from marketplace.financing.monitoring import watch_loan
from marketplace.financing.policy import WrongActor
from marketplace.financing.repayments import payoff_of
from marketplace.financing.term_sheets import TermSheetStatus, withdraw_term_sheet
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.notices.inbox import Notice
from marketplace.registry.assets import LegalStatus, find_asset
from marketplace.registry.fee_rules import coming_fees
from tests.makers.clubs import Club
from tests.makers.covenants import ACCOUNTS, COVERAGE, DEBTS, NEGATIVE, UPKEEP, Promised, at, fresh
from tests.makers.financing import make_bank, repay

START = date(2026, 1, 31)
figures = st.decimals(0, 10**9, places=4, allow_nan=False, allow_infinity=False)


@given(st.dates(date(2024, 1, 1), date(2030, 12, 31)), st.integers(1, 120), st.integers(1, 60), st.integers(0, 180),
       st.sampled_from(["CNY", "HKD", "SGD", "USD"]))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_test_days_follow_the_rhythm_within_the_loan_and_are_reported_on_business_days(
    start: date, months: int, every: int, after: int, currency: str
) -> None:
    until = add_months(start, months)
    days = days_of_tests(start, until, every, after, currency)
    assert [one.nr for one in days] == list(range(1, months // every + 1))
    assert [one.tested_on for one in days] == [add_months(start, every * one.nr) for one in days]
    assert all(one.due_on - one.tested_on >= timedelta(days=after) for one in days)
    assert all(start < one.tested_on <= until for one in days)
    longer = days_of_tests(start, add_months(start, months + every), every, after, currency)
    assert longer[: len(days)] == days


def test_a_report_is_due_on_the_next_business_day_of_the_loans_market() -> None:
    spring = days_of_tests(date(2025, 11, 16), date(2026, 2, 16), 3, 0, "CNY")
    assert spring[0].tested_on == date(2026, 2, 16)
    assert spring[0].due_on > date(2026, 2, 16)
    assert days_of_tests(date(2025, 11, 16), date(2026, 2, 16), 3, 0, "USD")[0].due_on == date(2026, 2, 16)
    assert [one.tested_on for one in days_of_tests(START, date(2026, 5, 31), 1, 0, "USD")][:2] == [
        date(2026, 2, 28), date(2026, 3, 31),
    ]  # fmt: skip


@given(st.sampled_from(Measure), figures, figures)
@settings(max_examples=60, deadline=None)
def test_a_figure_is_judged_exactly_and_its_limit_is_kept(measure: Measure, figure: Decimal, limit: Decimal) -> None:
    assert holds(measure, limit, limit)
    assert holds(measure, figure, limit) == (figure <= limit if measure.is_ceiling else figure >= limit)
    promise = Promise(kind=CovenantKind.FINANCIAL, measure=measure, threshold=limit, every_months=3)
    assert (judge_figure(promise, figure) is Outcome.BROKEN) == (not holds(measure, figure, limit))
    assert judge_figure(promise, None) is Outcome.UNKNOWN
    assert Decimal(plain(figure).replace(",", "")) == figure


@given(st.lists(st.one_of(st.none(), st.integers(0, 10**9)), max_size=4), st.integers(0, 10**9), figures)
@settings(max_examples=80, deadline=None)
def test_an_unknown_value_never_breaks_a_coverage(values: list[int | None], debt: int, limit: Decimal) -> None:
    outcome = judge_coverage(limit, values, debt)
    known = sum(value or 0 for value in values)
    enough = debt == 0 or Fraction(known, debt) >= Fraction(limit)
    assert (outcome is Outcome.KEPT) == enough
    assert outcome is not Outcome.BROKEN or (None not in values and values)


@pytest.mark.parametrize(
    ("field", "promise"),
    [
        ("measure", replace(DEBTS, measure=None)),
        ("measure", replace(ACCOUNTS, measure=Measure.REVENUE)),
        ("threshold", replace(DEBTS, threshold=None)),
        ("threshold", replace(DEBTS, threshold=Decimal("0"))),
        ("threshold", replace(DEBTS, threshold=Decimal("-1"))),
        ("threshold", replace(DEBTS, threshold=Decimal("0.12345"))),
        ("threshold", replace(DEBTS, threshold=Decimal("NaN"))),
        ("threshold", replace(DEBTS, threshold=Decimal("1e15"))),
        ("every_months", replace(DEBTS, every_months=13)),
        ("every_months", replace(DEBTS, every_months=0)),
        ("days_after", replace(UPKEEP, days_after=5)),
        ("days_after", replace(DEBTS, days_after=181)),
        ("text", replace(ACCOUNTS, text=" ")),
    ],
)
def test_a_promise_that_cannot_be_tested_is_malformed(app: Any, field: str, promise: Promise) -> None:
    with app.test_request_context(), pytest.raises(Malformed) as refusal:
        promise.require_sound(12)
    assert list(refusal.value.errors) == [field]


def told(actor: Any) -> list[str]:
    found = session.execute(select(Notice.kind).where(Notice.person_id == actor.person_id)).scalars()
    return [kind for kind in found if kind.startswith("covenant")]


def test_covenants_become_the_loans_are_printed_and_have_their_days(db: Any) -> None:
    printed = Promised(ACCOUNTS, DEBTS)
    with patch("marketplace.financing.loan_contracts.render_pdf", wraps=render_pdf) as typesetter:
        agreed = printed.agreed()
    contract = next(call.args[1] for call in typesetter.call_args_list if call.args[0] == "loan")
    assert contract["covenants"] == covenants_in_words(agreed)
    assert "资产负债率不高于0.7" in contract["covenants"]["zh"]
    assert "deliver half-yearly accounts" in contract["covenants"]["en"]
    assert "covenants_changed" in told(printed.parties.holder)
    tests = covenant_tests_of(Promised(ACCOUNTS, DEBTS, UPKEEP).running().id)
    assert len(tests) == 2 + 4 + 4
    assert {one.status for one in tests} == {TestStatus.DUE}


def test_the_borrower_accepts_what_it_has_read_and_nothing_else(db: Any) -> None:
    case = Promised(DEBTS)
    read = covenants.covenants_in(case.parties.holder, case.sheet.id)[0].id
    for confirmed in ([], [uuid4()], [read, uuid4()]):
        with pytest.raises(covenants.CovenantsNotRead):
            accept_term_sheet(case.parties.holder, case.sheet.id, [], now(), confirmed)
    case.agree(UPKEEP)
    with pytest.raises(covenants.CovenantsNotRead):
        accept_term_sheet(case.parties.holder, case.sheet.id, [], now(), [read])
    case.agreed()


def test_only_the_offers_bank_agrees_covenants_once_of_a_kind_while_the_offer_lives(db: Any) -> None:
    case = Promised(DEBTS, ACCOUNTS, ACCOUNTS)
    with pytest.raises(covenants.CovenantAgreedAlready):
        case.agree(replace(DEBTS, threshold=Decimal("0.5")))
    with pytest.raises(WrongActor):
        covenants.agree_covenant(case.parties.holder, case.sheet.id, UPKEEP, now())
    with pytest.raises(NotFound):
        covenants.agree_covenant(make_bank()[0], case.sheet.id, UPKEEP, now())
    covenants.drop_covenant(case.parties.approver, covenants.covenants_of_sheet(case.sheet.id)[0].id, now())
    left = covenants.covenants_of_sheet(case.sheet.id)
    assert [one.kind for one in left] == [CovenantKind.INFORMATION] * 2
    withdraw_term_sheet(case.parties.officer, case.sheet.id, now())
    with pytest.raises(covenants.CovenantsSettled):
        covenants.drop_covenant(case.parties.approver, left[0].id, now())


def test_an_offer_approved_by_two_is_changed_by_two(db: Any) -> None:
    case = Promised()
    assert case.sheet.status is TermSheetStatus.OFFERED
    with pytest.raises(SecondPersonNeeded):
        covenants.agree_covenant(case.parties.officer, case.sheet.id, UPKEEP, now())


def test_a_bank_that_joined_relies_on_the_covenants_it_saw(db: Any) -> None:
    club = Club()
    covenants.agree_covenant(club.parties.officer, club.sheet.id, UPKEEP, now())
    club.join(club.second, 3_000)
    with pytest.raises(covenants.BanksRelyOnCovenants):
        covenants.agree_covenant(club.parties.officer, club.sheet.id, DEBTS, now())


def reported(case: Promised, figure: str | None = "0.65", with_file: bool = False) -> CovenantTest:
    test = case.first()
    day = test.tested_on
    file = (
        store_file(case.parties.holder, b"Assets 100, debts 65", "accounts.txt", "covenant", at(day))
        if with_file
        else None
    )
    value = None if figure is None else Decimal(figure)
    return covenant_reports.report_on_covenant(
        case.parties.holder, test.id, value, file.id if file else None, "First period", at(day)
    )


@pytest.mark.parametrize(("figure", "status"), [("0.7", TestStatus.MET), ("0.7001", TestStatus.BREACHED)])
def test_a_confirmed_figure_is_judged_by_the_rule(db: Any, figure: str, status: TestStatus) -> None:
    case = Promised(DEBTS)
    loan = case.running()
    test = reported(case, figure, with_file=True)
    assert test.file_id is not None
    assert find_file(case.parties.officer, test.file_id).name == "accounts.txt"
    with pytest.raises(NotFound):
        find_file(make_bank()[0], test.file_id)
    with pytest.raises(WrongStatus):
        covenant_reports.report_on_covenant(case.parties.holder, test.id, Decimal(1), None, "", at(test.tested_on))
    covenant_reports.confirm_report(case.parties.officer, test.id, at(test.tested_on))
    assert test.status is status
    assert find_loan(loan.id).status is LoanStatus.PERFORMING
    assert f"covenant_{status.value}" in told(case.parties.holder)


def test_a_broken_covenant_warns_and_is_cured_by_a_better_report(db: Any) -> None:
    case = Promised(DEBTS)
    loan = case.running()
    test = reported(case, "0.9")
    covenant_reports.confirm_report(case.parties.officer, test.id, at(test.tested_on))
    assert "covenant_broken" in watch_loan(loan.id, test.tested_on, at(test.tested_on)).signs
    reported(case, "0.8")
    covenant_reports.dispute_report(case.parties.officer, test.id, "Not audited", at(test.tested_on))
    assert (test.status, test.answer) == (TestStatus.BREACHED, "Not audited")
    reported(case, "0.6")
    covenant_reports.confirm_report(case.parties.officer, test.id, at(test.tested_on))
    assert test.status is TestStatus.CURED
    with pytest.raises(WrongStatus):
        covenant_reports.dispute_report(case.parties.officer, test.id, "Too late", at(test.tested_on))


def test_what_is_reported_is_complete_in_time_and_of_the_right_party(db: Any) -> None:
    case = Promised(DEBTS, replace(ACCOUNTS, every_months=3), UPKEEP)
    loan = case.running()
    kinds = {one.id: one.kind for one in covenants.covenants_for(case.parties.holder, loan.id)}
    firsts = {kinds[one.covenant_id]: one for one in covenant_tests_of(loan.id) if one.nr == 1}
    day = firsts[CovenantKind.UPKEEP].tested_on
    debts, accounts = firsts[CovenantKind.FINANCIAL], firsts[CovenantKind.INFORMATION]

    def report(test: CovenantTest, figure: str | None = None, actor: Any = None, days: int = 0) -> None:
        value = Decimal(figure) if figure else None
        covenant_reports.report_on_covenant(
            actor or case.parties.holder, test.id, value, None, "", at(day + timedelta(days=days))
        )

    with pytest.raises(covenant_reports.TooEarlyToReport):
        report(debts, "0.5", days=-1)
    with pytest.raises(covenant_reports.NothingToReport):
        report(firsts[CovenantKind.UPKEEP])
    for wrong in (lambda: report(debts), lambda: report(accounts), lambda: report(accounts, "1"),
                  lambda: report(debts, "-1"), lambda: report(debts, "0.12345")):  # fmt: skip
        with pytest.raises(Malformed):
            wrong()
    with pytest.raises(WrongActor):
        report(debts, "0.5", actor=case.parties.officer)
    with pytest.raises(NotFound):
        report(debts, "0.5", actor=make_bank()[0])
    with pytest.raises(WrongActor):
        covenant_reports.confirm_report(case.parties.holder, debts.id, at(day))
    with pytest.raises(WrongStatus):
        covenant_reports.confirm_report(case.parties.officer, debts.id, at(day))


def judge(on: date) -> None:
    after = covenant_checks.judge_batch(on, at(on), size=1)
    while after is not None:
        after = covenant_checks.judge_batch(on, at(on), after, size=1)


def standings(loan_id: Any) -> list[tuple[int, str, list[str], Any]]:
    return [(one.nr, one.status.value, one.findings, one.figure) for one in covenant_tests_of(loan_id)]


def test_a_late_report_is_noted_the_night_after_its_day_and_warns(db: Any) -> None:
    case = Promised(DEBTS)
    loan = case.running()
    test = case.first()
    judge(test.due_on)
    assert test.status is TestStatus.DUE
    late = test.due_on + timedelta(days=1)
    judge(late)
    assert test.status is TestStatus.OVERDUE
    check = watch_loan(loan.id, late, at(late))
    assert "report_late" in check.signs
    for actor in (case.parties.holder, case.parties.officer):
        assert told(actor).count("covenant_overdue") == 1
    assert find_loan(loan.id).status is LoanStatus.PERFORMING


def test_coverage_upkeep_and_charges_are_seen_at_night_and_a_second_night_changes_nothing(
    db: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Promised(COVERAGE, UPKEEP, NEGATIVE)
    loan = case.running()
    values: dict[Any, Money] = {case.parties.asset_id: Money(1_499_900, "CNY")}
    monkeypatch.setattr("marketplace.financing.monitoring.values_of", lambda _assets: values)
    day = case.first().tested_on
    asset = find_asset(case.parties.asset_id)
    asset.status = LegalStatus.LAPSED
    judge(day - timedelta(days=1))
    assert {status for _nr, status, _found, _figure in standings(loan.id)} == {"due"}
    judge(day)
    first = {tuple(found): (status, figure) for nr, status, found, figure in standings(loan.id) if nr == 1}
    assert first == {
        ("below_limit",): ("breached", Decimal("1.4999")),
        ("right_ended",): ("breached", None),
        (): ("met", None),
    }
    before = (standings(loan.id), len(told(case.parties.officer)))
    judge(day)
    assert (standings(loan.id), len(told(case.parties.officer))) == before
    asset.status = LegalStatus.IN_FORCE
    values[case.parties.asset_id] = Money(1_500_000, "CNY")
    judge(day + timedelta(days=1))
    assert sorted(status for nr, status, *_rest in standings(loan.id) if nr == 1) == ["cured", "cured", "met"]


def test_an_unknown_value_leaves_the_coverage_open(db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    case = Promised(COVERAGE)
    case.running()
    monkeypatch.setattr("marketplace.financing.monitoring.values_of", lambda _assets: {})
    judge(case.first().tested_on)
    assert case.first().status is TestStatus.DUE


def test_the_nightly_job_judges_before_it_looks(db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    case = Promised(DEBTS)
    case.running()
    monkeypatch.setattr(session, "commit", session.flush)
    jobs.judge_promises(case.first().due_on + timedelta(days=1))
    assert case.first().status is TestStatus.OVERDUE


def test_a_licence_without_consent_breaks_the_promise_and_one_agreed_to_does_not(db: Any) -> None:
    from marketplace.registry.consents import Consent
    from marketplace.registry.encumbrances import Encumbrance, EncumbranceKind

    case = Promised(NEGATIVE)
    loan = case.running()
    assert loan.disbursed_on is not None
    begins = loan.disbursed_on + timedelta(days=10)
    licence = Encumbrance(
        asset_id=case.parties.asset_id, kind=EncumbranceKind.NON_EXCLUSIVE_LICENCE, holder_name="Licensee",
        begins_on=begins, ends_on=begins + timedelta(days=400), known_from=at(begins),
    )  # fmt: skip
    given_at = at(begins - timedelta(days=1))
    consent = Consent(asset_id=case.parties.asset_id, kind="pledgee", act="licence", given_at=given_at)
    assert covenant_checks.is_allowed(licence, [consent])
    for spoilt in ({"act": "transfer"}, {"given_at": at(begins + timedelta(days=1))},
                   {"expires_on": begins - timedelta(days=1)}, {"withdrawn_at": at(begins)}):  # fmt: skip
        plain_consent = {"act": "licence", "given_at": given_at, "expires_on": None, "withdrawn_at": None}
        assert not covenant_checks.is_allowed(licence, [Consent(**(plain_consent | spoilt))])
    session.add(licence)
    session.flush()
    judge(case.first().tested_on)
    assert (case.first().status, case.first().findings) == (TestStatus.BREACHED, ["licensed"])


def test_a_waiver_needs_a_reason_and_a_second_person(db: Any) -> None:
    case = Promised(DEBTS)
    case.running()
    test = case.first()
    day = test.tested_on
    officer, approver = fresh(case.parties.officer, day), fresh(case.parties.approver, day)
    with pytest.raises(covenant_reports.NoWaiverAsked):
        covenant_reports.approve_waiver(approver, test.id, at(day))
    covenant_reports.ask_waiver(officer, test.id, "New plant opened late", at(day))
    with pytest.raises(SecondPersonNeeded):
        covenant_reports.approve_waiver(officer, test.id, at(day))
    covenant_reports.approve_waiver(approver, test.id, at(day))
    assert test.status is TestStatus.WAIVED
    assert "covenant_waived" in told(case.parties.holder)
    with pytest.raises(WrongStatus):
        covenant_reports.ask_waiver(officer, test.id, "Again", at(day))


def test_of_several_banks_two_thirds_waive(db: Any) -> None:
    from marketplace.financing.club_decisions import Answer, answer_club

    club = Club()
    covenants.agree_covenant(club.parties.officer, club.sheet.id, DEBTS, now())
    sheet = club.offered()
    read = [one.id for one in covenants.covenants_of_sheet(sheet.id)]
    with patch("marketplace.financing.agreements.lay_out_contracts"):
        loan = accept_term_sheet(club.parties.holder, sheet.id, [], now(), read)
    promise = covenants.covenants_of_loan(loan.id)[0]
    test = CovenantTest(covenant_id=promise.id, nr=1, tested_on=loan.agreed_on, due_on=loan.agreed_on)
    session.add(test)
    session.flush()
    covenant_reports.ask_waiver(club.parties.officer, test.id, "One weak quarter", now())
    with pytest.raises(ClubDisagrees):
        covenant_reports.approve_waiver(club.parties.approver, test.id, now())
    answer_club(club.second[1], loan.id, Answer(matter=Matter.WAIVER, subject_id=test.id, agrees=True), now())
    covenant_reports.approve_waiver(club.parties.approver, test.id, now())
    assert test.status is TestStatus.WAIVED
    for bank in club.banks:
        assert "covenant_waived" in told(bank)


def test_an_extended_loan_has_further_test_days_and_one_paid_off_none(db: Any) -> None:
    case = Promised(DEBTS, UPKEEP)
    loan = case.running()
    today = loan.disbursed_on
    assert today is not None and loan.matures_on is not None
    assert len(covenant_tests_of(loan.id)) == 8
    loan.matures_on = add_months(loan.matures_on, 3)
    for _twice in range(2):
        lay_out_tests(SYSTEM, LoanDisbursed(loan.id), now())
    assert [one.nr for one in covenant_tests_of(loan.id)][-2:] == [5, 5]
    repay(case.parties, loan, payoff_of(loan, instalments_of(loan.id), today), today, now())
    assert {one.status for one in covenant_tests_of(loan.id)} == {TestStatus.ENDED}


def refused(db: Any, statement: str, **values: Any) -> None:
    with pytest.raises((IntegrityError, DBAPIError)), db.begin_nested():
        db.execute(text(statement), values)


def test_the_database_keeps_what_was_agreed(db: Any) -> None:
    case = Promised(DEBTS, COVERAGE)
    loan = case.running()
    test = case.first()
    refused(db, "UPDATE covenants SET threshold = 0.9 WHERE loan_id = :loan", loan=loan.id)
    refused(db, "DELETE FROM covenants WHERE loan_id = :loan", loan=loan.id)
    refused(db, "DELETE FROM offered_covenants WHERE term_sheet_id = :sheet", sheet=case.sheet.id)
    refused(db, "UPDATE offered_covenants SET threshold = 0.9 WHERE term_sheet_id = :sheet", sheet=case.sheet.id)
    for change in (
        "status = 'waived'", "status = 'breached'", "status = 'reported'", "due_on = tested_on - 1", "figure = -1",
        "waiver_reason = 'Because'", "status = 'nonsense'",
    ):  # fmt: skip
        refused(db, f"UPDATE covenant_tests SET {change} WHERE id = :test", test=test.id)
    refused(
        db, "UPDATE covenant_tests SET status = 'waived', waiver_reason = 'x', waiver_asked_by = :one, waived_by = :one "
        "WHERE id = :test", test=test.id, one=case.parties.officer.person_id,
    )  # fmt: skip


def test_the_calendar_tells_both_sides_what_falls_due(db: Any) -> None:
    case = Promised(DEBTS, UPKEEP)
    loan = case.running()
    assert loan.disbursed_on is not None
    entries = covenant_calendar.entries_for(case.parties.holder, loan.disbursed_on)
    assert entries == covenant_calendar.entries_for(case.parties.officer, loan.disbursed_on)
    assert covenant_calendar.entries_for(make_bank()[0], loan.disbursed_on) == []
    kinds = [one.what for one in entries]
    until = add_months(loan.disbursed_on, 12)
    assert kinds.count("instalment") == sum(row.due_on <= until for row in instalments_of(loan.id))
    assert kinds.count("covenant") == sum(one.due_on <= until for one in covenant_tests_of(loan.id))
    assert "fee" in kinds
    year = coming_fees([find_asset(case.parties.asset_id)], loan.disbursed_on, 365)[case.parties.asset_id][0].year
    find_asset(case.parties.asset_id).facts = {
        "fees": [{"state": "paid", "name": f"第{year}年年费", "paid_on": "2026-01-01"}]
    }
    paid = covenant_calendar.entries_for(case.parties.holder, loan.disbursed_on)
    assert [one.what for one in paid].count("fee") == kinds.count("fee") - 1
    assert [one.day for one in entries] == sorted(one.day for one in entries)
    assert len({one.uid for one in entries}) == len(entries)


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


@pytest.fixture
def act_as(sign_in: Any, db: Any, client: FlaskClient) -> Any:
    """Keep what was made so far, because a refused request undoes the rest, and act as somebody."""

    def act(actor: Any) -> FlaskClient:
        db.commit()
        signed: FlaskClient = sign_in(client, actor)
        return signed

    return act


FORM = {"kind": "financial", "measure": "debt_to_assets", "threshold": "0.7", "every_months": "3", "days_after": "20"}


def test_a_covenant_is_agreed_read_and_promised_over_the_pages(db: Any, act_as: Any) -> None:
    case = Promised()
    bank = act_as(case.parties.approver)
    path = f"/financing/term-sheets/{case.sheet.id}/covenants"
    assert bank.post(path, data=FORM | {"threshold": "much"}, headers=key()).status_code == 422
    assert bank.post(path, data=FORM, headers=key()).status_code == 303
    assert bank.post(path, data=FORM | {"measure": ""}, headers=key()).status_code == 422
    extra = {"kind": "upkeep", "every_months": "6", "days_after": "0", "measure": "", "threshold": "", "text": ""}
    assert bank.post(path, data=extra, headers=key()).status_code == 303
    first, second = covenants.covenants_of_sheet(case.sheet.id)
    shown = bank.get(f"/financing/invitations/{case.sheet.invitation_id}?lang=en").get_data(as_text=True)
    assert "total liabilities over total assets at most 0.7" in shown
    assert act_as(make_bank()[0]).post(path, data=FORM, headers=key()).status_code == 404
    drop = f"/financing/offered-covenants/{second.id}/dropping"
    assert act_as(make_bank()[0]).post(drop, headers=key()).status_code == 404
    assert act_as(case.parties.approver).post(drop, headers=key()).status_code == 303
    holder = act_as(case.parties.holder)
    page = holder.get(f"/financing/applications/{case.sheet.application_id}?lang=zh").get_data(as_text=True)
    assert "我方承诺：" in page and "资产负债率不高于0.7" in page
    accept = f"/financing/term-sheets/{case.sheet.id}/acceptance"
    assert holder.post(accept, data={}, headers=key()).status_code == 409
    assert holder.post(accept, data={"covenants": [str(first.id)]}, headers=key()).status_code == 303


def test_a_test_day_is_reported_and_confirmed_over_the_pages(db: Any, act_as: Any) -> None:
    case = Promised(replace(DEBTS, every_months=1), replace(ACCOUNTS, every_months=1))
    loan = case.running()
    for one in covenant_tests_of(loan.id):
        one.tested_on -= timedelta(days=40)
    kinds = {one.id: one.kind for one in covenants.covenants_of_loan(loan.id)}
    debts = next(one for one in covenant_tests_of(loan.id) if kinds[one.covenant_id] is CovenantKind.FINANCIAL)
    page, base = f"/financing/loans/{loan.id}", f"/financing/covenant-tests/{debts.id}"
    holder = act_as(case.parties.holder)
    shown = holder.get(page + "?lang=en").get_data(as_text=True)
    assert base + "/report" in shown and "Report to the bank" in shown
    assert "Report on a covenant" in holder.get("/dashboard?lang=en", follow_redirects=True).get_data(as_text=True)
    assert holder.post(base + "/report", data={"figure": "a lot"}, headers=key()).status_code == 422
    assert holder.post(base + "/nonsense", headers=key()).status_code == 404
    assert holder.post(base + "/confirmation", headers=key()).status_code == 403
    assert holder.post(base + "/report", data={"figure": "0.66", "note": "x"}, headers=key()).status_code == 303
    bank = act_as(case.parties.officer)
    shown = bank.get(page + "?lang=en").get_data(as_text=True)
    assert "0.66" in shown and base + "/confirmation" in shown
    assert act_as(make_bank()[0]).post(base + "/confirmation", headers=key()).status_code == 404
    bank = act_as(case.parties.officer)
    assert bank.post(base + "/confirmation", headers=key()).status_code == 303
    assert bank.post(base + "/confirmation", headers=key()).status_code == 409


def test_the_calendar_is_a_page_and_a_file(db: Any, act_as: Any, client: FlaskClient) -> None:
    case = Promised(UPKEEP)
    case.running()
    db.commit()
    assert client.get("/financing/calendar").status_code in (302, 303, 401)
    holder = act_as(case.parties.holder)
    shown = holder.get("/financing/calendar?lang=zh").get_data(as_text=True)
    assert "今后十二个月" in shown and "按期缴纳出质权利的官费" in shown and "第1期还款" in shown
    file = holder.get("/financing/calendar.ics")
    assert file.content_type.startswith("text/calendar")
    lines = file.get_data(as_text=True)
    assert lines.startswith("BEGIN:VCALENDAR") and lines.count("BEGIN:VEVENT") > 12
    empty = act_as(make_bank()[0]).get("/financing/calendar?lang=en").get_data(as_text=True)
    assert "there is no running loan" in empty


def test_covenants_over_the_api(db: Any, act_as: Any, client: FlaskClient) -> None:
    case = Promised()
    base = "/api/v1/financing"
    path = f"{base}/term-sheets/{case.sheet.id}/covenants"
    db.commit()
    assert client.get(path).status_code == 401
    assert client.post(path, json={}, headers=key()).status_code == 401
    assert act_as(make_bank()[0]).get(path).status_code == 404
    bank = act_as(case.parties.approver)
    given = {"kind": "financial", "measure": "revenue", "threshold": "5000000", "every_months": 3, "days_after": 30}
    for wrong in ({"kind": "lunch"}, {"threshold": "NaN"}, {"every_months": 0}, {"days_after": 500}, {"measure": None}):
        assert bank.post(path, json=given | wrong, headers=key()).status_code == 422
    made = bank.post(path, json=given, headers=key())
    assert made.status_code == 201
    assert Decimal(made.get_json()["threshold"]) == 5_000_000 and "营业收入" in made.get_json()["words"]["zh"]
    again = bank.post(path, json=given, headers=key())
    assert (again.status_code, again.get_json()["code"]) == (409, "covenant_agreed_already")
    drop = f"{base}/offered-covenants/{made.get_json()['id']}/dropping"
    assert bank.post(drop, json={}, headers=key()).get_json() == {"items": []}
    kept = bank.post(path, json=given | {"every_months": 1}, headers=key()).get_json()
    holder = act_as(case.parties.holder)
    assert [one["id"] for one in holder.get(path).get_json()["items"]] == [kept["id"]]
    accept = f"{base}/term-sheets/{case.sheet.id}/acceptance"
    refusal = holder.post(accept, json={"informed": []}, headers=key())
    assert (refusal.status_code, refusal.get_json()["code"]) == (409, "covenants_not_read")
    loan = holder.post(accept, json={"covenants": [kept["id"]]}, headers=key())
    assert loan.status_code == 201
    promised = holder.get(f"{base}/loans/{loan.get_json()['id']}/covenants").get_json()["items"]
    assert [one["measure"] for one in promised] == ["revenue"]


def test_test_days_over_the_api(db: Any, act_as: Any, client: FlaskClient) -> None:
    case = Promised(replace(DEBTS, every_months=1))
    loan = case.running()
    for one in covenant_tests_of(loan.id):
        one.tested_on -= timedelta(days=40)
    base = "/api/v1/financing"
    test = f"{base}/covenant-tests/{case.first().id}"
    db.commit()
    assert client.post(test + "/report", json={}, headers=key()).status_code == 401
    assert client.get(f"{base}/calendar").status_code == 401
    stranger = act_as(make_bank()[0])
    assert stranger.get(f"{base}/loans/{loan.id}/covenant-tests").status_code == 404
    assert stranger.post(test + "/waiver", json={"reason": "Why not"}, headers=key()).status_code == 404
    holder = act_as(case.parties.holder)
    assert holder.get(f"{base}/loans/{loan.id}/covenant-tests").get_json()["items"][0]["status"] == "due"
    assert holder.post(test + "/report", json={"figure": "many"}, headers=key()).status_code == 422
    sent = holder.post(test + "/report", json={"figure": "0.71"}, headers=key())
    assert sent.get_json()["status"] == "reported"
    officer = act_as(case.parties.officer)
    assert officer.post(test + "/dispute", json={}, headers=key()).status_code == 422
    assert (
        officer.post(test + "/dispute", json={"reason": "Unaudited"}, headers=key()).get_json()["answer"] == "Unaudited"
    )
    assert act_as(case.parties.holder).post(test + "/report", json={"figure": "0.71"}, headers=key()).status_code == 200
    officer = act_as(case.parties.officer)
    assert officer.post(test + "/confirmation", json={}, headers=key()).get_json()["status"] == "breached"
    assert officer.post(test + "/waiver", json={"reason": "One weak month"}, headers=key()).status_code == 200
    own = officer.post(test + "/waiver-approval", json={}, headers=key())
    assert own.status_code in (403, 409)
    done = act_as(case.parties.approver).post(test + "/waiver-approval", json={}, headers=key())
    assert done.get_json()["status"] == "waived"
    entries = act_as(case.parties.officer).get(f"{base}/calendar").get_json()["items"]
    assert {one["what"] for one in entries} >= {"instalment", "covenant"}
