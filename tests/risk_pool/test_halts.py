"""The breaker of a whole pool: stopped by one person or by itself, opened again by two, standing cover untouched."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from marketplace.audit.trail import events_of
from marketplace.core.errors import NotAllowed, NotFound
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.identity.sign_in import ReauthenticationRequired
from marketplace.notices.inbox import Notice
from marketplace.risk_pool import compensation, enrolling, halts, standings
from marketplace.risk_pool.claims import ClaimStatus
from marketplace.risk_pool.halts import HaltCause, PoolHalted, ReopeningNotAsked
from marketplace.risk_pool.share_cases import share
from tests.makers.identity import make_actor
from tests.makers.risk_pool import NOW, World, loans_known, make_scheme, make_world


def test_a_stopped_pool_takes_no_loan_pays_what_it_covers_and_goes_on_by_two_people(world: World) -> None:
    scheme = make_scheme(world, "5311")
    covered, waiting = world.enrolled(scheme, world.loan()), world.proposed(scheme, world.loan())
    for party in waiting.parties:
        enrolling.agree_to_share(world.party(party.party), waiting.id, NOW)
    halts.halt_pool(world.reviewer, world.pool.id, "The budget of the year is under review", NOW)
    for act in (
        lambda: world.proposed(scheme, world.loan()),
        lambda: enrolling.submit_enrolment(world.officer, waiting.id, NOW),
    ):
        with pytest.raises(PoolHalted) as refused:
            act()
        assert "under review" in str(refused.value.params["reason"])
    assert world.compensated(covered, "1000000").status is ClaimStatus.COMPENSATED
    with pytest.raises(ReopeningNotAsked):
        halts.reopen_pool(world.approver, world.pool.id, NOW)
    halts.ask_reopening(world.approver, world.pool.id, "Budget confirmed", NOW)
    with pytest.raises(SecondPersonNeeded):
        halts.reopen_pool(world.approver, world.pool.id, NOW)
    halts.ask_reopening(world.reviewer, world.pool.id, "Budget confirmed", NOW)
    halts.reopen_pool(world.approver, world.pool.id, NOW)
    enrolling.submit_enrolment(world.officer, waiting.id, NOW)


def test_a_pool_stops_by_itself_when_nothing_is_left_in_it(db: Any) -> None:
    loans: dict[Any, Any] = {}
    with loans_known(loans):
        world = make_world(loans, "1000000")
        enrolment = world.enrolled(make_scheme(world, "5311"), world.loan())
        world.compensated(enrolment, "3000000")
        halt = halts.open_halt(world.pool.id)
        assert halt is not None and halt.cause is HaltCause.EXHAUSTED
        told = db.query(Notice).filter_by(kind="pool_halted_exhausted").all()
        assert {notice.organisation_id for notice in told} == {world.pool.administrator_id, enrolment.bank_id}


@pytest.mark.parametrize(("limit", "stopped"), [("9", True), ("11", False), (None, False)])
def test_a_pool_stops_by_itself_above_the_loss_rate_its_scheme_states(
    world: World, limit: str | None, stopped: bool
) -> None:
    breaker = {"breaker": {"pool_year_loss_rate": limit}} if limit else {}
    scheme = make_scheme(world, "5311", **breaker)
    failing = world.enrolled(scheme, world.loan("1000000"))
    for _number in range(3):
        world.enrolled(scheme, world.loan("3000000"))
    world.compensated(failing, "1000000")
    halt = halts.open_halt(world.pool.id)
    assert (halt is not None and halt.cause is HaltCause.LOSS_RATE) is stopped


def test_a_reopening_asked_for_is_in_the_trail(world: World) -> None:
    halts.halt_pool(world.reviewer, world.pool.id, "under review", NOW)
    halts.ask_reopening(world.reviewer, world.pool.id, "Budget confirmed", NOW)
    kinds = [event.kind for event in events_of(world.pool.id)]
    assert kinds[-2:] == ["PoolWasHalted", "ReopeningAsked"]


def test_strangers_do_not_stop_a_pool_and_the_database_wants_two_people(world: World, db: Any) -> None:
    with pytest.raises(NotFound):
        halts.halt_pool(make_actor(kind="pool_administrator"), world.pool.id, "no reason", NOW)
    with pytest.raises((NotAllowed, NotFound)):
        halts.halt_pool(world.officer, world.pool.id, "no reason", NOW)
    halt = halts.halt_pool(world.reviewer, world.pool.id, "under review", NOW)
    assert halts.halt_pool(world.approver, world.pool.id, "again", NOW).id == halt.id
    alone = text("UPDATE risk_pool_halts SET asked_by = :me, reopened_by = :me, reopened_at = now() WHERE id = :id")
    with pytest.raises(IntegrityError, match="reopened_by_two"), db.begin_nested():
        db.execute(alone, {"me": world.reviewer.person_id, "id": halt.id})


def test_the_share_command_tells_whether_a_pool_would_stop() -> None:
    case = {
        "scheme": {"shares": {"fund": 50, "bank": 50}, "breaker": {"pool_year_loss_rate": "3"}}, "loss": "100",
        "bank_year_loss": "100", "bank_year_principal": "1000", "pool_year_loss": "31", "pool_year_principal": "1000",
    }  # fmt: skip
    stop = share(case)["breaker"]
    assert stop == {"rate": "10", "limit": None, "suspended": False,
                    "pool": {"rate": "3.1", "limit": "3", "suspended": True}}  # fmt: skip


def test_the_board_and_the_api_stop_a_pool_and_let_it_go_on(client: Any, sign_in: Any, world: World, db: Any) -> None:
    def fresh(actor: Any) -> Any:
        db.commit()
        return sign_in(client, replace(actor, authenticated_at=datetime.now(UTC)))

    def post(path: str, **body: Any) -> Any:
        return client.post(path, json=body, headers={"Idempotency-Key": uuid4().hex})

    place, api = f"/risk-pool/pools/{world.pool.id}", f"/api/v1/risk-pools/{world.pool.id}"
    db.commit()
    assert post(f"{api}/halt", reason="under review").status_code == 401
    fresh(world.officer)
    assert post(f"{api}/halt", reason="under review").status_code == 403
    assert client.post(f"{place}/halt", data={"reason": "under review"}).status_code == 404
    fresh(world.reviewer)
    assert post(f"{api}/halt").status_code == 422
    assert client.post(f"{place}/levitation", data={}).status_code == 404
    assert client.post(f"{place}/halt", data={"reason": "under review"}).status_code == 303
    board = client.get("/risk-pool?lang=zh").text
    assert "管理机构决定暂停" in board and "申请恢复" in board
    assert client.post(f"{place}/reopening-request", data={"reason": "confirmed"}).status_code == 303
    assert "由另一人批准" in client.get("/risk-pool?lang=zh").text
    fresh(world.approver)
    assert "Let the pool go on" in client.get("/risk-pool?lang=en").text
    assert post(f"{api}/reopening").json["reopened_at"]
    assert "Stop taking new loans" in client.get("/risk-pool?lang=en").text


def test_stopping_going_on_and_deciding_ask_who_signed_in_long_ago_to_prove_it_again(world: World) -> None:
    late = NOW + timedelta(hours=1)
    scheme = make_scheme(world, "5311")
    enrolment = world.enrolled(scheme, world.loan())
    claim = world.filed(enrolment, "1000000")
    waiting = world.proposed(scheme, world.loan())
    halts.halt_pool(world.reviewer, world.pool.id, "under review", NOW)
    halts.ask_reopening(world.reviewer, world.pool.id, "confirmed", NOW)
    for act in (
        lambda: halts.halt_pool(world.reviewer, world.pool.id, "under review", late),
        lambda: halts.reopen_pool(world.approver, world.pool.id, late),
        lambda: enrolling.enrol(world.approver, waiting.id, late),
        lambda: enrolling.reject_enrolment(world.approver, waiting.id, "not eligible", late),
        lambda: enrolling.extend_enrolment(world.approver, enrolment.id, "extended", late),
        lambda: compensation.reject_claim(world.approver, claim.id, "misused", late),
        lambda: standings.lift_suspension(world.approver, world.pool.id, world.officer.organisation_id, "plan", late),  # type: ignore[arg-type]
    ):
        with pytest.raises(ReauthenticationRequired):
            act()
