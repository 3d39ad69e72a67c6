"""Who is told what of an enrolment, a claim and its compensation; and what the page of the loan shows of its pool."""

from flask_babel import force_locale

from marketplace.core.actor import Actor
from marketplace.core.db import session
from marketplace.notices.inbox import Notice
from marketplace.risk_pool import claims, enrolling
from tests.makers.risk_pool import NOW, World, make_scheme


def told(actor: Actor) -> set[str]:
    return {row.kind for row in session.query(Notice).filter(Notice.person_id == actor.person_id)}


def test_each_side_learns_of_the_step_it_must_take_or_waited_for(world: World) -> None:
    scheme = make_scheme(world)
    enrolment = world.enrolled(scheme, world.loan())
    assert told(world.party("appraiser")) >= {"pool_share_asked", "pool_enrolled"}
    assert "pool_enrolment_handed_in" in told(world.reviewer) and "pool_enrolled" in told(world.officer)
    assert "pool_share_asked" not in told(world.officer)
    claim = world.filed(enrolment)
    assert told(world.approver) >= {"pool_abnormal", "pool_claim_filed"}
    claims.review_claim(world.reviewer, claim.id, NOW)
    claims.return_claim(world.reviewer, claim.id, "Demand letters lack dates", NOW)
    assert "pool_claim_returned" in told(world.officer) and "pool_claim_returned" not in told(world.reviewer)


def test_every_bearer_of_a_loss_is_told_its_own_part_in_its_language(world: World) -> None:
    world.compensated(world.enrolled(make_scheme(world), world.loan()))
    rows = session.query(Notice).filter(Notice.kind == "pool_compensated")
    with force_locale("en"):
        parts = {row.organisation_id: row.words.subject for row in rows}
    assert "¥900,000.00" in parts[world.party("insurer_or_guarantor").organisation_id]
    assert "¥1,500,000.00" in parts[world.pool.administrator_id]
    with force_locale("zh"):
        assert all("损失已分担" in row.words.subject for row in rows)


def test_a_returned_enrolment_goes_back_to_its_bank_with_the_reason(world: World) -> None:
    enrolment = world.proposed(make_scheme(world, "zhuhai"), world.loan())
    enrolling.submit_enrolment(world.officer, enrolment.id, NOW)
    enrolling.review_enrolment(world.reviewer, enrolment.id, NOW)
    enrolling.return_enrolment(world.reviewer, enrolment.id, "The pledge notice is missing.", NOW)
    row = session.query(Notice).filter(Notice.kind == "pool_enrolment_returned").first()
    assert row is not None and row.organisation_id == world.officer.organisation_id
    assert "The pledge notice is missing." in row.words.text
