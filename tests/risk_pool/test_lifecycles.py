"""Random steps by random people: a step is taken only where the table allows it, and money never gets lost."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from marketplace.core.errors import Problem
from marketplace.risk_pool import claims, compensation, enrolling, monitoring
from marketplace.risk_pool.enrolments import ENROLMENT_LIFECYCLE
from tests.makers.risk_pool import NOW, World, cny, full_file, loans_known, make_scheme, make_world

STEPS = (
    "submit", "review", "return", "reject", "enrol", "withdraw", "disburse", "overdue", "cure", "repay", "file",
    "review_claim", "recommend", "return_claim", "resubmit", "compensate", "reject_claim", "withdraw_claim",
)  # fmt: skip
LUCKY = ("submit", "review", "enrol", "disburse", "overdue", "file", "review_claim", "recommend", "compensate")
ACTORS = ("reviewer", "approver", "officer", "second")


@pytest.fixture
def fresh(db: Any) -> Any:
    """The database of the test."""
    return db


def take(world: World, enrolment: Any, step: str, who: str) -> None:
    """One step by one person, whatever its outcome."""
    actor = getattr(world, who)
    claim = claims.live_claim(enrolment.id)
    loan = world.loans[enrolment.loan_id]
    claim_id = claim.id if claim else enrolment.id
    changes: dict[str, dict[str, Any]] = {
        "overdue": {"overdue_days": 120, "loan_class": "substandard"},
        "cure": {"overdue_days": 0, "loan_class": "normal"},
    }
    acts = {
        "submit": lambda: enrolling.submit_enrolment(actor, enrolment.id, NOW),
        "review": lambda: enrolling.review_enrolment(actor, enrolment.id, NOW),
        "return": lambda: enrolling.return_enrolment(actor, enrolment.id, "incomplete", NOW),
        "reject": lambda: enrolling.reject_enrolment(actor, enrolment.id, "not eligible", NOW),
        "enrol": lambda: enrolling.enrol(actor, enrolment.id, NOW),
        "withdraw": lambda: enrolling.withdraw_enrolment(actor, enrolment.id, NOW),
        "repay": lambda: monitoring.end_with_loan(enrolment.loan_id, NOW),
        "file": lambda: claims.file_claim(actor, enrolment.id, (cny(3_000_000), cny(0)), full_file(world.officer), NOW),
        "review_claim": lambda: claims.review_claim(actor, claim_id, NOW),
        "recommend": lambda: claims.recommend_claim(actor, claim_id, "complete", NOW),
        "return_claim": lambda: claims.return_claim(actor, claim_id, "incomplete", NOW),
        "resubmit": lambda: claims.resubmit_claim(actor, claim_id, [], NOW),
        "compensate": lambda: compensation.compensate_claim(actor, claim_id, NOW),
        "reject_claim": lambda: compensation.reject_claim(actor, claim_id, "misused", NOW),
        "withdraw_claim": lambda: claims.withdraw_claim(actor, claim_id, NOW),
    }
    if step in changes:
        world.change(enrolment, **changes[step])
    elif step == "disburse":
        from dataclasses import replace

        world.loans[loan.loan_id] = replace(loan, disbursed_on=loan.disbursed_on or NOW.date())
        enrolling.activate_enrolment(loan.loan_id, NOW)
    else:
        acts[step]()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(LUCKY * 2 + STEPS), st.sampled_from(ACTORS)), min_size=10, max_size=40))
def test_random_steps_keep_the_lifecycle_and_the_books(fresh: Any, steps: list[tuple[str, str]]) -> None:
    outer = fresh.begin_nested()
    loans: dict[Any, Any] = {}
    with loans_known(loans):
        world = make_world(loans)
        enrolment = world.proposed(make_scheme(world, "55"), world.loan())
        for step, who in steps:
            before = enrolment.status
            try:
                with fresh.begin_nested():
                    take(world, enrolment, step, who)
            except Problem:
                fresh.refresh(enrolment)
                assert enrolment.status is before
            else:
                assert enrolment.status is before or reachable(before, enrolment.status)
        committed, fund, payable = books(fresh, world)
    in_pool = enrolment.status in ("enrolled", "active", "extended", "abnormal")
    assert committed == (enrolment.cover.amount_minor if in_pool else 0)
    assert fund + payable == 4_000_000_000
    outer.rollback()
    fresh.expunge_all()


def reachable(before: Any, after: Any) -> bool:
    """Within one act: one move, or enrolling a loan that already runs."""
    moves = ENROLMENT_LIFECYCLE.moves
    return after in moves[before] or any(after in moves[between] for between in moves[before])


def books(db: Any, world: World) -> tuple[int, int, int]:
    """What the pool has committed, what lies in it, and what it owes for claims."""
    db.flush()
    row = db.execute(
        text(
            "SELECT (SELECT pending_debit_minor FROM ledger_accounts WHERE code = :commitments), "
            "(SELECT posted_credit_minor - posted_debit_minor FROM ledger_accounts WHERE code = :fund), "
            "(SELECT coalesce(sum(posted_credit_minor - posted_debit_minor), 0) FROM ledger_accounts "
            " WHERE code LIKE 'claim:%' AND owner_id = :bank)"
        ),
        {"commitments": world.pool.account("commitments"), "fund": world.pool.account("fund"),
         "bank": world.officer.organisation_id},
    ).one()  # fmt: skip
    return int(row[0]), int(row[1]), int(row[2])
