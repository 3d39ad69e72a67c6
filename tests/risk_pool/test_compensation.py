"""From enrolment to compensation and recovery, in the ledger to the cent."""

from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from marketplace.core.errors import Malformed, NotAllowed, NotFound
from marketplace.core.lifecycle import WrongStatus
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.identity.sign_in import ReauthenticationRequired
from marketplace.ledger.accounts import balance
from marketplace.risk_pool import claims, compensation, enrolling, monitoring, recoveries, standings
from marketplace.risk_pool.enrolments import CapacityExceeded, EnrolmentStatus, PartiesDisagree, capacity_of
from tests.makers.identity import make_actor
from tests.makers.risk_pool import NOW, World, cny, full_file, make_scheme


def amounts(shares):
    return {share.party: share.amount.format() for share in shares}


def posted(code):
    return balance(code, "CNY").posted.format()


def unbalanced(db):
    return db.execute(
        text(
            "SELECT count(*) FROM (SELECT journal_id FROM ledger_entries GROUP BY journal_id, currency "
            "HAVING sum(CASE side WHEN 'debit' THEN amount_minor ELSE -amount_minor END) <> 0) broken"
        )
    ).scalar_one()


def test_three_million_under_5311_is_shared_posted_and_recovered_to_the_cent(world: World, db) -> None:
    enrolment = world.enrolled(make_scheme(world), world.loan())
    assert balance(world.pool.account("commitments"), "CNY").posted.amount_minor == 0
    assert db.execute(text("SELECT pending_debit_minor FROM ledger_accounts WHERE code = :code"),
                      {"code": world.pool.account("commitments")}).scalar_one() == 150_000_000  # fmt: skip
    claim = world.compensated(enrolment)
    assert amounts(claim.shares) == {
        "fund": "1500000.00", "insurer_or_guarantor": "900000.00", "appraiser": "300000.00", "bank": "300000.00",
    }  # fmt: skip
    assert posted(world.pool.account("fund")) == "38500000.00"
    assert posted(claim.account()) == "2700000.00"
    assert enrolment.status is EnrolmentStatus.COMPENSATED
    for party in ("fund", "insurer_or_guarantor", "appraiser"):
        compensation.receive_claim_share(world.second, claim.id, party, f"RTGS-{party}", NOW)
    assert posted(claim.account()) == "0.00"
    recovery = recoveries.record_recovery(
        world.officer, claim.id, cny(600_000), cny(100_000), (date(2026, 11, 20), "collateral", "COURT-1"), NOW
    )
    assert amounts(recovery.shares) == {
        "fund": "250000.00", "insurer_or_guarantor": "150000.00", "appraiser": "50000.00", "bank": "50000.00",
        "enforcement_cost": "100000.00", "other_loss": "0.00", "pledgor": "0.00",
    }  # fmt: skip
    recoveries.settle_recovery_share(world.approver, recovery.id, "fund", "RTGS-9", NOW)
    for party in ("insurer_or_guarantor", "appraiser"):
        recoveries.settle_recovery_share(world.party(party), recovery.id, party, "RTGS-9", NOW)
    assert posted(world.pool.account("fund")) == "38750000.00"
    assert posted(compensation.due_from(world.officer.organisation_id)) == "0.00"
    assert posted(compensation.borne_by(world.officer.organisation_id)) == "250000.00"
    assert unbalanced(db) == 0
    db.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


def test_the_commitment_ends_when_the_loan_is_repaid(world: World) -> None:
    enrolment = world.enrolled(make_scheme(world), world.loan())
    before = capacity_of(world.pool).left
    monitoring.end_with_loan(enrolment.loan_id, NOW)
    assert enrolment.status is EnrolmentStatus.REPAID
    assert capacity_of(world.pool).left - before == cny(3_000_000)
    with pytest.raises(claims.LoanNotInPool):
        claims.file_claim(world.officer, enrolment.id, (cny(1), cny(0)), full_file(world.officer), NOW)


def test_a_bank_cannot_take_the_pools_steps(world: World) -> None:
    enrolment = world.proposed(make_scheme(world), world.loan())
    enrolling.submit_enrolment(world.officer, enrolment.id, NOW)
    for step in (enrolling.review_enrolment, enrolling.enrol):
        with pytest.raises(NotAllowed):
            step(world.second, enrolment.id, NOW)


def test_a_guarantor_with_the_same_permission_cannot_take_the_pools_steps(world: World) -> None:
    enrolment = world.enrolled(make_scheme(world), world.loan())
    claim = world.filed(enrolment)
    with pytest.raises(NotAllowed):
        claims.review_claim(world.party("insurer_or_guarantor"), claim.id, NOW)


def test_the_reviewer_may_not_decide(world: World) -> None:
    enrolment = world.proposed(make_scheme(world, "55"), world.loan())
    enrolling.submit_enrolment(world.officer, enrolment.id, NOW)
    enrolling.review_enrolment(world.approver, enrolment.id, NOW)
    with pytest.raises(SecondPersonNeeded):
        enrolling.enrol(world.approver, enrolment.id, NOW)


def test_the_reviewer_of_a_claim_may_not_approve_it_and_the_approver_must_be_fresh(world: World) -> None:
    enrolment = world.enrolled(make_scheme(world, "55"), world.loan())
    claim = world.filed(enrolment)
    claims.review_claim(world.approver, claim.id, NOW)
    claims.recommend_claim(world.approver, claim.id, "complete", NOW)
    with pytest.raises(SecondPersonNeeded):
        compensation.compensate_claim(world.approver, claim.id, NOW)
    stale = make_actor_of(world.approver, NOW - timedelta(minutes=16))
    with pytest.raises(ReauthenticationRequired):
        compensation.compensate_claim(stale, claim.id, NOW)


def make_actor_of(actor, authenticated_at):
    from marketplace.identity.organisations import find_organisation

    return make_actor(find_organisation(actor.organisation_id), authenticated_at=authenticated_at)


def test_nobody_else_sees_an_enrolment_or_claim(world: World) -> None:
    claim = world.filed(world.enrolled(make_scheme(world), world.loan()))
    for kind in ("bank", "company", "guarantor", "pool_administrator"):
        with pytest.raises(NotFound):
            claims.find_claim(make_actor(kind=kind), claim.id)


def test_a_loss_is_claimed_once(world: World) -> None:
    enrolment = world.enrolled(make_scheme(world), world.loan())
    world.filed(enrolment)
    with pytest.raises(claims.ClaimAlreadyFiled):
        claims.file_claim(world.officer, enrolment.id, (cny(1), cny(0)), full_file(world.officer), NOW)


def test_no_more_than_the_outstanding_principal_is_claimed(world: World) -> None:
    enrolment = world.enrolled(make_scheme(world), world.loan())
    with pytest.raises(claims.ClaimAboveOutstanding):
        world.filed(enrolment, "3000000.01")


def test_a_claim_waits_for_the_trigger_and_the_complete_file(world: World) -> None:
    enrolment = world.enrolled(make_scheme(world), world.loan())
    world.change(enrolment, overdue_days=90, loan_class="special_mention")
    with pytest.raises(claims.ClaimTooEarly):
        claims.file_claim(world.officer, enrolment.id, (cny(1), cny(0)), full_file(world.officer), NOW)
    world.change(enrolment, overdue_days=91)
    with pytest.raises(claims.ClaimDocumentsMissing):
        claims.file_claim(world.officer, enrolment.id, (cny(1), cny(0)), full_file(world.officer)[1:], NOW)


def test_a_returned_claim_is_handed_in_again_and_a_rejected_one_is_final(world: World) -> None:
    enrolment = world.enrolled(make_scheme(world, "55"), world.loan())
    claim = world.filed(enrolment)
    claims.review_claim(world.reviewer, claim.id, NOW)
    claims.return_claim(world.reviewer, claim.id, "dunning record is illegible", NOW)
    claims.resubmit_claim(world.officer, claim.id, full_file(world.officer)[:1], NOW)
    claims.review_claim(world.reviewer, claim.id, NOW)
    compensation.reject_claim(world.approver, claim.id, "loan was used otherwise", NOW)
    with pytest.raises(WrongStatus):
        claims.recommend_claim(world.reviewer, claim.id, "again", NOW)


def test_an_overdue_loan_and_one_without_registered_pledge_cannot_be_enrolled(world: World) -> None:
    scheme = make_scheme(world)
    with pytest.raises(enrolling.EnrolledTooLate):
        world.proposed(scheme, world.loan(overdue_days=1))
    with pytest.raises(enrolling.LoanNotEligible):
        world.proposed(scheme, world.loan(pledge_registered=False))
    with pytest.raises(enrolling.LoanNotEligible):
        world.proposed(scheme, world.loan(asset_kinds=frozenset({"trademark"})))
    with pytest.raises(enrolling.LoanNotEligible):
        world.proposed(scheme, world.loan(ip_share=None))


def test_a_loan_is_enrolled_once(world: World) -> None:
    scheme, loan = make_scheme(world), world.loan()
    world.proposed(scheme, loan)
    with pytest.raises(enrolling.AlreadyEnrolled):
        world.proposed(scheme, loan)


def test_every_sharing_party_must_agree(world: World) -> None:
    enrolment = world.proposed(make_scheme(world), world.loan())
    enrolling.submit_enrolment(world.officer, enrolment.id, NOW)
    enrolling.review_enrolment(world.reviewer, enrolment.id, NOW)
    with pytest.raises(PartiesDisagree):
        enrolling.enrol(world.approver, enrolment.id, NOW)


def test_parties_are_exactly_those_of_the_scheme_and_of_the_right_kind(world: World) -> None:
    scheme, loan = make_scheme(world), world.loan()
    bank = world.officer.organisation_id
    for parties in ({}, {"insurer_or_guarantor": bank, "appraiser": bank}):
        with pytest.raises(Malformed):
            enrolling.propose_enrolment(world.officer, scheme.id, loan.loan_id, parties, NOW)


def test_the_pool_carries_ten_times_its_free_balance_and_not_a_yuan_more(world: World) -> None:
    scheme = make_scheme(world, "55")
    world.enrolled(scheme, world.loan("399000000"))
    assert capacity_of(world.pool).left == cny(1_000_000)
    with pytest.raises(CapacityExceeded):
        world.enrolled(scheme, world.loan("1000000.01"))


def test_the_borrowers_year_is_used_in_the_order_of_financing(world: World) -> None:
    scheme = make_scheme(world, "2023")
    first = world.loan("12000000")
    enrolments = [
        world.enrolled(scheme, world.loan("12000000", borrower_id=first.borrower_id), date(2026, month, 1))
        for month in (1, 2, 3)
    ]
    funds = [amounts(world.compensated(each, "12000000").shares)["fund"] for each in reversed(enrolments)]
    assert funds == ["0.00", "5000000.00", "5000000.00"]


def test_a_bank_above_the_loss_limit_is_suspended_until_lifted(world: World) -> None:
    scheme = make_scheme(world, "2025")
    failing = world.enrolled(scheme, world.loan("3100000"))
    for _number in range(3):
        world.enrolled(scheme, world.loan("30000000"))
    world.enrolled(scheme, world.loan("6900000"))
    world.compensated(failing, "3100000")
    with pytest.raises(standings.BankSuspended):
        world.proposed(scheme, world.loan())
    standings.lift_suspension(world.approver, world.pool.id, world.officer.organisation_id, "plan accepted", NOW)
    world.proposed(scheme, world.loan())


def test_many_recoveries_end_with_everybody_whole_and_the_surplus_with_the_pledgor(world: World, db) -> None:
    enrolment = world.enrolled(make_scheme(world, "zhongshan", pool_party="fund"), world.loan("1000"))
    claim = world.compensated(enrolment, "1000", other="5")
    days = (date(2026, 11, 20), "collateral")
    for number, received in enumerate(("333.33", "0.01", "0.01", "700")):
        recoveries.record_recovery(world.officer, claim.id, cny(received), cny("1"), (*days, f"R{number}"), NOW)
    position = recoveries.position_of(claim, enrolment)
    assert not any(position.still_borne.values())
    last = recoveries.recoveries_of(claim.id)[-1]
    assert amounts(last.shares)["pledgor"] == "24.35"
    with pytest.raises(SecondPersonNeeded):
        recoveries.close_recovery(world.approver, claim.id, "all whole", NOW)
    other = make_actor_of(world.approver, NOW)
    recoveries.close_recovery(other, claim.id, "all whole", NOW)
    assert enrolment.status is EnrolmentStatus.RECOVERED
    db.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


def test_nothing_is_shared_back_before_compensation(world: World) -> None:
    claim = world.filed(world.enrolled(make_scheme(world, "55"), world.loan()))
    with pytest.raises(recoveries.NotCompensated):
        recoveries.record_recovery(world.officer, claim.id, cny(1), cny(0), (date(2026, 11, 1), "other", "R"), NOW)


def test_postgresql_itself_refuses_shares_that_do_not_sum_and_changed_schemes(world: World, db) -> None:
    claim = world.compensated(world.enrolled(make_scheme(world, "55"), world.loan()))
    with pytest.raises(IntegrityError), db.begin_nested():
        db.execute(text("UPDATE risk_pool_claim_shares SET amount_minor = 1 WHERE claim_id = :id"), {"id": claim.id})
        db.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    with pytest.raises(IntegrityError), db.begin_nested():
        db.execute(text("UPDATE risk_pool_schemes SET version = 'other'"))
    with pytest.raises(IntegrityError), db.begin_nested():
        db.execute(text("UPDATE risk_pool_enrolments SET decided_by = reviewed_by"))


def test_a_share_is_received_once_and_by_a_second_person_of_the_bank(world: World) -> None:
    claim = world.compensated(world.enrolled(make_scheme(world, "55"), world.loan()))
    with pytest.raises(NotAllowed):
        compensation.receive_claim_share(world.officer, claim.id, "fund", "RTGS-1", NOW)
    compensation.receive_claim_share(world.second, claim.id, "fund", "RTGS-1", NOW)
    with pytest.raises(compensation.ShareAlreadyReceived):
        compensation.receive_claim_share(world.second, claim.id, "fund", "RTGS-2", NOW)
