"""Sealed bids: unreadable before the opening, opened by two officers, first or second price."""

import hashlib
import hmac
import re
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from marketplace.core.clock import now
from marketplace.core.errors import NotAllowed
from marketplace.deals import auction_closing, auction_events, auctions, envelopes, opening, opening_ceremony, sealing
from marketplace.deals.auction_replay import replay
from marketplace.deals.auction_rules import AuctionFormat
from marketplace.deals.auctions import AuctionStatus
from marketplace.deals.bid_refusals import BidTooLow, DepositMissing, NoOpenBids
from marketplace.deals.bidders import BidderStatus, LotClosed, bidder_of
from marketplace.deals.bidding import place_bid
from marketplace.deals.opening import NotAnOfficerHere, TooFewOfficers, WrongOpeningKey
from tests.makers.auctions import make_auction, make_bidder, yuan
from tests.makers.identity import make_actor
from tests.makers.openings import make_officers

SEALED = AuctionFormat.SEALED_FIRST_PRICE


def sealed_lot(seconds: float = 600, kind: AuctionFormat = SEALED, **changes: Any) -> auctions.Auction:
    return make_auction(format=kind, closes_at=now() + timedelta(seconds=seconds), **changes)


def close(auction: auctions.Auction) -> auctions.Auction:
    time.sleep(max(0.0, (auction.closes_at - now()).total_seconds() + 0.05))
    return auction_closing.close_auction(auction.id)


def test_two_officers_open_and_the_highest_envelope_pays_its_own_price(db: Any) -> None:
    officers = make_officers(3)
    auction = sealed_lot(4, reserve=yuan(150_000))
    first, second, third = (make_bidder(auction) for _number in range(3))
    envelopes.lodge_envelope(first, auction.id, yuan(200_000), now())
    envelopes.lodge_envelope(second, auction.id, yuan(300_000), now())
    envelopes.lodge_envelope(third, auction.id, yuan(900_000), now())
    envelopes.withdraw_envelope(third, auction.id, now())
    envelopes.lodge_envelope(second, auction.id, yuan(310_000), now())
    with pytest.raises(opening_ceremony.NotToBeOpened):
        opening_ceremony.open_envelopes(*officers[0][:1], auction.id, officers[0][1], now())
    assert close(auction).status is AuctionStatus.OPENING
    with pytest.raises(LotClosed):
        envelopes.lodge_envelope(first, auction.id, yuan(400_000), now())
    opening_ceremony.open_envelopes(officers[0][0], auction.id, officers[0][1], now())
    assert auction.status is AuctionStatus.OPENING
    with pytest.raises(NotAnOfficerHere):
        opening_ceremony.open_envelopes(officers[0][0], auction.id, officers[0][1], now())
    with pytest.raises(WrongOpeningKey):
        opening_ceremony.open_envelopes(officers[2][0], auction.id, officers[1][1], now())
    opening_ceremony.open_envelopes(officers[2][0], auction.id, officers[2][1], now())
    assert (auction.status, auction.winner_id, auction.price) == (
        AuctionStatus.SOLD, second.organisation_id, yuan(310_000),
    )  # fmt: skip
    answer = replay(auction_events.published_log(auction.id))
    assert (answer["winner"], answer["price"]["amount"], answer["chain"]) == ("B2", "310000.00", "valid")
    loser = bidder_of(auction.id, first.organisation_id)
    assert loser is not None
    assert loser.status is BidderStatus.RETURNED


def test_vickrey_pays_the_second_price(db: Any) -> None:
    officers = make_officers(2)
    auction = sealed_lot(2.5, AuctionFormat.VICKREY)
    for amount in (200_000, 500_000):
        envelopes.lodge_envelope(make_bidder(auction), auction.id, yuan(amount), now())
    close(auction)
    for officer, key in officers:
        opening_ceremony.open_envelopes(officer, auction.id, key, now())
    assert (auction.winner_code, auction.price) == ("B2", yuan(200_000))
    assert replay(auction_events.published_log(auction.id))["price"]["amount"] == "200000.00"


def test_a_lot_without_envelopes_ends_unsold_and_a_missed_opening_lapses(db: Any) -> None:
    make_officers(2)
    empty, missed = sealed_lot(1.5), sealed_lot(1.5)
    envelopes.lodge_envelope(make_bidder(missed), missed.id, yuan(200_000), now())
    assert close(empty).status is AuctionStatus.UNSOLD
    close(missed).opening_until = now() - timedelta(seconds=1)
    db.flush()
    assert missed.id in auction_closing.due_auctions(now())
    assert close(missed).status is AuctionStatus.UNSOLD
    assert replay(auction_events.published_log(missed.id))["winner"] is None


def test_who_may_not_lodge_is_told_why(db: Any) -> None:
    with pytest.raises(TooFewOfficers):
        sealed_lot()
    make_officers(2)
    auction = sealed_lot()
    bidder = make_bidder(auction)
    with pytest.raises(DepositMissing):
        envelopes.lodge_envelope(make_actor(), auction.id, yuan(200_000), now())
    with pytest.raises(BidTooLow):
        envelopes.lodge_envelope(bidder, auction.id, yuan(99_999), now())
    with pytest.raises(NoOpenBids):
        place_bid(bidder, auction.id, yuan(200_000), now())
    with pytest.raises(NotAllowed):
        opening.name_officer(bidder, now())
    with pytest.raises(NotAllowed):
        opening_ceremony.open_envelopes(bidder, auction.id, "0" * 64, now())


def test_a_suppressed_or_altered_envelope_shows_in_the_log(db: Any) -> None:
    officers = make_officers(2)
    auction = sealed_lot(2.5)
    for amount in (200_000, 500_000):
        envelopes.lodge_envelope(make_bidder(auction), auction.id, yuan(amount), now())
    close(auction)
    for officer, key in officers:
        opening_ceremony.open_envelopes(officer, auction.id, key, now())
    log = auction_events.published_log(auction.id)
    revealed = [one for one in log["events"] if one["kind"] == "revealed"]
    for row in revealed:
        committed, salt = row["detail"].split(":")
        shown = f"{int(row['amount']['amount'].replace('.', ''))}|CNY|{row['bidder']}|{salt}"
        assert hashlib.sha256(shown.encode()).hexdigest() == committed


@given(st.integers(2, 9), st.integers(1, 10**15))
def test_any_two_officers_open_and_one_alone_does_not(officers: int, amount: int) -> None:
    seed = sealing.new_seed()
    shares = sealing.split_seed(seed, officers)
    content = sealing.with_salt(yuan(amount))
    envelope = sealing.seal(content.to_bytes(), sealing.public_key_of(seed), "bid")
    assert len(envelope) == len(sealing.seal(sealing.with_salt(yuan(1)).to_bytes(), sealing.public_key_of(seed), "bid"))
    for pair in ([shares[0], shares[-1]], [shares[-1], shares[0]]):
        opened = sealing.unseal_with_seed(envelope, sealing.join_shares(pair), "bid")
        assert sealing.SealedAmount.from_bytes(opened) == content
    for wrong in (shares[0][1], bytes(16)):
        with pytest.raises(sealing.CannotOpen):
            sealing.unseal_with_seed(envelope, wrong, "bid")
    with pytest.raises(sealing.CannotOpen):
        sealing.unseal_with_seed(envelope, seed, "another lot")


SECRETS = (123_457, 765_431, 499_999)


def test_an_attacker_with_database_logs_files_and_settings_finds_no_amount(
    app: APIFlask, client: FlaskClient, sign_in: Any, db: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    make_officers(3)
    auction = sealed_lot()
    bidders = [make_bidder(auction) for _amount in SECRETS]
    db.commit()
    place = f"/api/v1/auctions/{auction.id}/envelope"
    answers = []
    for actor, amount in zip(bidders, SECRETS, strict=True):
        sign_in(client, actor)
        body = {"amount": {"amount": f"{amount}.00", "currency": "CNY"}}
        headers = {"Idempotency-Key": uuid4().hex}
        answers += [client.post(place, json=body, headers=headers) for _twice in range(2)]
        page = client.post(f"/auctions/{auction.id}/envelope", data={"amount": f"{amount}", "idempotency_key": "p" * 9})
        answers += [page, client.get(f"/auctions/{auction.id}")]
        assert answers[-4].json == answers[-3].json
    sign_in(client, make_actor(kind="platform_operator"))
    answers += [client.get(f"/auctions/{auction.id}"), client.get(f"/api/v1/auctions/{auction.id}/log")]
    settings = app.extensions["settings"]
    haul = "\n".join(answer.text for answer in answers) + caplog.text + dumped(db) + files_of(settings.home)
    found = [amount for amount in SECRETS if mentioned(haul, amount)]
    assert found == []
    assert guessed(haul, settings.secret_key, place) == []


def dumped(db: Any) -> str:
    """Every row of every table as text."""
    tables = db.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars().all()
    return "\n".join(str(row[0]) for name in tables for row in db.execute(text(f'SELECT t::text FROM "{name}" t')))


def files_of(home: Path) -> str:
    return "\n".join(path.read_bytes().decode("latin-1") for path in home.rglob("*") if path.is_file())


def mentioned(haul: str, amount: int) -> bool:
    """The amount in plain: major, minor, grouped, hexadecimal in both byte orders, as float."""
    minor = amount * 100
    forms = [str(amount), str(minor), f"{amount:,}", minor.to_bytes(8).hex(), minor.to_bytes(8, "little").hex()]
    return any(form in haul for form in [*forms, f"{float(amount):e}"])


def guessed(haul: str, secret: str, place: str) -> list[int]:
    """Hash every likely way to write each true amount, with every long hexadecimal word of the haul as salt or key."""
    words = set(re.findall(r"[0-9a-f]{32,128}", haul))
    salts = ["", secret, place, *words]
    broken = []
    for amount in SECRETS:
        texts = [f"{amount * 100}", f"{amount}.00", f"{amount}", f"{amount * 100}|CNY"]
        texts += [f"{amount * 100}|CNY|B{place}|" for place in (1, 2, 3)]
        body = f'{{"amount": {{"amount": "{amount}.00", "currency": "CNY"}}}}'
        texts += [body, body.replace(": ", ":").replace(", ", ","), f"POST{place}\0{body}"]
        for shown in texts:
            for salt in salts:
                for made in (
                    hashlib.sha256((shown + salt).encode()), hashlib.sha256((salt + shown).encode()),
                    hmac.new(salt.encode(), shown.encode(), "sha256"),
                ):  # fmt: skip
                    if made.hexdigest() in words:
                        broken.append(amount)
    return broken


def test_the_attacker_would_find_an_amount_that_leaks() -> None:
    body = '{"amount": {"amount": "123457.00", "currency": "CNY"}}'
    leak = hashlib.sha256(f"POST/x\0{body}".encode()).hexdigest()
    assert set(guessed(leak, "s", "/x")) == {123_457}
    assert mentioned("… 12345700 …", 123_457)


def test_the_database_gives_no_share_before_the_close(db: Any) -> None:
    make_officers(2)
    auction = sealed_lot()
    share = opening.shares_of(auction.id)[0]
    with pytest.raises(Exception, match="a share is given once, after the close"), db.begin_nested():
        db.execute(text("UPDATE opening_shares SET share = 'x', given_at = now() WHERE id = :id"), {"id": share.id})


def test_the_opening_pages_show_the_key_once_and_take_it_after_the_close(
    client: FlaskClient, sign_in: Any, db: Any
) -> None:
    officers = [make_actor(kind="platform_operator") for _number in range(2)]
    keys = []
    for officer in officers:
        sign_in(client, officer)
        shown = client.post("/auctions/openings/key").text
        keys.append(re.findall(r"<code>([0-9a-f]{64})</code>", shown)[0])
        assert keys[-1] not in client.get("/auctions/openings").text
    auction = sealed_lot(2.5)
    envelopes.lodge_envelope(make_bidder(auction), auction.id, yuan(200_000), now())
    close(auction)
    db.commit()
    for officer, key in zip(officers, keys, strict=True):
        sign_in(client, officer)
        assert "Give my share" in client.get("/auctions/openings").text
        sent = client.post(
            f"/api/v1/auctions/{auction.id}/opening", json={"private_key": key}, headers={"Idempotency-Key": key[:20]}
        )
        assert sent.status_code == 200
    assert sent.json["status"] == "sold"
    sign_in(client, make_actor())
    assert client.get("/auctions/openings").status_code == 403
