"""Portfolio lots over HTTP: anonymous, other organisation, malformed, refused, success; both languages."""

from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient

from marketplace.core.clock import now
from marketplace.deals import auction_closing
from marketplace.deals.auctions import find_auction
from tests.deals.test_auction_pages import key
from tests.deals.test_portfolio_lots import drafts, make_portfolio
from tests.makers.auctions import make_bidder
from tests.makers.identity import make_actor


def money(amount: str, parts: list[int]) -> dict[str, Any]:
    return {"amount": {"amount": amount, "currency": "CNY"}, "parts": parts}


def test_a_portfolio_is_offered_bid_for_and_sold_over_the_api(client: FlaskClient, sign_in: Any, db: Any) -> None:
    seller = make_actor()
    chosen = drafts(seller, 100_000, 200_000)
    db.commit()
    lot = {
        "listing_ids": [str(one.id) for one in chosen],
        "opens_at": (now() - timedelta(hours=1)).isoformat(),
        "closes_at": (now() + timedelta(hours=2)).isoformat(),
    }
    address = "/api/v1/auctions/portfolios"
    assert client.post(address, json=lot, headers=key()).status_code == 401
    sign_in(client, make_actor())
    assert client.post(address, json=lot, headers=key()).status_code == 404
    sign_in(client, seller)
    assert client.post(address, json=lot | {"listing_ids": lot["listing_ids"][:1]}, headers=key()).status_code == 422
    tight = lot | {"deposit": {"amount": "1.00", "currency": "CNY"}}
    assert client.post(address, json=tight, headers=key()).json["code"] == "deposit_out_of_range"
    made = client.post(address, json=lot, headers=key())
    assert (made.status_code, made.json["format"], made.json["start"]["amount"]) == (201, "portfolio", "300000.00")
    lot_address = f"/api/v1/auctions/{made.json['id']}"
    bidder = make_bidder(find_auction(made.json["id"]))
    db.commit()
    bids = f"{lot_address}/package-bids"
    client.delete_cookie("session")
    sign_in(client, bidder)
    assert client.post(bids, json=money("100000.00", [7]), headers=key()).status_code == 422
    low = client.post(bids, json=money("299999.99", [1, 2]), headers=key())
    assert (low.json["code"], low.json["minimum_acceptable"]["amount"]) == ("bid_too_low", "300000.00")
    same = key()
    placed = [client.post(bids, json=money("310000.00", [1, 2]), headers=same) for _time in range(2)]
    assert placed[0].status_code == 201 and placed[0].json == placed[1].json and placed[0].json["leads"]
    assert client.get(f"/api/v1/audit/events/{placed[0].json['receipt_id']}/receipt").status_code == 200
    quote = client.get(f"{lot_address}/quote?parts=1").json
    assert (quote["minimum"]["amount"], quote["to_lead"]["amount"]) == ("100000.00", "310000.01")
    assert client.get(f"{lot_address}/quote?parts=9").status_code == 422
    view = client.get(f"{lot_address}/parts").json
    assert view["leading"] == [{
        "bidder": "B1", "parts": [1, 2], "amount": {"amount": "310000.00", "currency": "CNY"}, "sequence": 2,
    }]  # fmt: skip
    assert [part["assets"][0]["status"] for part in view["parts"]] == ["offered", "offered"]
    sign_in(client, seller)
    assert client.post(bids, json=money("410000.00", [1, 2]), headers=key()).status_code == 403


def test_the_pages_say_in_both_languages_what_is_sold_and_who_leads(client: FlaskClient, sign_in: Any, db: Any) -> None:
    seller = make_actor()
    chosen = drafts(seller, 100_000, 200_000)
    auction = make_portfolio(seller, 100_000, 200_000)
    bidder = make_bidder(auction)
    db.commit()
    page = f"/auctions/{auction.id}"
    assert client.get("/auctions/portfolios/new").status_code in (302, 401)
    assert "起拍价" in client.get(f"{page}?lang=zh").text
    assert "The parts of this lot" in client.get(f"{page}?lang=en").text
    sign_in(client, bidder)
    assert client.post(f"{page}/package-bids", data={"parts": ["1"], "amount": "1"}).status_code == 409
    assert client.post(f"{page}/package-bids", data={"amount": "100000"}).status_code == 422
    placed = client.post(f"{page}/package-bids", data={"parts": ["1", "2"], "amount": "300,000"})
    assert placed.status_code == 303
    shown = client.get(f"{page}?lang=en").text
    assert "/receipt" in shown
    assert "Your bids of ¥300,000.00 in all are among the leading ones." in shown and "parts 1, 2" in shown
    auction_closing.settle_lot(find_auction(auction.id, lock=True), now())
    db.commit()
    shown = client.get(f"{page}?lang=en").text
    assert "You bought parts of this lot for ¥300,000.00 in all." in shown and "B1 · ¥100,000.00" in shown
    sign_in(client, seller)
    assert chosen[0].price is not None and str(chosen[0].id) in client.get("/auctions/portfolios/new?lang=en").text
    given = {"listing_ids": [str(one.id) for one in chosen], "opens_at": "2026-01-01T08:00", "deposit": "30000"}
    assert client.post("/auctions/portfolios", data=given).status_code == 422
    offered = client.post("/auctions/portfolios", data=given | {"closes_at": "2036-01-01T08:00"})
    assert offered.status_code == 303
    assert "and others, as a whole or in parts" in client.get("/auctions?lang=en").text
    assert "Best total" not in client.get(f"/listings/{chosen[1].id}?lang=en").text
