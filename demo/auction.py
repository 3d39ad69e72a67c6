"""Step four, the other way: an English auction with two bidders, its soft close, its refusals and an offline receipt."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from demo.report import Figure, StepFailed, chapter, show
from demo.rights import offer_for_sale, value
from demo.sale import pay_by_card, rounded, transfer
from demo.stage import ROOT, Stage
from demo.visitors import Visitor, cny

LASTS = timedelta(minutes=4)
"""Shorter than the soft close of five minutes, so that every bid comes within it and moves the end by the real clock."""


def announce_lot(holder: Visitor, reader: Visitor, asset_id: str) -> dict[str, Any]:
    """A lot that takes bids now; its start price comes from the lower end of its value."""
    chapter("A lot at auction")
    low = Decimal(value(holder, asset_id, "transfer")["low"]["amount"])
    opens = datetime.now(UTC)
    listing = offer_for_sale(
        holder, reader, asset_id,
        {"mode": "auction", "price": cny(rounded(low)), "deposit": cny(rounded(low) / 10),
         "opens_at": opens.isoformat(), "closes_at": (opens + LASTS).isoformat()},
    )  # fmt: skip
    lot: dict[str, Any] = next(each for each in reader.get("/auctions")["items"] if each["listing_id"] == listing["id"])
    path = f"/auctions/{lot['id']}"
    show(
        "lot announced with its rules",
        start=reader.figure(f"{rounded(low):.2f}", path, "start", "amount"),
        deposit=reader.figure(f"{rounded(low) / 10:.2f}", path, "deposit", "amount"),
        bids=reader.figure(0, path, "bid_count"),
    )
    return lot


def bid_against_each_other(stage: Stage, people: dict[str, Visitor], lot: dict[str, Any]) -> dict[str, Any]:
    """Two deposits, two bids, a refused one, the seller refused, a later close, and a receipt a stranger checks."""
    chapter("Bidding")
    first, second, seller = people["buyer"], people["rival"], people["holder"]
    register_both(people, lot)
    path = f"/auctions/{lot['id']}"
    own = seller.refused(f"{path}/bids", {"amount": lot["minimum_acceptable"]}, 403)
    opening = first.post(f"{path}/bids", {"amount": lot["minimum_acceptable"]})
    show(
        "the seller may not bid; the first bid stands and moves the close",
        seller_refused=Figure("conflict_of_interest", lambda: own["code"]),
        bid=second.figure(lot["minimum_acceptable"]["amount"], path, "high", "amount"),
        close_moved=Figure(True, lambda: _instant(second.get(path)["closes_at"]) > _instant(lot["closes_at"])),
    )
    low = second.refused(f"{path}/bids", {"amount": lot["minimum_acceptable"]}, 409)
    bid = second.post(f"{path}/bids", {"amount": low["minimum_acceptable"]})
    window = timedelta(minutes=5)
    show(
        "the same amount again is too low; the named minimum is taken",
        refused=Figure("bid_too_low", lambda: low["code"]),
        minimum=first.figure(low["minimum_acceptable"]["amount"], path, "high", "amount"),
        leading_bidder=first.figure(bid["bidder_code"], path, "leader_code"),
        bids=first.figure(2, path, "bid_count"),
        minutes_left=Figure(
            window, lambda: _instant(first.get(path)["closes_at"]) - _instant(bid["placed_at"])
        ).shortened(lambda apart: apart // timedelta(minutes=1)),
        close_before=Figure(
            _instant(opening["closes_at"]), lambda: _instant(_closes(first, lot, opening["sequence"]))
        ).shortened(lambda closes: f"{closes:%H:%M:%S}"),
    )
    verify_offline(stage, second, bid)
    return {"auction_id": lot["id"], "amount": low["minimum_acceptable"]}


def register_both(people: dict[str, Visitor], lot: dict[str, Any]) -> None:
    """One deposit by card, one by transfer; both are held and both bidders admitted."""
    path = f"/auctions/{lot['id']}/registration"
    by_card = people["buyer"].post(path, {"method": "bank_transfer"})
    by_transfer = people["rival"].post(path, {"method": "bank_transfer"})
    pay_by_card(people["buyer"], people["buyer"].get(f"/collections/{by_card['collection_id']}"))
    transfer(people["operator"], people["operator"].get(f"/collections/{by_transfer['collection_id']}"))
    show(
        "deposits held: one came by card, one by transfer",
        by_card=_admitted(people["buyer"], path),
        by_transfer=_admitted(people["rival"], path),
        each=people["rival"].figure(lot["deposit"]["amount"], f"/collections/{by_transfer['collection_id']}", "amount",
                                    "amount"),
    )  # fmt: skip


def _admitted(bidder: Visitor, path: str) -> Figure:
    """Registering again answers the registration there is."""
    return Figure("admitted", lambda: bidder.post(path, {"method": "bank_transfer"})["status"])


def verify_offline(stage: Stage, bidder: Visitor, bid: dict[str, Any]) -> None:
    """The bid's receipt, checked by a script that knows nothing of the marketplace."""
    receipt = bidder.get(f"/audit/events/{bid['receipt_id']}/receipt")
    script = [sys.executable, "-I", str(ROOT / "docs" / "verify_receipt.py"), "-"]
    checked = subprocess.run(script, input=json.dumps(receipt).encode(), capture_output=True, cwd=stage.home)
    if checked.returncode:
        raise StepFailed(f"the receipt is not valid: {checked.stdout.decode()}")
    printed = dict(line.strip().split(": ", 1) for line in checked.stdout.decode().splitlines() if ": " in line)
    show(
        "receipt of the bid verified offline",
        kind=Figure("BidPlaced", lambda: printed["kind"]),
        lot=Figure(bid["auction_id"], lambda: printed["subject"]).shortened(lambda identity: identity[-12:]),
        hash=bidder.figure(printed["event hash"], f"/audit/events/{bid['receipt_id']}", "event_hash").shortened(
            lambda text: text[:16]
        ),
    )


def _closes(reader: Visitor, lot: dict[str, Any], sequence: int) -> str:
    events = reader.get(f"/auctions/{lot['id']}/log")["events"]
    return str(next(event["closes_at"] for event in events if event["sequence"] == sequence))


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
