"""The whole journey over real HTTP as separate signed-in people: a sale, a pledged loan, its default and recovery."""

import json
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from demo.real_records import data_folder, import_records
from demo.stage import Stage, StepFailed, Visitor, open_stage

PEOPLE = {
    "holder": "company1@demo.example", "buyer": "company2@demo.example", "clerk": "bank1@demo.example",
    "bank approver": "bank1.second@demo.example", "pool reviewer": "pool_administrator1@demo.example",
    "pool approver": "pool_administrator1.second@demo.example", "guarantor": "guarantor1@demo.example",
    "appraiser": "appraiser1@demo.example", "operator": "platform_operator1@demo.example",
    "second operator": "platform_operator1.second@demo.example",
}  # fmt: skip
PARTIES = ("fund", "insurer_or_guarantor", "appraiser", "bank")
TODAY = datetime.now(UTC).date().isoformat()
PAPER = b"DEMO document of a fictional office."
CLAIM_FILE = (
    "loan_contract", "disbursement_proof", "pledge_registration", "dunning_record", "classification_proof",
    "recovery_undertaking",
)  # fmt: skip


def say(step: str, **figures: Any) -> None:
    """One step with its figures."""
    print(f"  {step:<58}" + "  ".join(f"{name} {value}" for name, value in figures.items()), flush=True)


def cny(amount: Any) -> dict[str, str]:
    """An amount as the API takes it."""
    return {"amount": f"{Decimal(amount):.2f}", "currency": "CNY"}


def must_equal(what: str, seen: Any, expected: Any) -> None:
    """Stop when a figure that was read back is not the one that was announced."""
    if seen != expected:
        raise StepFailed(f"{what}: read back {seen}, expected {expected}")


def main() -> int:
    """Walk the journey; 0 when every step was answered as it should be and the books and the trail hold."""
    began = time.monotonic()
    try:
        with open_stage() as stage:
            people = {name: Visitor(stage, name, email) for name, email in PEOPLE.items()}
            say("signed in over HTTP", people=len(people), seconds=f"{time.monotonic() - began:.0f}")
            folder = data_folder()
            for name, figures in import_records(stage, folder) if folder else []:
                say(f"imported {name}", **figures)
            assets = inventions(people["holder"])
            sell(people, assets[0])
            borrow_and_default(people, assets[1])
            prove(stage)
    except (StepFailed, KeyError, IndexError) as failure:
        print(f"FAILED  {failure!r}", file=sys.stderr)
        return 1
    print(f"journey complete in {time.monotonic() - began:.0f} s")
    return 0


def inventions(holder: Visitor) -> list[dict[str, Any]]:
    """The holder's own inventions in force with no other owner."""
    own = [each for each in holder.get("/assets") if each["kind"] == "invention" and each["status"] == "in_force"]
    alone = [each for each in own if len(holder.get(f"/assets/{each['id']}")["owners"]) == 1]
    say("holder reads its assets", inventions=len(own), sole=len(alone))
    return alone


def sell(people: dict[str, Visitor], asset: dict[str, Any]) -> None:
    """Listing, offer, counter-offer, contract, held money, recordal, release, and the register changed."""
    holder, buyer, operator = people["holder"], people["buyer"], people["operator"]
    listing = holder.post("/listings", {"asset_id": asset["id"], "mode": "fixed_price", "price": cny(5_000_000)})
    answers = {"title": "DEMO extract", "fees": "DEMO paid", "burdens": "none", "validity": "none",
               "inventors_not_available": True}  # fmt: skip
    holder.put(f"/listings/{listing['id']}/due-diligence", answers)
    listing = holder.post(f"/listings/{listing['id']}/publication")
    say("holder lists an invention at a fixed price", price=listing["price"]["amount"], status=listing["status"])
    talks = buyer.post(f"/listings/{listing['id']}/offers", {"price": cny(4_500_000)})
    holder.post(f"/negotiations/{talks['id']}/offers", {"version": 1, "price": cny(4_800_000)})
    deal = buyer.post(f"/negotiations/{talks['id']}/acceptance", {"version": 2})
    say("offer 4,500,000; counter-offer accepted", price=deal["price"]["amount"], fee=deal["fee"]["amount"])
    must_equal("price", deal["price"]["amount"], "4800000.00")
    sign_both(deal["envelope_id"], holder, buyer)
    for payment in buyer.get(f"/deals/{deal['id']}")["payments"]:
        if payment["method"] != "bank_transfer":
            buyer.post(f"/collections/{payment['id']}/method", {"method": "bank_transfer"})
        paid = {"bank_reference": f"RTGS-{payment['reference']}", "amount": payment["amount"]}
        operator.post(f"/collections/{payment['id']}/confirmation", paid)
    view = holder.get(f"/deals/{deal['id']}")
    say(
        "both signed; transfers confirmed by a second person",
        held=view["held"]["amount"],
        status=view["deal"]["status"],
    )
    must_equal("held money", view["held"]["amount"], deal["price"]["amount"])
    close(people, deal, view)


def close(people: dict[str, Visitor], deal: dict[str, Any], view: dict[str, Any]) -> None:
    """The checklist, the recordal and the release of a paid deal."""
    holder, buyer, operator = people["holder"], people["buyer"], people["operator"]
    path = f"/deals/{deal['id']}"
    for step in view["steps"]:
        doer = buyer if step["party"] == "buyer" else holder
        document = doer.upload(PAPER, "document.txt", "closing")
        doer.post(f"{path}/steps/{step['id']}/completion", {"file_id": document, "note": "DEMO"})
    filing = {
        "number": "DEMO-R-1",
        "filed_on": TODAY,
        "file_id": buyer.upload(PAPER, "f.txt", "closing"),
    }
    buyer.post(f"{path}/filing", filing)
    buyer.post(f"{path}/proof", {"file_id": buyer.upload(PAPER, "proof.txt", "closing")})
    operator.post(f"{path}/confirmation")
    operator.post(f"{path}/release-proposal")
    released = people["second operator"].post(f"{path}/release")
    lines = holder.get(path)["release"]
    say("recordal proven; a second person released the money", status=released["status"],
        lines="/".join(line["amount"]["amount"] for line in lines))  # fmt: skip
    total = sum(Decimal(line["amount"]["amount"]) for line in lines)
    must_equal("released money", f"{total:.2f}", deal["price"]["amount"])
    owners = buyer.get(f"/assets/{deal['asset_id']}")["owners"]
    owned = {asset["id"] for asset in buyer.get("/assets")}
    must_equal("the buyer owns the invention", deal["asset_id"] in owned, True)
    say("the register shows the new owner", owner=owners[0])


def sign_both(envelope_id: str, *signers: Visitor) -> None:
    """Everybody signs in turn."""
    for signer in signers:
        signer.post(f"/envelopes/{envelope_id}/signature")


def borrow_and_default(people: dict[str, Visitor], asset: dict[str, Any]) -> None:
    """Application to disbursement under a pool, then default, compensation and recovery."""
    loan = borrow(people, asset)
    enrolment = enrol(people, loan)
    disbursed = people["bank approver"].post(f"/financing/loans/{loan['id']}/disbursement")
    say(
        "a second person of the bank paid the loan out",
        status=disbursed["status"],
        principal=loan["principal"]["amount"],
    )
    refused = people["holder"].post(
        "/listings", {"asset_id": asset["id"], "mode": "fixed_price", "price": cny(100_000)}, expect=(201, 409)
    )
    refusal = refused if "code" in refused else publish(people["holder"], refused["id"])
    rule = refusal.get("rule") or refusal["code"]
    say("selling the pledged invention without consent is refused", rule=rule["id"] if isinstance(rule, dict) else rule)
    default(people, loan, enrolment)


def publish(holder: Visitor, listing_id: str) -> dict[str, Any]:
    """Try to publish a listing of a pledged right; the refusal."""
    answers = {f"{name}_not_available": True for name in ("title", "fees", "burdens", "validity", "inventors")}
    holder.put(f"/listings/{listing_id}/due-diligence", answers)
    refusal: dict[str, Any] = holder.post(f"/listings/{listing_id}/publication", expect=(409,))
    return refusal


def borrow(people: dict[str, Visitor], asset: dict[str, Any]) -> dict[str, Any]:
    """Application, term sheet with four eyes, acceptance, both contracts signed, pledge registered."""
    holder, clerk, approver = people["holder"], people["clerk"], people["bank approver"]
    bank = clerk.get("/organisation")["id"]
    wish = {"asset_ids": [asset["id"]], "term_months": 12, "purpose": "DEMO working capital", "bank_ids": [bank]}
    amount = Decimal(3_000_000)
    asked = holder.post("/financing/applications", wish | {"amount": cny(amount)}, expect=(201, 422))
    if "code" in asked:
        amount = Decimal(asked["maximum"]["amount"]) // 1000 * 1000
        say("3,000,000 is above what the value carries", maximum=amount, binding=asked["binding_term"])
        asked = holder.post("/financing/applications", wish | {"amount": cny(amount)})
    invitation = clerk.get("/financing/invitations")["items"][0]
    offer = {
        "amount": cny(amount), "upfront_fee": cny(0), "assessed_value": cny(amount * 4), "rate_bps": 435,
        "term_months": 12, "method": "equal_instalments", "value_basis": "bank_internal",
    }  # fmt: skip
    sheet = clerk.post(f"/financing/invitations/{invitation['id']}/term-sheets", offer)
    if sheet["status"] == "prepared":
        sheet = approver.post(f"/financing/term-sheets/{sheet['id']}/approval")
    loan: dict[str, Any] = holder.post(f"/financing/term-sheets/{sheet['id']}/acceptance", {"informed": []})
    pledges = holder.get(f"/financing/loans/{loan['id']}/pledges")["items"]
    for envelope in (loan["envelope_id"], *(pledge["envelope_id"] for pledge in pledges)):
        sign_both(envelope, holder, clerk)
    for pledge in pledges:
        clerk.post(f"/financing/pledges/{pledge['id']}/filing", {"filing_number": "DEMO-F-1"})
        registered = {"registration_number": "DEMO-Y-1", "registered_on": TODAY}
        clerk.post(f"/financing/pledges/{pledge['id']}/registration", registered)
    say("loan agreed, both contracts signed, pledge registered", amount=loan["principal"]["amount"], rate="4.35%")
    return loan


def enrol(people: dict[str, Visitor], loan: dict[str, Any]) -> dict[str, Any]:
    """The loan enters the pool under 5311, with guarantor and appraiser agreeing and four eyes at the pool."""
    clerk = people["clerk"]
    pool = clerk.get("/risk-pools")[0]
    scheme = next(each for each in clerk.get(f"/risk-pools/{pool['id']}/schemes") if each["name"] == "guangzhou-5311")
    parties = {
        "insurer_or_guarantor": people["guarantor"].get("/organisation")["id"],
        "appraiser": people["appraiser"].get("/organisation")["id"],
    }
    proposal = {"scheme_id": scheme["id"], "loan_id": loan["id"], "parties": parties}
    enrolment = clerk.post("/enrolments", proposal)
    path = f"/enrolments/{enrolment['id']}"
    for party in ("guarantor", "appraiser"):
        people[party].post(f"{path}/agreement")
    clerk.post(f"{path}/submission")
    people["pool reviewer"].post(f"{path}/review")
    enrolled: dict[str, Any] = people["pool approver"].post(f"{path}/admission")
    capacity = people["pool reviewer"].get(f"/risk-pools/{pool['id']}/capacity")
    say("enrolled in the pool under 5311", cover=enrolled["cover"]["amount"], capacity_left=capacity["left"]["amount"])
    return enrolled


def default(people: dict[str, Visitor], loan: dict[str, Any], enrolment: dict[str, Any]) -> None:
    """The bank judges the loan substandard, claims, is compensated, recovers and shares back."""
    clerk = people["clerk"]
    clerk.post(f"/financing/loans/{loan['id']}/judgement", {"loan_class": "substandard"})
    state = clerk.get(f"/enrolments/{enrolment['id']}")["status"]
    must_equal("enrolment", state, "abnormal")
    documents = [
        {"kind": kind, "file_id": clerk.upload(PAPER + kind.encode(), f"{kind}.txt", "claim")} for kind in CLAIM_FILE
    ]
    loss = clerk.get(f"/financing/loans/{loan['id']}")["outstanding"]
    body = {"loss": loss, "other_loss": cny(0), "documents": documents}
    claim = clerk.post(f"/enrolments/{enrolment['id']}/claims", body)
    path = f"/claims/{claim['id']}"
    people["pool reviewer"].post(f"{path}/review")
    people["pool reviewer"].post(f"{path}/recommendation", {"reason": "DEMO file complete"})
    claim = people["pool approver"].post(f"{path}/compensation")
    shares = {share["party"]: share["amount"]["amount"] for share in claim["shares"]}
    say(
        "claim approved by a second person, loss shared",
        loss=loss["amount"],
        shares="/".join(shares[party] for party in PARTIES),
    )
    case = {"scheme": "5311", "loss": loss["amount"]}
    expected = clerk.post("/risk-pool-shares", {"case": case})["compensation"]
    must_equal("compensation", shares, expected)
    recover(people, path, loss["amount"])


def recover(people: dict[str, Visitor], path: str, loss: str) -> None:
    """A fifth of the loss comes back at a sixth of that in cost, as in the worked example."""
    received = (Decimal(loss) / 5).quantize(Decimal("0.01"))
    cost = (received / 6).quantize(Decimal("0.01"))
    body = {
        "received": cny(received),
        "cost": cny(cost),
        "received_on": TODAY,
        "bank_reference": "DEMO-C",
    }
    recovery = people["clerk"].post(f"{path}/recoveries", body)
    shared = {share["party"]: Decimal(share["amount"]["amount"]) for share in recovery["shares"]}
    must_equal("recovery", sum(shared.values()), received)
    say("recovery shared back net of cost", received=received, cost=cost,
        shares="/".join(f"{shared[party]:.2f}" for party in PARTIES))  # fmt: skip
    worked = people["clerk"].post("/risk-pool-shares", {"case": {
        "scheme": "5311", "loss": "3000000", "recovery": "600000", "recovery_cost": "100000"}})  # fmt: skip
    bears = [worked["compensation"][party] for party in PARTIES]
    gets = [worked["recovery"][party] for party in PARTIES]
    say("worked example 3,000,000", bears="/".join(bears), gets="/".join(gets))
    must_equal("worked example", bears, ["1500000.00", "900000.00", "300000.00", "300000.00"])
    must_equal("worked recovery", gets, ["250000.00", "150000.00", "50000.00", "50000.00"])


def prove(stage: Stage) -> None:
    """The books and the trail, proven by the commands."""
    books = json.loads(stage.command("ledger", "check"))
    must_equal("faults in the books", books.get("faults", []), [])
    print("ledger balanced")
    stage.command("audit", "verify")
    print("audit chain valid")


if __name__ == "__main__":
    sys.exit(main())
