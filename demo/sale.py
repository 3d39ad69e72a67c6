"""Steps four and five: found, negotiated, signed, paid by card and transfer, recorded, released, and owned anew."""

import hashlib
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import httpx

from demo.newcomers import unique
from demo.report import Figure, StepFailed, chapter, show, until
from demo.rights import offer_for_sale, tell_status, value
from demo.visitors import Visitor, cny

PAPER = b"DEMO document of a fictional office."
DECLINED = "pm_card_chargeDeclined"
ROUND_TO = 10_000


def sell(people: dict[str, Visitor], seller: Visitor, asset_id: str) -> dict[str, Any]:
    """The whole sale of one right, at prices taken from its own indication of value."""
    chapter("A sale")
    buyer = people["buyer"]
    tell_status(buyer, asset_id)
    indication = value(seller, asset_id, "transfer")
    low, middle, high = (Decimal(indication[name]["amount"]) for name in ("low", "middle", "high"))
    asking, offered = rounded((middle + high) / 2), rounded((low + middle) / 2)
    listing = offer_for_sale(seller, buyer, asset_id, {"mode": "fixed_price", "price": cny(asking)})
    find(buyer, listing)
    deal = negotiate(seller, buyer, listing, offered, rounded((asking + offered) / 2))
    sign_contract(seller, buyer, deal)
    pay(people, deal)
    close(people, seller, deal)
    release(people, seller, deal)
    return deal


def rounded(amount: Decimal) -> Decimal:
    """An amount as people name it."""
    return Decimal(max(int(amount) // ROUND_TO, 1) * ROUND_TO)


def find(buyer: Visitor, listing: dict[str, Any]) -> None:
    """The buyer finds the listing by words of its title in each language it has."""
    titles = buyer.get(f"/assets/{listing['asset_id']}")["title"]

    for words in titles.values():
        until(partial(_found, buyer, listing, words), bool, f"the listing under {words!r}")
    show(
        "found by the words of its title",
        languages=Figure(len(titles), lambda: sum(_found(buyer, listing, words) for words in titles.values())),
    )


def _found(buyer: Visitor, listing: dict[str, Any], words: str) -> bool:
    page = buyer.get("/search", q=words, limit=50)
    return any(offer["id"] == listing["id"] for item in page["items"] for offer in item["listings"])


def negotiate(
    seller: Visitor, buyer: Visitor, listing: dict[str, Any], offered: Decimal, countered: Decimal
) -> dict[str, Any]:
    """Offer, counter-offer, acceptance; each version read by the other side."""
    talks = buyer.post(f"/listings/{listing['id']}/offers", {"price": cny(offered)})
    path = f"/negotiations/{talks['id']}"
    seller.post(f"{path}/offers", {"version": 1, "price": cny(countered)})
    deal: dict[str, Any] = buyer.post(f"{path}/acceptance", {"version": 2})
    show(
        "offer, counter-offer, acceptance",
        offered=seller.figure(f"{offered:.2f}", path, "offers", 0, "price", "amount"),
        countered=buyer.figure(f"{countered:.2f}", path, "offers", 1, "price", "amount"),
        price=seller.figure(f"{countered:.2f}", f"/deals/{deal['id']}", "deal", "price", "amount"),
        fee=seller.figure(deal["fee"]["amount"], f"/deals/{deal['id']}", "deal", "fee", "amount"),
    )
    return deal


def sign_contract(seller: Visitor, buyer: Visitor, deal: dict[str, Any]) -> None:
    """Both sign the same bytes."""
    contract = deal["contract_file_id"]
    content = buyer.download(f"/files/{contract}/content")
    if not content.startswith(b"%PDF"):
        raise StepFailed("the contract is no PDF")
    sign(deal["envelope_id"], seller, buyer)
    show(
        "contract signed by both, its hash computed from what was read",
        status=buyer.figure("completed", f"/envelopes/{deal['envelope_id']}", "status"),
        sha=seller.figure(hashlib.sha256(content).hexdigest(), f"/files/{contract}", "sha256").shortened(
            lambda sha: sha[:16]
        ),
    )


def sign(envelope_id: str, *signers: Visitor) -> None:
    """Everybody signs in turn."""
    for signer in signers:
        signer.post(f"/envelopes/{envelope_id}/signature")


def pay(people: dict[str, Visitor], deal: dict[str, Any]) -> None:
    """The deposit by card, declined once and then taken; the balance by transfer, found by a second person."""
    buyer, operator = people["buyer"], people["operator"]
    payments = {each["purpose"]: each for each in buyer.get(f"/deals/{deal['id']}")["payments"]}
    pay_by_card(buyer, payments["deal_deposit"])
    transfer(operator, payments["deal_balance"])
    balance = f"/collections/{payments['deal_balance']['id']}"
    show(
        "balance by bank transfer, found by a second person",
        balance=operator.figure(payments["deal_balance"]["amount"]["amount"], balance, "amount", "amount"),
        status=buyer.figure("collected", balance, "status"),
        held=buyer.figure(deal["price"]["amount"], f"/deals/{deal['id']}", "held", "amount"),
        deal=buyer.figure("funds_held", f"/deals/{deal['id']}", "deal", "status"),
    )


def pay_by_card(payer: Visitor, payment: dict[str, Any]) -> None:
    """Open the card page, try a card that is declined, then one that is taken; webhooks bring the news."""
    path = f"/collections/{payment['id']}"
    payer.post(f"{path}/method", {"method": "card"})
    page = until(payer.reading(path), lambda seen: seen["card_page"], "the card page")["card_page"]
    with httpx.Client(timeout=30) as browser:
        if browser.get(page).status_code != 200 or browser.post(page, data={"payment_method": DECLINED}).is_success:
            raise StepFailed("the card page took a card that is declined")
        declined = until(payer.reading(path, "failure"), bool, "the news that the card was declined")
        if browser.post(page, data={"payment_method": "pm_card_visa"}).status_code != 303:
            raise StepFailed("the card page refused a good card")
    until(payer.reading(path, "status"), lambda status: status == "collected", "the news of the payment")
    show(
        "deposit by card: declined, then taken; the webhooks were applied",
        declined=Figure("Your card was declined.", lambda: declined),
        amount=payer.figure(payment["amount"]["amount"], path, "amount", "amount"),
        status=payer.figure("collected", path, "status"),
    )


def transfer(operator: Visitor, payment: dict[str, Any]) -> None:
    """The operator finds exactly this amount on the bank's statement."""
    line = {"bank_reference": f"RTGS-{payment['reference']}", "amount": payment["amount"]}
    operator.post(f"/collections/{payment['id']}/confirmation", line)


def close(people: dict[str, Visitor], seller: Visitor, deal: dict[str, Any]) -> None:
    """The checklist with its documents, the filing at the office and its proof."""
    buyer, operator, path = people["buyer"], people["operator"], f"/deals/{deal['id']}"
    steps = buyer.get(path)["steps"]
    for step in steps:
        doer = buyer if step["party"] == "buyer" else seller
        document = doer.upload(PAPER, "document.txt", "closing")
        doer.post(f"{path}/steps/{step['id']}/completion", {"file_id": document, "note": "DEMO"})
    number = unique("R")
    today = datetime.now(UTC).date().isoformat()
    filing = {"number": number, "filed_on": today, "file_id": buyer.upload(PAPER, "filing.txt", "closing")}
    buyer.post(f"{path}/filing", filing)
    buyer.post(f"{path}/proof", {"file_id": buyer.upload(PAPER, "proof.txt", "closing")})
    operator.post(f"{path}/confirmation")
    show(
        "checklist done, recordal filed and proven",
        steps=seller.figure(steps, path, "steps").shortened(len) if not steps else _all_done(seller, path, len(steps)),
        recordal=seller.figure(number, path, "deal", "recordal_number"),
        status=seller.figure("recordal_proven", path, "deal", "status"),
    )


def _all_done(reader: Visitor, path: str, count: int) -> Figure:
    return Figure(count, lambda: sum(bool(step["done_at"]) for step in reader.get(path)["steps"]))


def release(people: dict[str, Visitor], seller: Visitor, deal: dict[str, Any]) -> None:
    """One person proposes, another releases; the money and the register move together."""
    buyer, path = people["buyer"], f"/deals/{deal['id']}"
    people["operator"].post(f"{path}/release-proposal")
    people["second operator"].post(f"{path}/release")
    price, fee = Decimal(deal["price"]["amount"]), Decimal(deal["fee"]["amount"])
    show(
        "a second person released the money: platform, seller",
        fee=_line(seller, path, "platform_fee", fee),
        seller=_line(seller, path, "seller", price - fee),
        total=Figure(price, lambda: sum(Decimal(line["amount"]["amount"]) for line in seller.get(path)["release"])),
        status=buyer.figure("released", path, "deal", "status"),
    )
    own = buyer.get("/organisation")
    extract = f"/assets/{deal['asset_id']}"
    show(
        "the register shows the new owner",
        owner=seller.figure(own["id"], extract, "ownership", 0, "organisation_id").shortened(
            lambda _id: own["name_zh"]
        ),
        share=seller.figure("1", extract, "ownership", 0, "share"),
        owned=Figure(True, lambda: deal["asset_id"] in {asset["id"] for asset in buyer.get("/assets")}),
    )


def _line(reader: Visitor, path: str, step: str, amount: Decimal) -> Figure:
    def read() -> Decimal:
        lines = [line for line in reader.get(path)["release"] if line["step"] == step]
        return sum((Decimal(line["amount"]["amount"]) for line in lines), Decimal(0))

    return Figure(amount, read)
