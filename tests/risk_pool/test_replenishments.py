"""Money put into a pool: who paid and why, recorded by one person, confirmed by a second, counted once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from marketplace.audit.trail import events_of
from marketplace.core.errors import Malformed, NotAllowed, NotFound
from marketplace.core.lifecycle import WrongStatus
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.identity.organisations import find_organisation
from marketplace.identity.sign_in import ReauthenticationRequired
from marketplace.ledger.accounts import balance
from marketplace.ledger.proofs import prove_books
from marketplace.notices.inbox import Notice
from marketplace.risk_pool import pools, replenishment_boards, replenishments
from marketplace.risk_pool.replenishments import Purpose, Reason, ReplenishmentDiffers, ReplenishmentStatus, SponsorKind
from marketplace.risk_pool.reports import quarter_of, report_of
from tests.makers.identity import make_actor
from tests.makers.risk_pool import NOW, TODAY, World, cny, replenished, told


def test_money_counts_when_a_second_person_confirmed_it_and_the_statement_told_twice_is_one(world: World) -> None:
    before = pools.free_balance(world.pool)
    made = replenishments.record_replenishment(world.reviewer, world.pool.id, told("5", "BANK-7"), NOW)
    again = replenishments.record_replenishment(world.approver, world.pool.id, told("5", " BANK-7 ", note="again"), NOW)
    assert (again.id, pools.free_balance(world.pool)) == (made.id, before)
    with pytest.raises(ReplenishmentDiffers):
        replenishments.record_replenishment(world.reviewer, world.pool.id, told("6", "BANK-7"), NOW)
    replenishments.confirm_replenishment(world.approver, made.id, NOW)
    assert pools.free_balance(world.pool) == before + cny("5")
    with pytest.raises(WrongStatus):
        replenishments.confirm_replenishment(world.approver, made.id, NOW)
    kinds = [event.kind for event in events_of(world.pool.id)]
    assert (kinds.count("ReplenishmentRecorded"), kinds.count("PoolReplenished")) == (2, 2)


def test_the_second_person_is_another_one_of_the_administrator_signed_in_just_now(world: World, db: Any) -> None:
    made = replenishments.record_replenishment(world.approver, world.pool.id, told("5", "BANK-8"), NOW)
    for actor, refusal in (
        (world.approver, SecondPersonNeeded), (world.reviewer, NotAllowed), (world.officer, NotFound),
        (make_actor(kind="pool_administrator"), NotFound),
    ):  # fmt: skip
        with pytest.raises(refusal):
            replenishments.confirm_replenishment(actor, made.id, NOW)
    stale = replace(world.approver, person_id=uuid4(), authenticated_at=NOW - timedelta(hours=1))
    with pytest.raises(ReauthenticationRequired):
        replenishments.confirm_replenishment(stale, made.id, NOW)
    alone = text("UPDATE risk_pool_replenishments SET status = 'confirmed', confirmed_by = recorded_by WHERE id = :id")
    with pytest.raises(IntegrityError, match="second_person"), db.begin_nested():
        db.execute(alone, {"id": made.id})


def test_a_record_found_wrong_counts_nothing_and_its_reference_can_be_recorded_rightly(world: World) -> None:
    before = pools.free_balance(world.pool)
    wrong = replenishments.record_replenishment(world.reviewer, world.pool.id, told("50", "BANK-9"), NOW)
    replenishments.refuse_replenishment(world.approver, wrong.id, "five, not fifty", NOW)
    with pytest.raises(WrongStatus):
        replenishments.confirm_replenishment(world.approver, wrong.id, NOW)
    replenished(world.reviewer, world.approver, world.pool.id, told("5", "BANK-9"))
    assert (wrong.status, pools.free_balance(world.pool)) == (ReplenishmentStatus.REFUSED, before + cny("5"))


@pytest.mark.parametrize(("field", "changes"), [
    ("amount", {"amount": cny("0")}), ("received_on", {"received_on": TODAY + timedelta(days=1)}),
    ("bank_reference", {"bank_reference": "  "}), ("sponsor_id", {"sponsor_id": uuid4()}),
    ("sponsor_id", {"sponsor_kind": SponsorKind.ORGANISATION}), ("sponsor_name", {"sponsor_kind": SponsorKind.OTHER_BODY}),
    ("reason", {"reason": Reason.INTEREST}), ("reason", {"sponsor_kind": SponsorKind.ACCOUNT_INTEREST}),
])  # fmt: skip
def test_what_does_not_fit_together_is_refused_by_its_field(world: World, field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed) as refused:
        replenishments.record_replenishment(world.reviewer, world.pool.id, replace(told(), **changes), NOW)
    assert list(refused.value.errors) == [field]


def test_the_report_tells_each_payer_and_aid_money_never_mixes_with_the_loss_fund(world: World, db: Any) -> None:
    bank = find_organisation(make_actor(kind="bank").organisation_id)  # type: ignore[arg-type]
    fund = pools.free_balance(world.pool)
    kind = {"sponsor_kind": SponsorKind.ORGANISATION, "sponsor_id": bank.id, "reason": Reason.CONTRIBUTION}
    replenished(world.reviewer, world.approver, world.pool.id, told("70", "B-1", purpose=Purpose.SUBSIDY, **kind))
    replenished(world.reviewer, world.approver, world.pool.id, told("30", "B-2", purpose=Purpose.SUBSIDY, **kind))
    assert pools.free_balance(world.pool) == fund
    assert balance(world.pool.account("subsidy"), "CNY").available == cny("100")
    report = report_of(world.reviewer, world.pool.id, *quarter_of(TODAY))
    assert [(who["zh"], purpose, amount) for who, purpose, amount in report.put_in] == [
        ("市级财政", Purpose.FUND, cny(40_000_000)), (bank.name_zh, Purpose.SUBSIDY, cny("100")),
    ]  # fmt: skip
    told_of = db.query(Notice).filter_by(kind="pool_money_confirmed", organisation_id=bank.id).count()
    assert told_of == 2
    assert prove_books()["balanced"]


@given(amounts=st.lists(st.integers(1, 10**11), min_size=1, max_size=4))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_running_balance_is_what_the_books_held_after_each_transfer(
    db: Any, world: World, amounts: list[int]
) -> None:
    with db.begin_nested() as attempt:
        made = [
            replenished(world.reviewer, world.approver, world.pool.id, told(f"{minor // 100}.{minor % 100:02d}", f"N-{n}"))
            for n, minor in enumerate(amounts)
        ]  # fmt: skip
        after = replenishment_boards.balances_after(world.pool, made)
        begun = cny(40_000_000).amount_minor
        assert [after[each.id].amount_minor for each in made] == [
            begun + sum(amounts[: n + 1]) for n in range(len(amounts))
        ]
        attempt.rollback()


def test_the_page_and_the_api_record_and_confirm_for_the_administrator_only(
    world: World, client: Any, sign_in: Any, db: Any
) -> None:
    def fresh(actor: Any) -> Any:
        db.commit()
        return sign_in(client, replace(actor, authenticated_at=datetime.now(UTC)))

    def post(path: str, **body: Any) -> Any:
        return client.post(path, json=body, headers={"Idempotency-Key": uuid4().hex})

    api, page = f"/api/v1/risk-pools/{world.pool.id}/replenishments", f"/risk-pool/pools/{world.pool.id}/replenishments"
    body = {
        "amount": {"amount": "12.50", "currency": "CNY"}, "bank_reference": "API-1", "received_on": "2026-11-20",
        "reason": "interest", "sponsor_kind": "account_interest",
    }  # fmt: skip
    form = {"amount": "1,000.00", "bank_reference": "P-1", "received_on": "2026-11-20", "reason": "donation",
            "sponsor_kind": "other_body", "sponsor_name": "校友基金会"}  # fmt: skip
    db.commit()
    assert (client.get(api).status_code, post(api, **body).status_code) == (401, 401)
    fresh(world.officer)
    assert (client.get(api).status_code, client.get(page).status_code, post(api, **body).status_code) == (404, 404, 403)
    fresh(world.reviewer)
    assert post(api, **{**body, "reason": "luck"}).status_code == 422
    assert post(api, **{**body, "sponsor_kind": "city_budget"}).json["errors"][0]["field"] == "reason"
    made = post(api, **body)
    assert (made.status_code, made.json["status"]) == (201, "recorded")
    assert client.post(page, data={**form, "sponsor_number": "NOBODY"}).status_code == 422
    assert client.post(page, data=form).status_code == 303
    assert "等待第二人" in client.get(f"{page}?lang=zh").text
    act = f"/api/v1/risk-pool-replenishments/{made.json['id']}"
    assert post(f"{act}/confirmation").status_code == 403
    fresh(world.approver)
    assert "waits for your confirmation" in client.get("/dashboard?lang=en").text
    assert post(f"{act}/confirmation").json["status"] == "confirmed"
    assert post(f"{act}/refusal", reason="too late").status_code == 409
    [waiting] = [row for row in client.get(api).json["items"] if row["status"] == "recorded"]
    step = f"/risk-pool/replenishments/{waiting['id']}"
    assert client.post(f"{step}/levitation", data={}).status_code == 404
    assert client.post(f"{step}/refusal", data={"reason": "not there"}).status_code == 303
    shown = client.get(f"{page}?lang=en").text
    assert "40,000,012.50" in shown and "校友基金会" in shown and "not there" in shown
