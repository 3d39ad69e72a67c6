"""Changes of a running loan on the database: who may, what waits, and that books, schedule and security follow."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.core.clock import market_day, now
from marketplace.core.db import session
from marketplace.core.errors import Problem
from marketplace.core.lifecycle import WrongStatus
from marketplace.core.money import Money
from marketplace.financing.ageing import age_to
from marketplace.financing.amendment_effects import AmendmentKind
from marketplace.financing.amendments import (
    Amendment,
    AmendmentOpen,
    AmendmentStatus,
    accept_amendment,
    agree_amendment,
    amendments_seen_by,
    propose_amendment,
    refuse_amendment,
)
from marketplace.financing.clauses import Clauses, RateReference, RepaymentOrder
from marketplace.financing.disbursement import FirstPartTooLarge, disburse_loan
from marketplace.financing.floating import reset_rates
from marketplace.financing.loan_changes import MoreThanUndrawn
from marketplace.financing.loans import Loan, LoanStatus, find_loan, instalments_of
from marketplace.financing.pledges import pledges_of_loan
from marketplace.financing.policy import WrongActor
from marketplace.financing.reference_rates import rate_table, reference_on
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.ledger.accounts import balance
from marketplace.ledger.proofs import prove_books
from tests.makers.financing import Parties, cny, make_parties, make_pledged_loan, make_running_loan


@pytest.fixture
def sign_in(sign_in: Any, db: Any) -> Any:
    """Keep what was made so far, because a refused request undoes the rest, and act as somebody."""

    def act_as(client: FlaskClient, actor: Any) -> FlaskClient:
        db.commit()
        signed: FlaskClient = sign_in(client, actor)
        return signed

    return act_as


MORE_TIME = {"months": 6, "rate_bps": 400}


@pytest.fixture
def parties(db: Any) -> Parties:
    return make_parties()


def propose(parties: Parties, loan: Loan, kind: AmendmentKind, **terms: Any) -> Amendment:
    return propose_amendment(parties.officer, loan.id, kind, terms, "Agreed with the borrower", now())


def in_force(parties: Parties, loan: Loan, kind: AmendmentKind, **terms: Any) -> Amendment:
    amendment = agree_amendment(parties.approver, propose(parties, loan, kind, **terms).id, now())
    return accept_amendment(parties.holder, amendment.id, now()) if kind.needs_borrower else amendment


def in_books(loan: Loan) -> int:
    return sum(
        balance(f"bank:{loan.bank_id}:loans:{name}", "CNY").posted.amount_minor
        for name in ("performing", "overdue", "npl")
    )


def test_a_loan_is_drawn_in_parts_and_never_beyond_what_was_agreed(parties: Parties) -> None:
    loan = make_pledged_loan(parties)
    with pytest.raises(FirstPartTooLarge):
        disburse_loan(parties.approver, loan.id, now(), cny(10_001))
    disburse_loan(parties.approver, loan.id, now(), cny(4_000))
    assert (loan.outstanding, loan.undrawn) == (cny(4_000), cny(6_000))
    with pytest.raises(MoreThanUndrawn), session.begin_nested():
        in_force(parties, loan, AmendmentKind.DRAW, amount_minor=600_001, currency="CNY")
    session.expire_all()
    propose(parties, loan, AmendmentKind.DRAW, amount_minor=600_001, currency="CNY")
    refuse_amendment(parties.officer, amendments_seen_by(parties.officer, loan)[0].id, "Too much", now())
    in_force(parties, loan, AmendmentKind.DRAW, amount_minor=600_000, currency="CNY")
    assert (loan.outstanding, loan.undrawn) == (cny(10_000), cny(0))
    assert sum(row.principal_minor for row in instalments_of(loan.id)) == in_books(loan) == 1_000_000


def test_an_early_repayment_shrinks_the_schedule_and_reaches_the_books(parties: Parties) -> None:
    loan = make_running_loan(parties, clauses=Clauses(prepayment_fee_bps=100))
    done = in_force(
        parties, loan, AmendmentKind.PREPAYMENT, amount_minor=505_000, currency="CNY", effect="shorten",
        received_on=market_day(now()).isoformat(), bank_reference="EARLY-1",
    )  # fmt: skip
    rows = instalments_of(loan.id)
    assert loan.outstanding == cny(5_000) and in_books(loan) == 500_000
    assert balance(f"bank:{loan.bank_id}:income:fees", "CNY").posted == cny(50)
    assert len([row for row in rows if row.settled_on is None]) < len(done.before) == 12
    assert sum(row.principal_minor for row in rows) == 1_000_000
    assert loan.status is LoanStatus.PERFORMING


def test_more_time_needs_both_people_of_the_bank_and_the_borrower_and_extends_the_pledge(parties: Parties) -> None:
    loan = make_running_loan(parties)
    ended = loan.matures_on
    amendment = propose(parties, loan, AmendmentKind.EXTENSION, **MORE_TIME)
    assert amendments_seen_by(parties.holder, loan) == []
    with pytest.raises(AmendmentOpen):
        propose(parties, loan, AmendmentKind.EXTENSION, **MORE_TIME)
    with pytest.raises(SecondPersonNeeded):
        agree_amendment(parties.officer, amendment.id, now())
    with pytest.raises(Problem):
        accept_amendment(parties.holder, amendment.id, now())
    agree_amendment(parties.approver, amendment.id, now())
    assert loan.matures_on == ended
    with pytest.raises(WrongActor):
        accept_amendment(parties.officer, amendment.id, now())
    accept_amendment(parties.holder, amendment.id, now())
    assert ended is not None and loan.matures_on is not None and loan.matures_on > ended
    assert (loan.term_months, loan.rate_bps, len(instalments_of(loan.id))) == (18, 400, 18)
    pledge = pledges_of_loan(loan.id)[0]
    assert pledge.ends_on == loan.matures_on
    with pytest.raises(WrongStatus):
        refuse_amendment(parties.holder, amendment.id, "Too late", now())


def test_an_overdue_loan_is_restructured_and_its_arrears_become_principal(parties: Parties) -> None:
    loan = make_running_loan(parties)
    late = now() - timedelta(days=0)
    for row in instalments_of(loan.id):
        row.begins_on -= timedelta(days=120)
        row.counts_from, row.due_on = row.begins_on, row.due_on - timedelta(days=120)
    session.flush()
    loan.aged_on = market_day(late) - timedelta(days=1)
    session.flush()
    age_to(market_day(late), late)
    session.expire_all()
    assert loan.days_past_due > 0
    arrears = sum(
        row.interest_minor + row.penalty_minor for row in instalments_of(loan.id) if row.due_on <= market_day(late)
    )
    in_force(
        parties, loan, AmendmentKind.RESTRUCTURING, months=12, rate_bps=300, method="equal_instalments",
        grace_periods=2, capitalises=True,
    )  # fmt: skip
    assert loan.outstanding == Money(1_000_000 + arrears, "CNY") and in_books(loan) == loan.outstanding.amount_minor
    assert (loan.days_past_due, loan.status, loan.loan_class.value) == (0, LoanStatus.PERFORMING, "special_mention")
    assert prove_books()["balanced"]


def test_a_floating_loan_follows_the_published_rate_once_at_each_reset(parties: Parties) -> None:
    clauses = Clauses(reference=RateReference.LPR_1Y, margin_bps=85, reset_months=3)
    loan = make_running_loan(parties, clauses=clauses, rate_bps=1)
    today = market_day(now())
    assert loan.rate_bps == reference_on(RateReference.LPR_1Y, today).bps + 85
    assert reset_rates(today, now()) == 0
    loan.rate_bps, loan.reset_on = 450, today
    session.flush()
    assert reset_rates(today, now()) == 1
    assert reset_rates(today, now()) == 0
    reset = session.execute(select(Amendment).where(Amendment.loan_id == loan.id)).scalar_one()
    assert (reset.kind, reset.status) == (AmendmentKind.RATE_RESET, AmendmentStatus.IN_FORCE)
    assert reset.terms["was_bps"] == 450 and reset.terms["table"] == rate_table().version
    assert loan.rate_bps == 385 and sum(row.principal_minor for row in instalments_of(loan.id)) == 1_000_000


def test_the_reference_rate_of_a_day_is_the_last_published_and_a_later_one_is_an_assumption() -> None:
    before = reference_on(RateReference.LPR_1Y, datetime(2024, 10, 20, tzinfo=UTC).date())
    after = reference_on(RateReference.LPR_1Y, datetime(2024, 10, 21, tzinfo=UTC).date())
    assert (before.bps, after.bps, before.assumed) == (335, 310, False)
    assert reference_on(RateReference.LPR_5Y, datetime(2030, 1, 1, tzinfo=UTC).date()).assumed
    assert rate_table().source


def test_a_facility_may_pay_principal_first(parties: Parties) -> None:
    loan = make_running_loan(parties, clauses=Clauses(repayment_order=RepaymentOrder.PRINCIPAL_FIRST))
    assert find_loan(loan.id).clauses.repayment_order.parts[0].value == "principal"


def test_changes_over_the_api_and_the_pages_are_for_the_two_parties_only(
    parties: Parties, client: Any, sign_in: Any
) -> None:
    loan, stranger = make_running_loan(parties), make_parties()
    url, key = f"/api/v1/financing/loans/{loan.id}/extensions", {"Idempotency-Key": "extension-1"}
    sign_in(client, None)
    assert client.post(url, json=MORE_TIME, headers=key).status_code == 401
    for outsider in (stranger.holder, stranger.officer):
        sign_in(client, outsider)
        assert client.post(url, json=MORE_TIME, headers=key).status_code == 404
        assert client.get(f"/api/v1/financing/loans/{loan.id}/amendments").status_code == 404
    sign_in(client, parties.holder)
    assert client.post(url, json=MORE_TIME, headers=key).status_code == 403
    sign_in(client, parties.officer)
    assert client.post(url, json={"months": 0}, headers=key).status_code == 422
    made = client.post(url, json=MORE_TIME, headers=key)
    assert made.status_code == 201 and made.json["status"] == "proposed"
    assert client.post(url, json=MORE_TIME, headers={"Idempotency-Key": "extension-2"}).status_code == 409
    page = client.get(f"/financing/loans/{loan.id}")
    assert "Extension without repaying first" in page.text
    for kind in ("draw", "prepayment", "extension", "restructuring"):
        assert client.get(f"/financing/loans/{loan.id}/changes/{kind}").status_code == 200
    assert client.get(f"/financing/loans/{loan.id}/changes/magic").status_code == 404
    sign_in(client, stranger.officer)
    answer = f"/api/v1/financing/amendments/{made.json['id']}"
    for act, body in (("agreement", {}), ("acceptance", {}), ("refusal", {"reason": "no"})):
        assert client.post(f"{answer}/{act}", json=body, headers={"Idempotency-Key": f"x-{act}"}).status_code == 404
