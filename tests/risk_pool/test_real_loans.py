"""A loan made by financing goes through the pool: enrolled, paid out, missed, claimed, recovered; or repaid."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.money import Money
from marketplace.financing.ageing import age_to
from marketplace.financing.disbursement import disburse_loan
from marketplace.financing.loans import Loan, instalments_of
from marketplace.risk_pool import claims, compensation, enrolling, loans_seen
from marketplace.risk_pool.enrolments import Enrolment, EnrolmentStatus
from tests.makers.financing import Parties, make_parties, make_pledged_loan, repay
from tests.makers.risk_pool import World, full_file, make_scheme, make_world


@pytest.fixture
def world(db: Any) -> World:
    """A pool, and the real books of financing."""
    assert loans_seen._readers == [loans_seen.seen_in_books]
    return make_world({})


def enrol(world: World, parties: Parties, loan: Loan) -> Enrolment:
    """The loan enrolled before it is paid out."""
    at = now()
    enrolment = enrolling.propose_enrolment(parties.officer, make_scheme(world, "55").id, loan.id, {}, at)
    enrolling.submit_enrolment(parties.officer, enrolment.id, at)
    enrolling.review_enrolment(world.reviewer, enrolment.id, at)
    return enrolling.enrol(fresh(world.approver, at), enrolment.id, at)


def fresh(actor: Actor, at: datetime) -> Actor:
    from dataclasses import replace

    return replace(actor, authenticated_at=at)


def test_a_loan_that_defaults_is_compensated(world: World, db: Any) -> None:
    parties = make_parties()
    loan = make_pledged_loan(parties)
    enrolment = enrol(world, parties, loan)
    assert enrolment.status is EnrolmentStatus.ENROLLED
    disburse_loan(parties.approver, loan.id, now())
    assert enrolment.status is EnrolmentStatus.ACTIVE
    first_due = instalments_of(loan.id)[0].due_on
    late = first_due + timedelta(days=95)
    at = datetime(late.year, late.month, late.day, 4, tzinfo=UTC)
    age_to(late, at)
    db.refresh(loan)
    assert loan.loan_class == "substandard"
    assert enrolment.status is EnrolmentStatus.ABNORMAL
    claim = claims.file_claim(
        parties.officer, enrolment.id, (loan.outstanding, Money(0, "CNY")), full_file(parties.officer), at
    )
    claims.review_claim(world.reviewer, claim.id, at)
    claims.recommend_claim(world.reviewer, claim.id, "complete", at)
    compensation.compensate_claim(fresh(world.approver, at), claim.id, at)
    assert {share.party: share.amount.format() for share in claim.shares} == {"fund": "5000.00", "bank": "5000.00"}
    db.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


def test_a_loan_that_is_paid_off_leaves_the_pool(world: World) -> None:
    parties = make_parties()
    loan = make_pledged_loan(parties)
    enrolment = enrol(world, parties, loan)
    disburse_loan(parties.approver, loan.id, now())
    assert loan.disbursed_on is not None
    repay(parties, loan, loan.principal, loan.disbursed_on, now())
    assert enrolment.status is EnrolmentStatus.REPAID


def test_the_page_of_a_loan_leads_its_bank_to_a_pool_and_shows_the_cover_it_has(
    world: World, client: Any, sign_in: Any, db: Any
) -> None:
    parties = make_parties()
    loan = make_pledged_loan(parties)
    make_scheme(world, "55", version="2020-page")
    page, way = f"/financing/loans/{loan.id}", f"/risk-pool/enrolments/new?loan={loan.id}"
    db.commit()
    assert way in sign_in(client, parties.officer).get(page).text
    assert way not in sign_in(client, parties.holder).get(page).text
    enrolment = enrol(world, parties, loan)
    db.commit()
    for reader in (parties.officer, parties.holder):
        assert f"/risk-pool/enrolments/{enrolment.id}" in sign_in(client, reader).get(page).text
