"""Loans of several banks: places by permission, money divided to the cent, decisions by two thirds."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from pypdf import PdfReader
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.errors import Malformed, NotFound
from marketplace.core.lifecycle import WrongStatus
from marketplace.core.money import Money
from marketplace.documents.files import read_file
from marketplace.documents.signatures import find_envelope
from marketplace.financing import club_decisions, clubs, portfolio, views
from marketplace.financing.ageing import age_to
from marketplace.financing.allocation import Part
from marketplace.financing.amendment_effects import AmendmentKind
from marketplace.financing.amendments import accept_amendment, agree_amendment, propose_amendment
from marketplace.financing.club_decisions import AgentDecides, Answer, answer_club, open_matters
from marketplace.financing.club_places import ClubIncomplete, ClubPlaceStatus, LeadPartOutOfBounds
from marketplace.financing.club_votes import ClubDisagrees, Matter
from marketplace.financing.exposure import OverExposed
from marketplace.financing.lenders import (
    LoanShare,
    capitalise,
    pay_out,
    shares_of,
    split_by_weights,
    take_in,
)  # fmt: skip
from marketplace.financing.loan_quality import write_off_loan
from marketplace.financing.loans import LoanStatus, find_loan, instalments_of, loans_of_bank
from marketplace.financing.pledges import approve_release, ask_release, pledges_of_loan
from marketplace.financing.policy import WrongActor
from marketplace.financing.repayments import payoff_of
from marketplace.financing.term_sheets import approve_term_sheet, offers_on
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.ledger.accounts import Account
from marketplace.notices.inbox import Notice
from marketplace.risk_pool.enrolling import ClubLoanNotTaken, propose_enrolment
from tests.financing.test_criteria import publish
from tests.makers.clubs import Club
from tests.makers.financing import Parties, cny, make_bank, repay
from tests.makers.risk_pool import make_scheme, make_world


@pytest.fixture
def club(db: Any) -> Club:
    return Club()


def books(bank_id: UUID | None) -> Counter[str]:
    """What stands in a bank's accounts, in minor units."""
    accounts = session.execute(
        select(Account).where(Account.owner_id == bank_id).execution_options(populate_existing=True)
    ).scalars()
    return Counter({one.code.split(":", 2)[2]: one.balance.posted.amount_minor for one in accounts})


def told(bank_id: UUID | None) -> set[str]:
    return set(session.execute(select(Notice.kind).where(Notice.organisation_id == bank_id)).scalars())


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=9).filter(any), st.data())
def test_parts_sum_to_the_whole_and_never_pass_what_is_owed(weights: list[int], data: st.DataObject) -> None:
    minor = data.draw(st.integers(0, sum(weights)))
    parts = split_by_weights(minor, weights)
    assert sum(parts) == minor
    assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))
    assert all(
        abs(part * sum(weights) - minor * weight) < sum(weights) for part, weight in zip(parts, weights, strict=True)
    )
    assert split_by_weights(sum(weights), weights) == weights


class MoneyOfSeveral(RuleBasedStateMachine):
    """Draws, repayments and capitalised arrears of any size in any order, divided among the lenders."""

    @initialize(committed=st.lists(st.integers(1, 10**7), min_size=2, max_size=5))
    def lend(self, committed: list[int]) -> None:
        def cents(minor: int) -> Money:
            return Money(minor, "CNY")

        self.shares = [LoanShare(committed=cents(one), undrawn=cents(one), outstanding=cents(0)) for one in committed]
        self.undrawn, self.owed, self.committed = sum(committed), 0, sum(committed)

    @rule(part=st.floats(0, 1), fee=st.floats(0, 1))
    def a_part_is_paid_out(self, part: float, fee: float) -> None:
        minor = int(self.undrawn * part)
        if minor:
            kept = int(minor * fee)
            divided = pay_out(self.shares, Money(minor, "CNY"), Money(kept, "CNY"))
            assert sum(one.amount_minor for one, _own in divided) == minor
            assert sum(own.amount_minor for _one, own in divided) == kept
            assert all(own <= one for one, own in divided)
            self.undrawn, self.owed = self.undrawn - minor, self.owed + minor

    @rule(part=st.floats(0, 1), interest=st.integers(0, 10**6), penalty=st.integers(0, 10**4))
    def something_is_received(self, part: float, interest: int, penalty: int) -> None:
        paid = {Part.PRINCIPAL: int(self.owed * part), Part.INTEREST: interest, Part.PENALTY: penalty}
        divided = take_in(self.shares, paid)
        assert all(sum(one[kind] for one in divided) == minor for kind, minor in paid.items())
        self.owed -= paid[Part.PRINCIPAL]

    @rule(interest=st.integers(0, 10**6))
    def arrears_become_principal(self, interest: int) -> None:
        capitalise(self.shares, {Part.INTEREST: interest})
        self.owed, self.committed = self.owed + interest, self.committed + interest

    @rule()
    def everything_is_repaid(self) -> None:
        take_in(self.shares, {Part.PRINCIPAL: self.owed})
        self.owed = 0
        assert not any(share.outstanding for share in self.shares)

    @invariant()
    def the_parts_are_the_loan(self) -> None:
        if hasattr(self, "shares"):
            for name, whole in (("committed", self.committed), ("undrawn", self.undrawn), ("outstanding", self.owed)):
                parts = [getattr(share, name).amount_minor for share in self.shares]
                assert min(parts) >= 0
                assert sum(parts) == whole


def test_money_of_several_lenders_is_divided_exactly_whatever_happens() -> None:
    run_state_machine_as_test(
        MoneyOfSeveral,
        settings=settings(
            max_examples=150, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_a_loan_of_three_banks_is_offered_signed_paid_out_and_repaid_in_parts(club: Club) -> None:
    loan = club.running()
    assert loan.is_club
    assert [(share.committed, share.outstanding) for share in shares_of(loan)] == [
        (cny(5_000), cny(5_000)), (cny(3_000), cny(3_000)), (cny(2_000), cny(2_000)),
    ]  # fmt: skip
    found = [books(bank.organisation_id) for bank in club.banks]
    assert [one["loans:performing"] for one in found] == [500_000, 300_000, 200_000]
    assert [one["income:fees"] for one in found] == [5_000, 3_000, 2_000]
    assert [one["settlement"] for one in found] == [-495_000, -297_000, -198_000]
    rows = instalments_of(loan.id)
    for row in rows:
        repay(club.parties, loan, row.total, row.due_on)
    assert find_loan(loan.id).status is LoanStatus.PAID_OFF
    interest = sum(row.interest_minor for row in rows)
    found = [books(bank.organisation_id) for bank in club.banks]
    assert not any(one["loans:performing"] for one in found)
    earned = [one["income:interest"] for one in found]
    assert sum(earned) == interest
    assert all(abs(one - interest * part / 10) <= len(rows) for one, part in zip(earned, (5, 3, 2), strict=True))
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


def test_every_bank_and_the_borrower_sign_the_facility_and_the_agent_alone_the_pledge(club: Club) -> None:
    loan = club.agreed()
    facility = find_envelope(club.parties.holder, loan.envelope_id)
    banks = [bank.organisation_id for bank in club.banks]
    assert [one.organisation_id for one in facility.signatories] == [club.parties.holder.organisation_id, *banks]
    paper = read_file(club.parties.holder, facility.file_id)
    words = "".join(page.extract_text() for page in PdfReader(BytesIO(paper)).pages).replace("\n", "")
    assert "银团与代理行" in words and "two thirds of what was committed" in words and words.count("5,000.00") >= 2
    pledge = pledges_of_loan(loan.id)[0]
    contract = find_envelope(club.parties.holder, pledge.envelope_id)
    assert [one.organisation_id for one in contract.signatories] == [club.parties.holder.organisation_id, banks[0]]
    assert "loan_agreed" in told(banks[1])


def test_a_bank_learns_of_the_application_only_when_the_borrower_allows_it(club: Club) -> None:
    place = club.propose(club.second, 3_000)
    officer = club.second[0]
    assert not told(officer.organisation_id)
    assert clubs.places_for(officer.organisation_id) == []
    with pytest.raises(NotFound):
        clubs.find_place(officer, place.id)
    with pytest.raises(NotFound):
        clubs.allow_place(officer, place.id, now())
    clubs.allow_place(club.parties.holder, place.id, now())
    assert told(officer.organisation_id) == {"club_asked"}
    assert clubs.find_place(officer, place.id).id == place.id
    with pytest.raises(NotFound):
        clubs.find_place(club.third[0], place.id)


def test_a_bank_the_borrower_does_not_want_never_learns_of_it_and_the_lead_keeps_the_part(club: Club) -> None:
    place = club.propose(club.second, 3_000)
    clubs.forbid_place(club.parties.holder, place.id, "A competitor's house bank", now())
    assert club.sheet.own_part == cny(10_000)
    assert not told(club.second[0].organisation_id)
    assert "club_not_taken" in told(club.parties.officer.organisation_id)
    assert club.propose(club.second, 4_000).part == cny(4_000)


def test_the_borrower_sees_no_terms_before_the_offer_is_out(club: Club) -> None:
    place = club.propose(club.second, 3_000)
    assert clubs.places_to_allow(club.parties.holder, club.application.id) == [(place, club.sheet.bank_id)]
    assert offers_on(club.parties.holder, club.application.id) == []
    with pytest.raises(NotFound):
        clubs.places_in(club.parties.holder, club.sheet.id)


def test_an_offer_of_several_banks_waits_until_every_place_is_taken(club: Club) -> None:
    first = club.join(club.second, 3_000)
    second = club.ask(club.third, 2_000)
    with pytest.raises(ClubIncomplete):
        approve_term_sheet(club.parties.approver, club.sheet.id, now())
    clubs.decline_place(club.third[0], second.id, "Too small for us", now())
    assert club.sheet.own_part == cny(7_000)
    approve_term_sheet(club.parties.approver, club.sheet.id, now())
    with pytest.raises(clubs.ClubClosed):
        clubs.drop_place(club.parties.officer, first.id, now())


@pytest.mark.parametrize("placed", [2_900, 8_600])
def test_the_lead_keeps_neither_too_little_nor_too_much(club: Club, placed: int) -> None:
    club.join(club.second, placed)
    with pytest.raises(LeadPartOutOfBounds):
        approve_term_sheet(club.parties.approver, club.sheet.id, now())


def test_a_place_is_for_another_verified_bank_within_the_loan_and_once(club: Club) -> None:
    for bank, yuan, refusal in (
        ((club.parties.officer, club.parties.approver), 1_000, Malformed),
        ((club.parties.holder, club.parties.holder), 1_000, Malformed),
        (club.second, 10_000, clubs.NothingLeftToPlace),
    ):
        with pytest.raises(refusal):
            club.propose(bank, yuan)
    club.propose(club.second, 1_000)
    with pytest.raises(clubs.BankAskedAlready):
        club.propose(club.second, 1_000)
    club.sheet.together = False
    with pytest.raises(clubs.NotMeantTogether):
        club.propose(club.third, 1_000)


def test_joining_needs_the_asked_banks_second_person_freshly_signed_in(club: Club) -> None:
    place = club.ask(club.second, 3_000)
    officer, approver = club.second
    clubs.recommend_place(officer, place.id, "", now())
    with pytest.raises(SecondPersonNeeded):
        clubs.join_club(officer, place.id, now())
    with pytest.raises(NotFound):
        clubs.join_club(club.parties.approver, place.id, now())
    assert clubs.join_club(approver, place.id, now()).status is ClubPlaceStatus.JOINED
    with pytest.raises(WrongStatus):
        clubs.decline_place(officer, place.id, "Too late", now())


def test_a_bank_joins_within_its_own_limits_and_its_part_counts_against_them(club: Club) -> None:
    second = Parties(club.parties.holder, *club.second, club.parties.asset_id)
    publish(second, borrower_minor=299_999)
    place = club.ask(club.second, 3_000)
    with pytest.raises(OverExposed):
        clubs.recommend_place(club.second[0], place.id, "", now())


def test_each_bank_sees_the_loan_with_its_own_part_and_a_stranger_nothing(club: Club) -> None:
    loan = club.running()
    bank_id = club.second[0].organisation_id
    assert bank_id is not None
    line = views.book_of(bank_id, loans_of_bank(bank_id))[0]
    assert (line.committed, line.outstanding) == (cny(3_000), cny(3_000))
    position = portfolio.positions_of_bank(bank_id, now().date())[0]
    assert (position.loan_id, position.outstanding, position.bank_id) == (loan.id, cny(3_000), bank_id)
    assert loans_of_bank(make_bank()[0].organisation_id) == []


def test_a_late_loan_moves_each_lenders_part_and_is_written_off_by_two_thirds(club: Club) -> None:
    loan = club.running()
    late = instalments_of(loan.id)[0].due_on + timedelta(days=100)
    at = datetime(late.year, late.month, late.day, 4, tzinfo=UTC)
    age_to(late, at)
    assert [books(bank.organisation_id)["loans:npl"] for bank in club.banks] == [500_000, 300_000, 200_000]
    agent = replace(club.parties.approver, authenticated_at=at)
    with pytest.raises(ClubDisagrees):
        write_off_loan(agent, loan.id, at)
    assert [one.matter for one in open_matters(loan)] == [Matter.WRITE_OFF]
    third = replace(club.third[1], authenticated_at=at)
    answer_club(third, loan.id, Answer(matter=Matter.WRITE_OFF, subject_id=loan.id, agrees=False), at)
    with pytest.raises(ClubDisagrees):
        write_off_loan(agent, loan.id, at)
    answer_club(third, loan.id, Answer(matter=Matter.WRITE_OFF, subject_id=loan.id, agrees=True), at)
    write_off_loan(agent, loan.id, at)
    assert [books(bank.organisation_id)["written_off"] for bank in club.banks] == [500_000, 300_000, 200_000]
    repay(club.parties, loan, payoff_of(loan, instalments_of(loan.id), late), late, at)
    assert [books(bank.organisation_id)["written_off"] for bank in club.banks] == [0, 0, 0]


def test_new_terms_need_two_thirds_of_the_loan(club: Club) -> None:
    loan = club.running()
    terms = {"months": 3, "rate_bps": 400}
    change = propose_amendment(club.parties.officer, loan.id, AmendmentKind.EXTENSION, terms, "More time", now())
    assert "amendment_proposed" in told(club.second[0].organisation_id)
    waiting = [
        [one.id for one in club_decisions.loans_awaiting(bank.organisation_id)]
        for bank in club.banks
        if bank.organisation_id
    ]
    assert waiting == [[], [loan.id], [loan.id]]
    with pytest.raises(ClubDisagrees):
        agree_amendment(club.parties.approver, change.id, now())
    answer = Answer(matter=Matter.AMENDMENT, subject_id=change.id, agrees=True)
    for outsider, refusal in ((club.parties.approver, AgentDecides), (make_bank()[1], NotFound)):
        with pytest.raises(refusal):
            answer_club(outsider, loan.id, answer, now())
    with pytest.raises(NotFound):
        answer_club(club.second[1], loan.id, replace(answer, subject_id=loan.id), now())
    answer_club(club.second[1], loan.id, answer, now())
    agree_amendment(club.parties.approver, change.id, now())
    accept_amendment(club.parties.holder, change.id, now())
    assert find_loan(loan.id).term_months == 15
    assert club_decisions.loans_awaiting(loan.bank_id) == []
    with pytest.raises(NotFound):
        club_decisions.answers_seen_by(club.parties.holder, loan.id)


def test_security_is_let_go_while_money_is_owed_only_by_two_thirds(club: Club) -> None:
    loan = club.running()
    pledge = pledges_of_loan(loan.id)[0]
    ask_release(club.parties.officer, pledge.id, "A better right comes", now())
    answer = Answer(matter=Matter.RELEASE, subject_id=pledge.id, agrees=True)
    answer_club(club.second[1], loan.id, answer, now())
    ask_release(club.parties.officer, pledge.id, "Another reason", now())
    with pytest.raises(ClubDisagrees):
        approve_release(club.parties.approver, pledge.id, now())
    answer_club(club.second[1], loan.id, answer, now())
    approve_release(club.parties.approver, pledge.id, now())
    with pytest.raises(WrongActor):
        ask_release(club.second[0], pledge.id, "Not ours to ask", now())


def test_the_database_refuses_parts_that_are_not_the_loan(club: Club, db: Any) -> None:
    loan = club.running()
    db.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    with pytest.raises(DBAPIError, match="the parts of the lenders are not the loan"):
        db.execute(
            text(
                "UPDATE loan_shares SET outstanding_minor = outstanding_minor - 1 WHERE loan_id = :loan AND bank_id = :bank"
            ),
            {"loan": loan.id, "bank": club.second[0].organisation_id},
        )


def test_a_loan_of_several_banks_is_not_enrolled(club: Club) -> None:
    loan = club.signed()
    with pytest.raises(ClubLoanNotTaken):
        propose_enrolment(club.parties.officer, make_scheme(make_world({}), "55").id, loan.id, {}, now())


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


def test_a_club_is_formed_and_decides_over_the_pages(club: Club, act_as: Any) -> None:
    sheet, second = club.sheet, club.second
    lead = act_as(club.parties.officer)
    path = f"/financing/term-sheets/{sheet.id}/places"
    wrong = lead.post(path, data={"bank_id": str(second[0].organisation_id), "part": "many"}, headers=key())
    assert wrong.status_code == 422
    form = {"bank_id": str(second[0].organisation_id), "part": "4000"}
    assert lead.post(path, data=form, headers=key()).status_code == 303
    place = clubs.places_in(club.parties.officer, sheet.id)[0]
    base = f"/financing/club-places/{place.id}"
    assert act_as(second[0]).get(base).status_code == 404
    holder = act_as(club.parties.holder)
    page = holder.get(f"/financing/applications/{club.application.id}?lang=zh").get_data(as_text=True)
    assert "希望共同承贷的银行" in page and base + "/permission" in page
    assert holder.post(base + "/permission", headers=key()).status_code == 303
    officer = act_as(second[0])
    shown = officer.get(base + "?lang=en").get_data(as_text=True)
    assert "4,000.00" in shown and "Recommend to join" in shown
    assert base in officer.get("/financing/desk").get_data(as_text=True)
    assert officer.post(base + "/recommendation", data={"note": "Sound"}, headers=key()).status_code == 303
    assert officer.post(base + "/nonsense", headers=key()).status_code == 404
    assert act_as(club.third[1]).post(base + "/joining", headers=key()).status_code == 404
    assert act_as(second[1]).post(base + "/joining", headers=key()).status_code == 303
    lead = act_as(club.parties.approver)
    invitation = f"/financing/invitations/{sheet.invitation_id}"
    assert "Sound" not in lead.get(invitation).get_data(as_text=True)
    assert lead.post(f"/financing/term-sheets/{sheet.id}/approval", headers=key()).status_code == 303
    offers = act_as(club.parties.holder).get(f"/financing/applications/{club.application.id}?lang=en")
    assert "Lent together:" in offers.get_data(as_text=True)


def test_the_page_of_a_loan_shows_its_lenders_and_takes_their_answers(club: Club, act_as: Any) -> None:
    loan = club.running()
    terms = {"months": 3, "rate_bps": 400}
    change = propose_amendment(club.parties.officer, loan.id, AmendmentKind.EXTENSION, terms, "More time", now())
    page = f"/financing/loans/{loan.id}"
    other = act_as(club.second[1])
    shown = other.get(page + "?lang=en").get_data(as_text=True)
    assert "30.00 %" in shown and "Banks that hold 50.0 % of the loan agree" in shown
    form = {"matter": "amendment", "subject_id": str(change.id), "agrees": "true", "reason": "Fine"}
    assert other.post(page + "/answers", data=form, headers=key()).status_code == 303
    assert other.post(page + "/answers", data=form | {"agrees": "perhaps"}, headers=key()).status_code == 422
    holder = act_as(club.parties.holder)
    seen = holder.get(page + "?lang=en").get_data(as_text=True)
    assert "Lenders" in seen and "two thirds" not in seen
    book = act_as(club.third[0]).get("/financing/book?lang=en").get_data(as_text=True)
    assert "2,000.00" in book and "lent together" in book
    assert "2000.00" in act_as(club.third[0]).get("/financing/book.csv").get_data(as_text=True)


def test_a_club_is_formed_and_decides_over_the_api(club: Club, act_as: Any) -> None:
    base, bank_id = "/api/v1/financing", str(club.second[0].organisation_id)
    part = {"amount": "4000.00", "currency": "CNY"}
    path = f"{base}/term-sheets/{club.sheet.id}/places"
    assert act_as(club.third[0]).get(path).status_code == 404
    lead = act_as(club.parties.officer)
    assert lead.post(path, json={"bank_id": bank_id}, headers=key()).status_code == 422
    made = lead.post(path, json={"bank_id": bank_id, "part": part}, headers=key())
    assert made.status_code == 201
    place = f"{base}/club-places/{made.get_json()['id']}"
    assert act_as(club.parties.holder).post(place + "/permission", json={}, headers=key()).status_code == 200
    officer = act_as(club.second[0])
    assert officer.get(place).get_json()["status"] == "asked"
    assert [one["id"] for one in officer.get(f"{base}/club-places").get_json()["items"]] == [made.get_json()["id"]]
    assert officer.post(place + "/recommendation", json={"note": "x"}, headers=key()).status_code == 200
    assert act_as(club.second[1]).post(place + "/joining", json={}, headers=key()).get_json()["status"] == "joined"
    late = officer.post(place + "/declination", json={"reason": "No more"}, headers=key())
    assert (late.status_code, late.get_json()["code"]) == (409, "wrong_status")
    lead = act_as(club.parties.officer)
    assert lead.post(place + "/dropping", json={}, headers=key()).get_json()["status"] == "dropped"
    again = lead.post(path, json={"bank_id": bank_id, "part": part}, headers=key()).get_json()
    refusal = f"{base}/club-places/{again['id']}/prohibition"
    assert act_as(club.parties.holder).post(refusal, json={"reason": "No"}, headers=key()).status_code == 200


def test_nobody_reads_or_takes_a_place_without_signing_in(club: Club, client: FlaskClient, db: Any) -> None:
    place = club.ask(club.second, 3_000)
    db.commit()
    base = "/api/v1/financing"
    for path in (f"{base}/club-places/{place.id}", f"{base}/term-sheets/{club.sheet.id}/places"):
        assert client.get(path).status_code == 401
    assert client.post(f"{base}/club-places/{place.id}/joining", json={}, headers=key()).status_code == 401


def test_lenders_and_answers_are_told_to_those_of_the_loan(club: Club, act_as: Any) -> None:
    loan = club.running()
    pledge = pledges_of_loan(loan.id)[0]
    ask_release(club.parties.officer, pledge.id, "A better right comes", now())
    base = f"/api/v1/financing/loans/{loan.id}"
    assert act_as(make_bank()[0]).get(base + "/lenders").status_code == 404
    other = act_as(club.second[1])
    parts = other.get(base + "/lenders").get_json()["items"]
    assert [one["committed"]["amount"] for one in parts] == ["5000.00", "3000.00", "2000.00"]
    given = {"matter": "release", "subject_id": str(pledge.id), "agrees": True}
    assert other.post(base + "/answers", json=given | {"matter": "lunch"}, headers=key()).status_code == 422
    assert other.post(base + "/answers", json=given, headers=key()).status_code == 201
    assert other.get(base + "/answers").get_json()["items"][0]["agrees"] is True
    assert act_as(club.parties.holder).get(base + "/answers").status_code == 404
