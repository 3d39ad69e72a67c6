"""Auctions over HTTP: anonymous, other organisation, malformed, refused, success; both languages."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from marketplace.audit.verification import verify_trail
from marketplace.core.clock import now
from marketplace.deals import auction_closing, bidding
from marketplace.deals.auction_events import events_of_auction
from marketplace.deals.auction_schemas import BidOut
from tests.makers.auctions import make_auction, make_bidder, yuan
from tests.makers.identity import make_actor


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


def money(amount: str, currency: str = "CNY") -> dict[str, Any]:
    return {"amount": {"amount": amount, "currency": currency}}


@pytest.fixture
def lot(db: Any) -> Any:
    auction = make_auction(reserve=yuan(987_654), buy_now=yuan(5_000_000))
    bidder, rival = make_bidder(auction), make_bidder(auction)
    db.commit()
    return auction, bidder, rival


def test_a_bid_by_api_gives_a_receipt_and_a_lower_one_the_minimum(client: FlaskClient, sign_in: Any, lot: Any) -> None:
    auction, bidder, rival = lot
    address = f"/api/v1/auctions/{auction.id}/bids"
    assert client.post(address, json=money("100000.00"), headers=key()).status_code == 401
    sign_in(client, bidder)
    same = key()
    placed = client.post(address, json=money("100000.00"), headers=same)
    again = client.post(address, json=money("100000.00"), headers=same)
    assert (placed.status_code, again.status_code, again.json) == (201, 201, placed.json)
    assert client.post(address, json=money("200000.00"), headers=same).status_code == 422
    assert client.get(f"/api/v1/audit/events/{placed.json['receipt_id']}/receipt").status_code == 200
    sign_in(client, rival)
    low = client.post(address, json=money("100000.00"), headers=key())
    assert (low.status_code, low.json["code"]) == (409, "bid_too_low")
    assert low.json["minimum_acceptable"] == {"amount": "110000.00", "currency": "CNY"}
    assert client.post(address, json=money("110000.00", "USD"), headers=key()).json["code"] == "wrong_currency"


@pytest.mark.parametrize("amount", ["-1", "0", "NaN", "Infinity", "1e309", "0.001", "1,000", "１００", "9" * 30, ""])
def test_a_malformed_amount_is_never_stored(client: FlaskClient, sign_in: Any, lot: Any, amount: str) -> None:
    auction, bidder, _rival = lot
    sign_in(client, bidder)
    answer = client.post(f"/api/v1/auctions/{auction.id}/bids", json=money(amount), headers=key())
    assert answer.status_code == 422
    assert answer.json["errors"]
    assert client.get(f"/api/v1/auctions/{auction.id}").json["bid_count"] == 0


def test_who_may_not_bid_is_told_why(client: FlaskClient, sign_in: Any, db: Any) -> None:
    seller = make_actor()
    auction = make_auction(seller)
    outsider, bank = make_actor(), make_actor(kind="auditor")
    db.commit()
    address = f"/api/v1/auctions/{auction.id}/bids"
    expected = {seller: (403, "conflict_of_interest"), outsider: (409, "deposit_missing"), bank: (403, "not_allowed")}
    for actor, answer in expected.items():
        sign_in(client, actor)
        refused = client.post(address, json=money("100000.00"), headers=key())
        assert (refused.status_code, refused.json["code"]) == answer
    sign_in(client, outsider)
    missing = client.post(f"/api/v1/auctions/{uuid4()}/bids", json=money("100000.00"), headers=key())
    assert missing.status_code == 404


def test_the_reserve_is_nowhere_before_the_close(client: FlaskClient, sign_in: Any, lot: Any) -> None:
    auction, bidder, _rival = lot
    for actor in (None, bidder):
        sign_in(client, actor)
        for path in (
            f"/auctions/{auction.id}", f"/auctions/{auction.id}/live", f"/api/v1/auctions/{auction.id}",
            f"/api/v1/auctions/{auction.id}/log",
        ):  # fmt: skip
            text = client.get(path).text
            assert "987654" not in text
            assert "987,654" not in text
            assert auction.reserve_salt not in text


def test_the_page_says_where_i_stand_in_both_languages(client: FlaskClient, sign_in: Any, lot: Any, db: Any) -> None:
    auction, bidder, rival = lot
    sign_in(client, bidder)
    page = client.get(f"/auctions/{auction.id}?lang=en").text
    assert 'value="100000.00"' in page
    bid = client.post(f"/auctions/{auction.id}/bids", data={"amount": "100,000"})
    assert bid.status_code == 303
    assert "You lead with ¥100,000.00." in client.get(f"/auctions/{auction.id}?lang=en").text
    sign_in(client, bidder)
    chinese = client.get(f"/auctions/{auction.id}?lang=zh").text
    assert "您以 ¥100,000.00 领先" in chinese
    assert "receipt.json" in chinese
    bidding.place_bid(rival, auction.id, yuan(110_000), now())
    db.commit()
    sign_in(client, bidder)
    live = client.get(f"/auctions/{auction.id}/live?lang=en").text
    assert "You were outbid. The smallest bid now is ¥120,000.00." in live
    assert 'aria-live="polite"' in client.get(f"/auctions/{auction.id}").text
    assert str(rival.organisation_id) not in live
    low = client.post(
        f"/auctions/{auction.id}/bids",
        data={"amount": "5"},
        headers={"Referer": f"http://localhost/auctions/{auction.id}"},
    )
    assert low.status_code == 409
    assert "120,000.00" in low.text


def test_registering_leads_to_the_payment_of_the_deposit(client: FlaskClient, sign_in: Any, lot: Any, db: Any) -> None:
    auction, _bidder, _rival = lot
    newcomer = make_actor()
    db.commit()
    sign_in(client, newcomer)
    assert "Register to bid" in client.get(f"/auctions/{auction.id}?lang=en").text
    answer = client.post(f"/auctions/{auction.id}/registration", data={"method": "bank_transfer"})
    assert answer.status_code == 303
    assert "/payments/" in answer.headers["Location"]
    assert client.post(f"/auctions/{auction.id}/registration", data={"method": "cash"}).status_code == 422


def test_lists_show_open_lots(client: FlaskClient, lot: Any) -> None:
    auction, _bidder, _rival = lot
    assert str(auction.id) in client.get("/auctions").text
    assert client.get("/api/v1/auctions").json["items"][-1]["id"] == str(auction.id)


def test_the_published_log_is_replayed_by_the_command(
    app: APIFlask, client: FlaskClient, sign_in: Any, db: Any, tmp_path: Path
) -> None:
    auction = make_auction(closes_at=now() + timedelta(minutes=10))
    bidder = make_bidder(auction)
    bidding.place_bid(bidder, auction.id, yuan(100_000), now())
    db.refresh(auction)
    auction_closing.settle_lot(auction, auction.closes_at)
    db.commit()
    document = client.get(f"/api/v1/auctions/{auction.id}/log").json
    file = tmp_path / "log.json"
    file.write_text(json.dumps(document))
    answer = app.test_cli_runner().invoke(args=["auctions", "replay", str(file)])
    assert answer.exit_code == 0
    assert json.loads(answer.stdout)["winner"] == "B1"
    document["events"][1]["amount"]["amount"] = "1.00"
    file.write_text(json.dumps([document, {}]))
    answer = app.test_cli_runner().invoke(args=["auctions", "replay", str(file)])
    broken, malformed = json.loads(answer.stdout)
    assert (broken["error"]["code"], malformed["error"]["code"]) == ("log_broken", "malformed")
    file.write_text("{")
    assert app.test_cli_runner().invoke(args=["auctions", "replay", str(file)]).exit_code == 1


def test_a_default_is_declared_by_the_operator_and_answered_by_the_next_bidder(
    client: FlaskClient, sign_in: Any, lot: Any, db: Any
) -> None:
    auction, bidder, rival = lot
    operator = make_actor(kind="platform_operator")
    bidding.place_bid(bidder, auction.id, yuan(1_000_000), now())
    bidding.place_bid(rival, auction.id, yuan(2_000_000), now())
    db.refresh(auction)
    auction_closing.settle_lot(auction, now())
    db.commit()
    address = f"/api/v1/auctions/{auction.id}"
    sign_in(client, rival)
    assert client.post(f"{address}/default", json={}, headers=key()).status_code == 403
    assert "You bought this lot" in client.get(f"/auctions/{auction.id}?lang=en").text
    sign_in(client, operator)
    assert client.post(f"{address}/default", json={}, headers=key()).json["status"] == "defaulted"
    sign_in(client, rival)
    assert client.post(f"{address}/second-chance", json={}, headers=key()).status_code == 409
    sign_in(client, bidder)
    assert "/second-chance" in client.get(f"/auctions/{auction.id}").text
    assert client.post(f"/auctions/{auction.id}/second-chance").status_code == 303
    assert client.get(address).json["price"] == {"amount": "1000000.00", "currency": "CNY"}


def test_a_key_stands_for_one_accepted_bid_and_its_answer_has_the_documented_form(
    client: FlaskClient, sign_in: Any, db: Any
) -> None:
    one, other = make_auction(), make_auction()
    bidder = make_bidder(one)
    make_bidder(other, bidder)
    db.commit()
    sign_in(client, bidder)
    same = key()
    low = client.post(f"/api/v1/auctions/{one.id}/bids", json=money("5.00"), headers=same)
    assert low.json["code"] == "bid_too_low"
    placed = client.post(f"/api/v1/auctions/{one.id}/bids", json=money("100000.00"), headers=same)
    assert placed.status_code == 201 and "Idempotent-Replayed" not in placed.headers
    again = client.post(f"/api/v1/auctions/{one.id}/bids", json=money("100000.00"), headers=same)
    assert (again.data, again.headers["Idempotent-Replayed"]) == (placed.data, "true")
    elsewhere = client.post(f"/api/v1/auctions/{other.id}/bids", json=money("100000.00"), headers=same)
    assert (elsewhere.status_code, elsewhere.json["code"]) == (422, "idempotency_key_reused")
    assert client.get(f"/api/v1/auctions/{other.id}").json["bid_count"] == 0
    loaded = BidOut().load(placed.json)
    assert BidOut().dump(loaded) == placed.json
    assert set(placed.json) == set(BidOut().fields)
    [line] = [event for event in events_of_auction(one.id) if event.kind == "bid"]
    assert (str(line.id), line.hash, line.amount) == (placed.json["id"], placed.json["hash"], loaded["amount"])
    assert client.get(f"/api/v1/audit/events/{loaded['receipt_id']}/receipt").status_code == 200
    assert verify_trail() == []
