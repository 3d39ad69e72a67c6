"""Premiums: due with the enrolment, received by the party that bears, paid by whom the scheme names, in the books."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from marketplace.core.errors import NotFound
from marketplace.ledger.accounts import balance
from marketplace.ledger.entries import InsufficientFunds
from marketplace.ledger.proofs import prove_books
from marketplace.risk_pool import enrolling, premiums
from marketplace.risk_pool.premiums import PremiumReferenceDiffers, PremiumStatus
from marketplace.risk_pool.replenishments import Purpose
from tests.makers.identity import make_actor
from tests.makers.risk_pool import NOW, World, cny, make_scheme, replenished, told

PARTY = "insurer_or_guarantor"
CHARGED = [{"party": PARTY, "rate": "2", "base": "loan", "period": "year", "payer": "bank"}]
BY_POOL = [{"party": PARTY, "rate": "1", "base": "cover", "period": "once", "payer": "pool"}]


def enrolled(world: World, rows: list[dict[str, Any]]) -> Any:
    """A loan of three million for nine months, taken into the pool and not paid out yet."""
    enrolment = world.proposed(make_scheme(world, "5311", premium=rows), world.loan(term_months=9))
    for party in enrolment.parties:
        enrolling.agree_to_share(world.party(party.party), enrolment.id, NOW)
    enrolling.submit_enrolment(world.officer, enrolment.id, NOW)
    enrolling.review_enrolment(world.reviewer, enrolment.id, NOW)
    return enrolling.enrol(world.approver, enrolment.id, NOW)


def owed(due: premiums.PremiumDue) -> tuple[str, str]:
    return balance(due.owed, "CNY").posted.format(), balance(due.earned, "CNY").posted.format()


def test_a_premium_falls_due_by_month_and_its_receiver_records_it_once(world: World) -> None:
    [due] = premiums.premiums_of(enrolled(world, CHARGED).id)
    assert (due.amount, due.months, owed(due)) == (cny("45000.00"), 9, ("45000.00", "45000.00"))
    for stranger in (make_actor(kind="insurer"), world.officer):
        with pytest.raises(NotFound):
            premiums.receive_premium(stranger, due.id, "RTGS-1", NOW)
    for _telling in range(2):
        premiums.receive_premium(world.party(PARTY), due.id, "RTGS-1", NOW)
    with pytest.raises(PremiumReferenceDiffers):
        premiums.receive_premium(world.party(PARTY), due.id, "RTGS-2", NOW)
    assert (due.status, owed(due)) == (PremiumStatus.PAID, ("0.00", "0.00"))
    assert prove_books()["balanced"]


def test_an_enrolment_withdrawn_before_the_loan_ran_owes_no_premium(world: World) -> None:
    enrolment = enrolled(world, CHARGED)
    enrolling.withdraw_enrolment(world.officer, enrolment.id, NOW)
    [due] = premiums.premiums_of(enrolment.id)
    assert (due.status, owed(due)) == (PremiumStatus.CANCELLED, ("0.00", "0.00"))


def test_what_the_pool_pays_is_set_aside_in_its_aid_account_and_never_taken_from_the_loss_fund(world: World) -> None:
    with pytest.raises(InsufficientFunds):
        enrolled(world, BY_POOL)


def test_the_aid_account_pays_what_the_pool_bears(world: World) -> None:
    replenished(world.reviewer, world.approver, world.pool.id, told("10000", "AID-1", purpose=Purpose.SUBSIDY))
    [due] = premiums.premiums_of(enrolled(world, BY_POOL).id)
    aid = world.pool.account("subsidy")
    assert (due.amount, balance(aid, "CNY").available) == (cny("9000.00"), cny("1000"))
    premiums.receive_premium(world.party(PARTY), due.id, "RTGS-1", NOW)
    assert (balance(aid, "CNY").posted, balance(world.pool.account("fund"), "CNY").posted) == (
        cny("1000"),
        cny(40_000_000),
    )


def test_a_scheme_without_premiums_charges_none(world: World) -> None:
    assert premiums.premiums_of(enrolled(world, []).id) == []


def test_page_and_api_show_the_premium_and_let_its_receiver_record_it(
    world: World, client: Any, sign_in: Any, db: Any
) -> None:
    enrolment = enrolled(world, CHARGED)
    [due] = premiums.premiums_of(enrolment.id)
    api, body = f"/api/v1/premiums/{due.id}/receipt", {"bank_reference": "RTGS-3"}

    def fresh(actor: Any) -> Any:
        db.commit()
        return sign_in(client, replace(actor, authenticated_at=datetime.now(UTC)))

    def post(**given: Any) -> Any:
        return client.post(api, json=given, headers={"Idempotency-Key": uuid4().hex})

    db.commit()
    assert post(**body).status_code == 401
    fresh(make_actor(kind="insurer"))
    assert post(**body).status_code == 404
    fresh(world.officer)
    shown = client.get(f"/risk-pool/enrolments/{enrolment.id}?lang=en").text
    assert "45,000.00" in shown and "It has arrived" not in shown
    assert (post().status_code, post(**body).status_code) == (422, 404)
    fresh(world.party(PARTY))
    assert "确认收到" in client.get(f"/risk-pool/enrolments/{enrolment.id}?lang=zh").text
    assert client.post(f"/risk-pool/premiums/{due.id}/receipt", data=body).status_code == 303
    assert post(**body).json["status"] == "paid"
    assert post(bank_reference="OTHER").status_code == 409
    [listed] = client.get(f"/api/v1/enrolments/{enrolment.id}/premiums").json["items"]
    assert (listed["amount"]["amount"], listed["paid_reference"]) == ("45000.00", "RTGS-3")
