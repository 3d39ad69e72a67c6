"""Step six to its end: two banks compared, repayments, an early pay-off, and the pledge released."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from demo import borrowing
from demo.newcomers import unique
from demo.report import Figure, chapter, show
from demo.rights import DILIGENCE
from demo.visitors import Visitor, cny


def borrow_and_repay(people: dict[str, Visitor], asset_ids: list[str]) -> dict[str, Any]:
    """The whole life of a loan that is served; its first right is the real one where there is one."""
    chapter("A loan to its end")
    borrower, clerk = people["holder"], people["clerk"]
    application, amount = borrowing.apply(borrower, asset_ids, [clerk, people["other clerk"]])
    loan = borrowing.agree(clerk, borrower, borrowing.compare(people, borrower, application, amount))
    enrolment = borrowing.enrol(people, loan)
    borrowing.disburse(people, borrower, loan, enrolment)
    refuse_sale(borrower, asset_ids[0])
    repay(borrower, clerk, loan)
    pay_off(borrower, clerk, loan)
    let_go(people, borrower, loan)
    return loan


def refuse_sale(borrower: Visitor, asset_id: str) -> None:
    """A pledged right cannot be offered without the pledgee's consent."""
    listing = borrower.post("/listings", {"asset_id": asset_id, "mode": "fixed_price", "price": cny(100_000)})
    path = f"/listings/{listing['id']}"
    borrower.put(f"{path}/due-diligence", DILIGENCE)
    refusal = borrower.refused(f"{path}/publication", None, 409)
    show(
        "selling the pledged right without consent is refused by law",
        rule=Figure("CN-PLG-03", lambda: rule_of(refusal)),
        listing=borrower.figure("draft", path, "status"),
    )


def rule_of(refusal: dict[str, Any]) -> str:
    """The rule of law a refusal names."""
    rule = refusal.get("rule") or refusal["code"]
    return str(rule["id"] if isinstance(rule, dict) else rule)


def repay(borrower: Visitor, clerk: Visitor, loan: dict[str, Any]) -> None:
    """The first instalment arrives ahead of its day."""
    path = f"/financing/loans/{loan['id']}"
    first = borrower.get(f"{path}/instalments")["items"][0]
    amount = Decimal(first["open_minor"]) / 100
    made = receive(clerk, loan, amount)
    left = Decimal(loan["principal"]["amount"]) - Decimal(first["principal_minor"]) / 100
    show(
        "the first instalment arrives",
        amount=borrower.figure(f"{amount:.2f}", f"{path}/repayments", "items", 0, "amount", "amount"),
        reference=borrower.figure(made["bank_reference"], f"{path}/repayments", "items", 0, "bank_reference"),
        outstanding=borrower.figure(f"{left:.2f}", path, "outstanding", "amount"),
        still_open_minor=borrower.figure(0, f"{path}/instalments", "items", 0, "open_minor"),
    )


def receive(clerk: Visitor, loan: dict[str, Any], amount: Decimal, expect: tuple[int, ...] = (201,)) -> dict[str, Any]:
    """The bank enters a line of its statement."""
    line = {"amount": cny(amount), "received_on": _bank_day(), "bank_reference": unique("B")}
    made: dict[str, Any] = clerk.post(f"/financing/loans/{loan['id']}/repayments", line, expect)
    return made


def _bank_day() -> str:
    return (datetime.now(UTC) + timedelta(hours=8)).date().isoformat()


def pay_off(borrower: Visitor, clerk: Visitor, loan: dict[str, Any]) -> None:
    """Too much is refused with the exact amount that ends the loan today; that amount ends it."""
    path = f"/financing/loans/{loan['id']}"
    told = receive(clerk, loan, Decimal(loan["principal"]["amount"]) * 2, expect=(409,))["payoff"]
    receive(clerk, loan, Decimal(told["amount"]))
    show(
        "paid off early with exactly the amount the bank was told",
        payoff=borrower.figure(told["amount"], f"{path}/repayments", "items", 1, "amount", "amount"),
        early=borrower.figure(True, f"{path}/repayments", "items", 1, "early"),
        balance=borrower.figure("0.00", path, "outstanding", "amount"),
        status=borrower.figure("paid_off", path, "status"),
    )


def let_go(people: dict[str, Visitor], borrower: Visitor, loan: dict[str, Any]) -> None:
    """The bank asks for the release, a second person agrees above the limit, and the right is free again."""
    clerk, approver = people["clerk"], people["bank approver"]
    pledges = borrower.get(f"/financing/loans/{loan['id']}/pledges")["items"]
    for pledge in pledges:
        path = f"/financing/pledges/{pledge['id']}"
        asked = clerk.post(f"{path}/release", {"reason": ""})
        if asked["status"] != "released":
            approver.post(f"{path}/release-approval")
    assets = [f"/assets/{pledge['asset_id']}" for pledge in pledges]
    show(
        "pledges released, the rights are free",
        released=borrowing.pledged(borrower, loan, "released", len(pledges)),
        burdens=Figure(0, lambda: sum(len(borrower.get(asset)["encumbrances"]) for asset in assets)),
    )
