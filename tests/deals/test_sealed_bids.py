"""Sealed bids: unreadable before the opening, opened by two officers, first or second price."""

import base64
import hashlib
import hmac
import re
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.errors import NotAllowed
from marketplace.core.money import Money
from marketplace.deals import auction_closing, auction_events, auctions, envelopes, opening, opening_ceremony, sealing
from marketplace.deals.auction_replay import replay
from marketplace.deals.auction_rules import AuctionFormat
from marketplace.deals.auctions import AuctionStatus
from marketplace.deals.bid_refusals import BidTooLow, DepositMissing, NoOpenBids
from marketplace.deals.bidders import BidderStatus, LotClosed, bidder_of
from marketplace.deals.bidding import place_bid
from marketplace.deals.opening import NotAnOfficerHere, TooFewOfficers, WrongOpeningKey
from tests.conftest import HOME, LiveServer
from tests.deals.attacker import Envelope, Haul, dump_of, files_of, writings
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


SECRETS = [Money(minor, "CNY") for minor in (76_543_210_987, 81_234_567_891, 49_999_876_543)]


def test_an_attacker_with_dump_logs_files_and_settings_finds_no_amount(
    committed: LiveServer, sign_in: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")

    def fill() -> Any:
        make_officers(3)
        auction = sealed_lot()
        return auction.id, [make_bidder(auction) for _amount in SECRETS], make_actor(kind="platform_operator")

    auction_id, bidders, operator = committed.seed(fill)
    place = f"/api/v1/auctions/{auction_id}/envelope"
    client, answers = committed.application.test_client(), []
    with committed.application.app_context():
        for actor, amount in zip(bidders, SECRETS, strict=True):
            sign_in(client, actor)
            body = {"amount": {"amount": amount.format(), "currency": "CNY"}}
            headers = {"Idempotency-Key": uuid4().hex}
            twice = [client.post(place, json=body, headers=headers) for _again in range(2)]
            assert twice[0].status_code == 201
            assert twice[0].json == twice[1].json
            typed = {"amount": amount.format(), "idempotency_key": "p" * 9}
            answers += [*twice, client.post(f"/auctions/{auction_id}/envelope", data=typed)]
            answers.append(client.get(f"/auctions/{auction_id}"))
        sign_in(client, operator)
        answers += [client.get(f"/auctions/{auction_id}"), client.get(f"/api/v1/auctions/{auction_id}/log")]
        envelopes_seen = [
            Envelope(row.content, f"bid:{auction_id}:{row.code}")
            for row in session.execute(
                text("SELECT e.content, b.code FROM auction_envelopes e JOIN auction_bidders b ON b.id = e.bidder_id")
            )
        ]
        rows = session.execute(text("SELECT number, sealed_share FROM opening_shares"))
        shares = [(int(row.number), bytes(row.sealed_share)) for row in rows]
        session.remove()
    assert (len(envelopes_seen), len(shares)) == (6, 3)
    settings = committed.application.extensions["settings"]
    haul = Haul(
        dump_of(committed.database_url), *(answer.data for answer in answers), caplog.text.encode(),
        files_of(settings.home), files_of(committed.home), repr(settings).encode(),
        *(log.read_bytes()[-1_000_000:] for log in HOME.rglob("server.log")),
    )  # fmt: skip
    assert b"COPY public.auction_envelopes" in haul.raw
    for amount in SECRETS:
        assert haul.mentions(amount) == []
        assert not haul.breaks_fingerprint(amount, [settings.secret_key, place])
    assert haul.opens(envelopes_seen, shares) == []


def test_the_attacker_would_find_what_leaks() -> None:
    amount = SECRETS[0]
    written = list(writings(amount))
    assert len(written) == 72
    for name, form in written:
        assert name in Haul(b"x" * 50 + b" " + form + b" y").mentions(amount)
    assert Haul(base64.b64encode(b'{"amount":"765432109.87"}')).mentions(amount)
    assert Haul(b"\\x" + b'{"a": 76543210987}'.hex().encode()).mentions(amount)
    assert Haul(b"nothing").mentions(amount) == []
    body = '{"amount": {"amount": "765432109.87", "currency": "CNY"}}'
    leak = hashlib.sha256(f"POST/x\0{body}".encode()).hexdigest()
    assert Haul(leak.encode()).breaks_fingerprint(amount, ["s", "/x"])
    keyed = hmac.new(b"s", b"76543210987", "sha256").hexdigest()
    assert Haul(keyed.encode()).breaks_fingerprint(amount, ["s"])
    assert not Haul(hashlib.sha256(b"other").hexdigest().encode()).breaks_fingerprint(amount, ["s", "/x"])


def test_the_attacker_would_use_keys_that_leak() -> None:
    seed, officers = sealing.new_seed(), [sealing.new_key() for _officer in range(3)]
    shares = [
        (number, sealing.seal(share, officers[number - 1][1], "share")) for number, share in sealing.split_seed(seed, 3)
    ]
    content = sealing.with_salt(SECRETS[0]).to_bytes()
    envelope = Envelope(sealing.seal(content, sealing.public_key_of(seed), "bid"), "bid")
    two = b" ".join(private.encode() for private, _public in officers[:2])
    assert Haul(two).opens([envelope], shares) == [SECRETS[0]]
    assert Haul(seed.hex().encode()).opens([envelope], shares) == [SECRETS[0]]
    assert Haul(officers[0][0].encode()).opens([envelope], shares) == []


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
