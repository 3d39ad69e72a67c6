"""Step six up to the money: application, sealed offers compared, contracts, pledges, pool, disbursement."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from demo.newcomers import unique
from demo.report import Figure, StepFailed, percent, show
from demo.sale import rounded, sign
from demo.visitors import Visitor, cny

SCHEME, TERM_MONTHS, TOO_MUCH = "guangzhou-5311", 12, 900_000_000
PARTIES = ("fund", "insurer_or_guarantor", "appraiser", "bank")
TERMS = ((435, "0.00"), (395, "0.01"))
"""Rate and fee of each bank: the lower rate comes with a fee, so the yearly cost decides."""


def apply(borrower: Visitor, asset_ids: list[str], banks: list[Visitor]) -> tuple[dict[str, Any], Decimal]:
    """Ask for too much first, learn the limit, then ask for nine tenths of it."""
    wish = {
        "asset_ids": asset_ids, "term_months": TERM_MONTHS, "purpose": "DEMO working capital",
        "bank_ids": [bank.get("/organisation")["id"] for bank in banks],
    }  # fmt: skip

    def limit() -> dict[str, Any]:
        return borrower.refused("/financing/applications", wish | {"amount": cny(TOO_MUCH)}, 422)

    told = limit()
    amount = rounded(Decimal(told["maximum"]["amount"]) * 9 / 10)
    application: dict[str, Any] = borrower.post("/financing/applications", wish | {"amount": cny(amount)})
    path = f"/financing/applications/{application['id']}"
    show(
        "asked for too much, told the limit, asked within it",
        limit=Figure(told["maximum"]["amount"], lambda: limit()["maximum"]["amount"]),
        bound_by=Figure(told["binding_term"], lambda: limit()["binding_term"]),
        asked=borrower.figure(f"{amount:.2f}", path, "amount", "amount"),
    )
    return application, amount


def make_offer(clerk: Visitor, approver: Visitor, amount: Decimal, rate_bps: int, fee: Decimal) -> dict[str, Any]:
    """One bank's term sheet, with a second person above the bank's limit."""
    invitation = clerk.get("/financing/invitations")["items"][0]
    offer = {
        "amount": cny(amount), "upfront_fee": cny(amount * fee), "assessed_value": cny(amount * 3),
        "rate_bps": rate_bps, "term_months": TERM_MONTHS, "method": "equal_instalments",
        "value_basis": "bank_internal",
    }  # fmt: skip
    sheet: dict[str, Any] = clerk.post(f"/financing/invitations/{invitation['id']}/term-sheets", offer)
    if sheet["status"] == "prepared":
        sheet = approver.post(f"/financing/term-sheets/{sheet['id']}/approval")
    return sheet


def compare(people: dict[str, Visitor], borrower: Visitor, application: dict[str, Any], amount: Decimal) -> str:
    """Two sealed offers side by side; the cheapest by effective yearly cost is chosen."""
    desks = ((people["clerk"], people["bank approver"]), (people["other clerk"], people["other bank approver"]))
    sheets = [
        make_offer(clerk, approver, amount, rate, Decimal(fee))
        for (clerk, approver), (rate, fee) in zip(desks, TERMS, strict=True)
    ]
    path = f"/financing/applications/{application['id']}/term-sheets"
    for (clerk, _approver), sheet, words in zip(desks, sheets, ("one bank offers", "another bank offers"), strict=True):
        own = f"/financing/term-sheets/{sheet['id']}"
        show(
            words,
            amount=_seen(borrower, path, sheet, "amount", "amount"),
            rate=_seen(borrower, path, sheet, "rate_bps").shortened(percent),
            fee=_seen(borrower, path, sheet, "upfront_fee", "amount"),
            yearly_cost=clerk.figure(sheet["effective_cost_bps"], own, "effective_cost_bps").shortened(percent),
        )
    cheapest = min(sheets, key=lambda sheet: int(sheet["effective_cost_bps"]))
    sealed = people["other clerk"].client.get(f"/api/v1/financing/term-sheets/{sheets[0]['id']}").json()
    show(
        "compared by effective yearly cost; no bank sees another's offer",
        chosen=borrower.figure(cheapest["effective_cost_bps"], path, "items", 0, "effective_cost_bps").shortened(
            percent
        ),
        offers=Figure(len(sheets), lambda: len(borrower.get(path)["items"])),
        other_bank_sees=Figure("not_found", lambda: sealed["code"]),
    )
    if cheapest["id"] != sheets[0]["id"]:
        raise StepFailed("the offer without a fee should be the cheapest")
    return str(cheapest["id"])


def _seen(reader: Visitor, path: str, sheet: dict[str, Any], *names: str) -> Figure:
    """A figure of an offer as its bank was answered, read in the borrower's comparison."""

    def dig(found: Any) -> Any:
        for name in names:
            found = found[name]
        return found

    return Figure(
        dig(sheet), lambda: dig(next(each for each in reader.get(path)["items"] if each["id"] == sheet["id"]))
    )


def agree(clerk: Visitor, borrower: Visitor, term_sheet_id: str) -> dict[str, Any]:
    """Acceptance, both contracts signed, each pledge filed and registered; only then is the right burdened."""
    loan: dict[str, Any] = borrower.post(f"/financing/term-sheets/{term_sheet_id}/acceptance", {"informed": []})
    path = f"/financing/loans/{loan['id']}"
    pledges = borrower.get(f"{path}/pledges")["items"]
    for envelope in dict.fromkeys((loan["envelope_id"], *(pledge["envelope_id"] for pledge in pledges))):
        sign(envelope, borrower, clerk)
    before = [_burdens(clerk, pledge) for pledge in pledges]
    today = datetime.now(UTC).date().isoformat()
    for pledge in pledges:
        clerk.post(f"/financing/pledges/{pledge['id']}/filing", {"filing_number": unique("F")})
        registered = {"registration_number": unique("Y"), "registered_on": today}
        clerk.post(f"/financing/pledges/{pledge['id']}/registration", registered)
    show(
        "contracts signed, pledges filed and registered",
        loan=clerk.figure(loan["principal"]["amount"], path, "principal", "amount"),
        pledges=pledged(borrower, loan, "registered", len(pledges)),
        burdens_before=Figure(0, lambda: sum(before)),
        burdens_now=Figure(len(pledges), lambda: sum(_burdens(borrower, pledge) for pledge in pledges)),
    )
    return loan


def pledged(reader: Visitor, loan: dict[str, Any], status: str, count: int) -> Figure:
    """How many of the loan's pledges stand in a status."""
    path = f"/financing/loans/{loan['id']}/pledges"
    return Figure(count, lambda: sum(one["status"] == status for one in reader.get(path)["items"]))


def _burdens(reader: Visitor, pledge: dict[str, Any]) -> int:
    found = reader.get(f"/assets/{pledge['asset_id']}")["encumbrances"]
    return sum(burden["kind"] == "pledge" for burden in found)


def enrol(people: dict[str, Visitor], loan: dict[str, Any]) -> dict[str, Any]:
    """The loan enters the pool, guarantor and appraiser agreeing, two people of the pool deciding."""
    clerk, reviewer = people["clerk"], people["pool reviewer"]
    pool = clerk.get("/risk-pools")[0]["id"]
    scheme = next(each for each in clerk.get(f"/risk-pools/{pool}/schemes") if each["name"] == SCHEME)
    left = Decimal(reviewer.get(f"/risk-pools/{pool}/capacity")["left"]["amount"])
    parties = {
        "insurer_or_guarantor": people["guarantor"].get("/organisation")["id"],
        "appraiser": people["appraiser"].get("/organisation")["id"],
    }
    proposal = {"scheme_id": scheme["id"], "loan_id": loan["id"], "parties": parties}
    enrolment: dict[str, Any] = clerk.post("/enrolments", proposal)
    path = f"/enrolments/{enrolment['id']}"
    for party in ("guarantor", "appraiser"):
        people[party].post(f"{path}/agreement")
    clerk.post(f"{path}/submission")
    reviewer.post(f"{path}/review")
    enrolment = people["pool approver"].post(f"{path}/admission")
    counted = Decimal(enrolment["counted"]["amount"])
    show(
        "enrolled in the risk pool",
        scheme=clerk.figure(SCHEME, f"/risk-pools/{pool}/schemes", _place(clerk, pool), "name"),
        cover=clerk.figure(enrolment["cover"]["amount"], path, "cover", "amount"),
        counted_against_pool=clerk.figure(f"{counted:.2f}", path, "counted", "amount"),
        capacity_left=reviewer.figure(f"{left - counted:.2f}", f"/risk-pools/{pool}/capacity", "left", "amount"),
    )
    return enrolment


def _place(reader: Visitor, pool: str) -> int:
    names = [each["name"] for each in reader.get(f"/risk-pools/{pool}/schemes")]
    return names.index(SCHEME)


def disburse(people: dict[str, Visitor], borrower: Visitor, loan: dict[str, Any], enrolment: dict[str, Any]) -> None:
    """A second person of the bank pays the loan out."""
    people["bank approver"].post(f"/financing/loans/{loan['id']}/disbursement")
    path = f"/financing/loans/{loan['id']}"
    show(
        "paid out by a second person of the bank",
        status=borrower.figure("performing", path, "status"),
        outstanding=borrower.figure(loan["principal"]["amount"], path, "outstanding", "amount"),
        instalments=Figure(TERM_MONTHS, lambda: len(borrower.get(f"{path}/instalments")["items"])),
        enrolment=people["clerk"].figure("active", f"/enrolments/{enrolment['id']}", "status"),
    )
