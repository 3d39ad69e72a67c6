"""Calls for more security: issued for a shortfall, cured by what restores the coverage, or the debt is called by two people."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from marketplace.core.clock import market_day, now
from marketplace.core.db import session
from marketplace.core.errors import NotFound, Problem
from marketplace.core.lifecycle import WrongStatus
from marketplace.core.money import Money
from marketplace.documents.signatures import decline, sign
from marketplace.financing import margin_answers, margin_calls
from marketplace.financing.loans import LoanStatus, find_loan
from marketplace.financing.margin_answers import AnswerStatus, MarginAnswer, RightNotValued, RightOfferedAlready
from marketplace.financing.margin_calls import CallStatus, MarginCall, NoShortfall, shortfall_of
from marketplace.financing.monitoring import LEAST_COVERAGE_BPS, coverage_of
from marketplace.financing.pledges import Pledge, PledgeStatus, approve_release, ask_release, pledges_of_loan
from marketplace.financing.policy import WrongActor
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.identity.organisations import find_organisation
from marketplace.notices.inbox import Notice
from tests.makers.financing import cny, make_bank, make_parties, make_running_loan, register, repay
from tests.makers.registry import make_asset
from tests.makers.values import make_value


class Case:
    """A running loan of 10,000 whose right is worth only 12,000."""

    def __init__(self) -> None:
        self.parties = make_parties()
        self.loan = make_running_loan(self.parties)
        make_value(self.parties.asset_id, cny(12_000), now())
        [self.pledge] = pledges_of_loan(self.loan.id)

    def call(self, days: int = 10) -> MarginCall:
        return margin_calls.call_for_security(self.parties.officer, self.loan.id, days, "Value fell", now())

    def another_right(self, worth: int | None = 20_000) -> UUID:
        assert self.parties.holder.organisation_id is not None
        asset = make_asset(find_organisation(self.parties.holder.organisation_id))
        if worth is not None:
            make_value(asset.id, cny(worth), now())
        return asset.id

    def offer(self, call: MarginCall, replaces: UUID | None = None, worth: int | None = 20_000) -> MarginAnswer:
        return margin_answers.offer_right(self.parties.holder, call.id, self.another_right(worth), replaces, now())

    def take(self, answer: MarginAnswer) -> Pledge:
        """The bank takes the right, both sign, the office registers."""
        margin_answers.agree_to_answer(self.parties.officer, answer.id, now())
        pledge = session.get(Pledge, answer.pledge_id)
        assert pledge is not None and pledge.envelope_id is not None
        sign(self.parties.holder, pledge.envelope_id, now())
        sign(self.parties.officer, pledge.envelope_id, now())
        return register(self.parties, pledge)


@pytest.fixture
def case(db: Any) -> Case:
    return Case()


def told(actor: Any) -> set[str]:
    return {row.kind for row in session.query(Notice).filter(Notice.person_id == actor.person_id)}


@given(st.integers(1, 10**12), st.integers(1, 10**12))
def test_a_shortfall_made_good_covers_and_a_cent_less_does_not(value: int, debt: int) -> None:
    worth, owed = Money(value, "CNY"), Money(debt, "CNY")
    missing = shortfall_of(worth, owed, LEAST_COVERAGE_BPS)
    assert (coverage_of(worth + missing, owed) or 0) >= LEAST_COVERAGE_BPS
    if missing:
        assert (coverage_of(worth + missing - Money(1, "CNY"), owed) or 0) < LEAST_COVERAGE_BPS


def test_more_security_is_called_for_a_shortfall_only_and_once(case: Case) -> None:
    call = case.call()
    assert (call.coverage_bps, call.shortfall) == (12_000, cny(4_666))
    with pytest.raises(margin_calls.CallOpenAlready):
        case.call()
    margin_calls.withdraw_call(case.parties.officer, call.id, "A new appraisal", now())
    make_value(case.parties.asset_id, cny(17_000), now())
    with pytest.raises(NoShortfall):
        case.call()
    assert told(case.parties.holder) >= {"margin_called", "margin_withdrawn"}


def test_a_further_right_cures_when_its_pledge_is_registered(case: Case) -> None:
    call = case.call()
    answer = case.offer(call)
    assert call.status is CallStatus.ANSWERED
    margin_answers.agree_to_answer(case.parties.officer, answer.id, now())
    assert call.status is CallStatus.ANSWERED
    pledge = session.get(Pledge, answer.pledge_id)
    assert pledge is not None and pledge.envelope_id is not None
    for signer in (case.parties.holder, case.parties.officer):
        sign(signer, pledge.envelope_id, now())
    register(case.parties, pledge)
    assert (call.status, answer.status) == (CallStatus.CURED, AnswerStatus.PLEDGED)
    assert {"margin_agreed", "margin_cured"} <= told(case.parties.holder)


def test_a_substitute_cures_without_the_value_of_what_it_replaces_and_the_old_right_goes_by_two_people(
    case: Case,
) -> None:
    call = case.call()
    case.take(case.offer(call, replaces=case.pledge.id, worth=15_000))
    assert call.status is CallStatus.ANSWERED
    case.take(case.offer(call, worth=2_000))
    assert call.status is CallStatus.CURED
    ask_release(case.parties.officer, case.pledge.id, "Replaced by another right", now())
    approve_release(case.parties.approver, case.pledge.id, now())
    assert case.pledge.status is PledgeStatus.RELEASED


def test_repayment_cures_when_the_rights_cover_what_is_left(case: Case) -> None:
    call = case.call()
    repay(case.parties, case.loan, case.loan.outstanding, market_day(now()), now())
    assert (call.status, find_loan(case.loan.id).status) == (CallStatus.CURED, LoanStatus.PAID_OFF)


def test_after_the_last_day_a_second_person_calls_the_whole_debt(case: Case) -> None:
    call = case.call(days=3)
    with pytest.raises(WrongStatus):
        margin_calls.call_the_debt(case.parties.approver, call.id, now())
    assert margin_calls.miss_deadlines(market_day(now()) + timedelta(days=3), now()) == 0
    assert margin_calls.miss_deadlines(market_day(now()) + timedelta(days=5), now()) == 1
    with pytest.raises(SecondPersonNeeded):
        margin_calls.call_the_debt(case.parties.officer, call.id, now())
    margin_calls.call_the_debt(case.parties.approver, call.id, now())
    loan = find_loan(case.loan.id)
    assert (loan.status, loan.loan_class.value, loan.called_on) == (
        LoanStatus.DEFAULTED,
        "substandard",
        market_day(now()),
    )
    assert {"margin_missed", "margin_defaulted", "loan_defaulted"} <= told(case.parties.holder)


def test_a_right_is_offered_once_with_a_known_value_and_by_its_owner_only(case: Case) -> None:
    call = case.call()
    with pytest.raises(RightNotValued):
        case.offer(call, worth=None)
    with pytest.raises(RightOfferedAlready):
        margin_answers.offer_right(case.parties.holder, call.id, case.parties.asset_id, None, now())
    with pytest.raises(WrongActor):
        margin_answers.offer_right(case.parties.officer, call.id, case.another_right(), None, now())
    with pytest.raises(NotFound):
        margin_answers.offer_right(case.parties.holder, call.id, make_parties().asset_id, None, now())
    with pytest.raises(NotFound):
        margin_calls.withdraw_call(make_bank()[0], call.id, "No", now())


def test_a_contract_that_is_not_signed_frees_the_offered_right_and_the_call_stands(case: Case) -> None:
    call = case.call()
    answer = case.offer(call)
    margin_answers.agree_to_answer(case.parties.officer, answer.id, now())
    pledge = session.get(Pledge, answer.pledge_id)
    assert pledge is not None and pledge.envelope_id is not None
    decline(case.parties.holder, pledge.envelope_id, "Too much", now())
    assert (call.status, answer.status) == (CallStatus.ISSUED, AnswerStatus.DECLINED)
    assert pledge.status is PledgeStatus.CANCELLED


class CallMachine(RuleBasedStateMachine):
    """Whatever the parties do in any order: one open call, cured only when the registered rights cover the debt."""

    @initialize()
    def begin(self) -> None:
        self.case, self.days = Case(), 0

    @rule(act=st.sampled_from(["call", "offer", "take", "decline", "withdraw", "miss", "default", "value"]),
          worth=st.sampled_from([2_000, 9_000, 20_000]), second=st.booleans())  # fmt: skip
    def act(self, act: str, worth: int, second: bool) -> None:
        case = self.case
        bank = case.parties.approver if second else case.parties.officer
        calls = margin_calls.calls_of_loan(case.loan.id)
        call_id = calls[0].id if calls else uuid4()
        offered = [one for one in margin_answers.answers_of(call_id) if one.status is AnswerStatus.OFFERED]
        acts: dict[str, Any] = {
            "call": case.call,
            "offer": lambda: case.offer(calls[0], worth=worth) if calls else None,
            "take": lambda: case.take(offered[0]) if offered else None,
            "decline": lambda: margin_answers.decline_answer(bank, offered[0].id, "No", now()) if offered else None,
            "withdraw": lambda: margin_calls.withdraw_call(bank, call_id, "No", now()),
            "miss": lambda: margin_calls.miss_deadlines(market_day(now()) + timedelta(days=11), now()),
            "default": lambda: margin_calls.call_the_debt(bank, call_id, now()),
            "value": lambda: make_value(case.parties.asset_id, cny(worth), now()),
        }
        try:
            with session.begin_nested():
                acts[act]()
        except Problem:
            return

    @invariant()
    def calls_follow_the_rights(self) -> None:
        if not hasattr(self, "case"):
            return
        calls, loan = margin_calls.calls_of_loan(self.case.loan.id), find_loan(self.case.loan.id)
        assert sum(call.is_open for call in calls) <= 1
        assert (loan.called_on is not None) == any(call.status is CallStatus.DEFAULTED for call in calls)
        assert all(call.ended_by != call.issued_by for call in calls if call.status is CallStatus.DEFAULTED)
        for call in calls:
            answers = margin_answers.answers_of(call.id)
            if call.status is CallStatus.CURED:
                assert any(one.status is AnswerStatus.PLEDGED for one in answers)


def test_a_call_is_cured_by_registered_rights_alone(db: Any) -> None:
    run_state_machine_as_test(
        CallMachine,
        settings=settings(max_examples=4, stateful_step_count=12, deadline=None, database=None,
                          suppress_health_check=list(HealthCheck)),
    )  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
def test_lender_and_borrower_cure_a_call_by_substitution_on_its_page(
    case: Case, client: Any, sign_in: Any, db: Any, language: str
) -> None:
    page = f"/financing/loans/{case.loan.id}/security"
    db.commit()
    words = {"zh": ("要求补充担保", "提供权利", "接受该权利", "已补足"),
             "en": ("Call for more security", "Offer a right", "Take this right", "Cured")}[language]  # fmt: skip

    def shown(actor: Any) -> str:
        text: str = sign_in(client, actor).get(f"{page}?lang={language}").text
        return text

    def post(actor: Any, path: str, **form: Any) -> int:
        db.commit()
        status: int = sign_in(client, actor).post(path, data=form).status_code
        return status

    assert words[0] in shown(case.parties.officer) and words[0] not in shown(case.parties.holder).split("<main")[0]
    calls = f"/financing/loans/{case.loan.id}/margin-calls"
    assert post(case.parties.holder, calls, days="10") == 403
    assert post(case.parties.officer, calls, days="1") == 422
    assert post(case.parties.officer, calls, days="10") == 303
    asset_id = case.another_right()
    assert words[1] in shown(case.parties.holder)
    [call] = margin_calls.calls_of_loan(case.loan.id)
    answers = f"/financing/margin-calls/{call.id}/answers"
    assert post(case.parties.holder, answers, asset_id=str(asset_id), replaces_id=str(case.pledge.id)) == 303
    assert words[2] in shown(case.parties.officer)
    [answer] = margin_answers.answers_of(call.id)
    assert post(case.parties.officer, f"/financing/margin-answers/{answer.id}/agreement") == 303
    db.commit()
    pledge = session.get(Pledge, answer.pledge_id)
    assert pledge is not None and pledge.envelope_id is not None
    for signer in (case.parties.holder, case.parties.officer):
        sign(signer, pledge.envelope_id, now())
    register(case.parties, pledge)
    assert words[3] in shown(case.parties.holder)
    assert post(case.parties.officer, f"/financing/margin-calls/{call.id}/levitation") == 404


def test_the_api_of_calls_answers_each_side_as_it_may(case: Case, client: Any, sign_in: Any, db: Any) -> None:
    path = f"/api/v1/financing/loans/{case.loan.id}/margin-calls"
    db.commit()

    def post(address: str, body: Any) -> Any:
        return client.post(address, json=body, headers={"Idempotency-Key": uuid4().hex})

    sign_in(client, None)
    assert post(path, {}).status_code == 401
    sign_in(client, make_bank()[0])
    assert post(path, {}).status_code == client.get(path).status_code == 404
    sign_in(client, case.parties.holder)
    assert post(path, {}).json["code"] == "wrong_actor"
    sign_in(client, case.parties.officer)
    assert post(path, {"days": 1000}).status_code == post(path, {"loudly": True}).status_code == 422
    issued = post(path, {"reason": "Value fell"})
    assert (issued.status_code, issued.json["shortfall"]["amount"]) == (201, "4666.00")
    call = f"/api/v1/financing/margin-calls/{issued.json['id']}"
    assert post(f"{call}/default", {}).status_code == 403
    sign_in(client, case.parties.approver)
    assert post(f"{call}/default", {}).status_code == 409
    sign_in(client, case.parties.holder)
    offered = post(f"{call}/answers", {"asset_id": str(case.another_right())})
    db.commit()
    assert offered.json["status"] == "offered"
    sign_in(client, case.parties.officer)
    declined = post(f"/api/v1/financing/margin-answers/{offered.json['id']}/declination", {"reason": "Not our field"})
    assert declined.json["status"] == "declined"
    assert post(f"{call}/withdrawal", {"reason": "Reappraised"}).json["status"] == "withdrawn"
    assert [one["status"] for one in client.get(path).json["items"]] == ["withdrawn"]
