"""Step seven: instalments are missed, the loan falls through the five classes, the pool compensates, recovery is shared."""

from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from demo import borrowing
from demo.borrowing import PARTIES
from demo.newcomers import unique
from demo.repaid_loan import _bank_day
from demo.report import Figure, chapter, readable, show
from demo.stage import Stage
from demo.visitors import Visitor, cny

PAPER = b"DEMO document of a fictional office."
CLAIM_FILE = (
    "loan_contract", "disbursement_proof", "pledge_registration", "dunning_record", "classification_proof",
    "recovery_undertaking",
)  # fmt: skip
DAYS_LATE = ((1, "special_mention"), (91, "substandard"), (271, "doubtful"), (361, "loss"))
"""The first day past due on which each class begins."""
RECOVERED = (Decimal("0.2"), Decimal("0.1"))
"""Which part of the loss comes back each time."""


def borrow_and_default(stage: Stage, people: dict[str, Visitor], asset_ids: list[str]) -> dict[str, Any]:
    """The whole life of a loan that is never served."""
    chapter("A loan that defaults")
    borrower, clerk = people["holder"], people["clerk"]
    _application, amount = borrowing.apply(borrower, asset_ids, [clerk])
    sheet = borrowing.make_offer(clerk, people["bank approver"], amount, 435, Decimal(0))
    loan = borrowing.agree(clerk, borrower, sheet["id"])
    enrolment = borrowing.enrol(people, loan)
    borrowing.disburse(people, borrower, loan, enrolment)
    age(stage, borrower, clerk, loan, enrolment)
    claim = compensate(people, loan, enrolment)
    recover(people, claim)
    worked_example(clerk)
    answer: dict[str, Any] = clerk.get(claim)
    return answer


def age(stage: Stage, borrower: Visitor, clerk: Visitor, loan: dict[str, Any], enrolment: dict[str, Any]) -> None:
    """Nobody pays; the nights pass, by the marketplace's own command, and the class follows the days."""
    path = f"/financing/loans/{loan['id']}"
    due = date.fromisoformat(borrower.get(f"{path}/instalments")["items"][0]["due_on"])
    for days, loan_class in DAYS_LATE:
        day = due + timedelta(days=days)
        night = stage.command("financing", "night", "--until", day.isoformat())
        show(
            "nobody pays; the nights age the loan",
            night_of=Figure(day.isoformat(), partial(night.get, "aged_to")),
            days_past_due=borrower.figure(days, path, "days_past_due"),
            loan_class=borrower.figure(loan_class, path, "loan_class"),
            loans_in_class=Figure(1, partial(night["classes"].get, loan_class)),
        )
    show(
        "in default by its days alone",
        status=clerk.figure("defaulted", path, "status"),
        enrolment=clerk.figure("abnormal", f"/enrolments/{enrolment['id']}", "status"),
        outstanding=clerk.figure(loan["principal"]["amount"], path, "outstanding", "amount"),
    )


def compensate(people: dict[str, Visitor], loan: dict[str, Any], enrolment: dict[str, Any]) -> str:
    """Claim with documents, review, second decision, and every party's share received."""
    clerk, reviewer = people["clerk"], people["pool reviewer"]
    documents = [
        {"kind": kind, "file_id": clerk.upload(PAPER + kind.encode(), f"{kind}.txt", "claim")} for kind in CLAIM_FILE
    ]
    loss = clerk.get(f"/financing/loans/{loan['id']}")["outstanding"]
    body = {"loss": loss, "other_loss": cny(0), "documents": documents}
    claim = clerk.post(f"/enrolments/{enrolment['id']}/claims", body)
    path = f"/claims/{claim['id']}"
    reviewer.post(f"{path}/review")
    reviewer.post(f"{path}/recommendation", {"reason": "DEMO file complete"})
    people["pool approver"].post(f"{path}/compensation")
    rule = clerk.post("/risk-pool-shares", {"case": {"scheme": "5311", "loss": loss["amount"]}})["compensation"]
    show(
        "claimed with documents; compensation decided by a second person",
        documents=Figure(len(CLAIM_FILE), lambda: len(reviewer.get(path)["documents"])),
        loss=reviewer.figure(loss["amount"], path, "loss", "amount"),
        status=clerk.figure("compensated", path, "status"),
    )
    show("shared by the scheme, as its published rule computes", **_shares(reviewer, path, rule))
    for party in PARTIES[:-1]:
        people["bank approver"].post(f"{path}/shares/{party}/receipt", {"bank_reference": unique("S")})
    show(
        "each party's share reached the bank",
        received=Figure(
            len(PARTIES) - 1, lambda: sum(bool(share["received_at"]) for share in clerk.get(path)["shares"])
        ),
    )
    return path


def _shares(reader: Visitor, path: str, expected: dict[str, str]) -> dict[str, Figure]:
    def read(party: str) -> str:
        shares = reader.get(path)["shares"]
        return str(next(share["amount"]["amount"] for share in shares if share["party"] == party))

    return {party: Figure(expected[party], partial(read, party)) for party in PARTIES}


def recover(people: dict[str, Visitor], path: str) -> None:
    """Twice something comes back; its cost is covered first, the rest goes to those who bore the loss."""
    clerk, reviewer = people["clerk"], people["pool reviewer"]
    loss = Decimal(clerk.get(path)["loss"]["amount"])
    came = [(loss * part).quantize(Decimal("0.01")) for part in RECOVERED]
    case = {
        "scheme": "5311",
        "loss": f"{loss:.2f}",
        "recoveries": [{"amount": f"{amount:.2f}", "cost": f"{cost_of(amount):.2f}"} for amount in came],
    }
    rule = clerk.post("/risk-pool-shares", {"case": case})["recovery_steps"]
    for turn, amount in enumerate(came):
        body = {"received": cny(amount), "cost": cny(cost_of(amount)), "received_on": _bank_day(),
                "bank_reference": unique("C")}  # fmt: skip
        clerk.post(f"{path}/recoveries", body)
        show(
            "recovered; the cost comes back first",
            received=reviewer.figure(f"{amount:.2f}", f"{path}/recoveries", turn, "received", "amount"),
            cost=reviewer.figure(f"{cost_of(amount):.2f}", f"{path}/recoveries", turn, "cost", "amount"),
        )
        expected = rule[turn]["parties"]
        show(
            "shared back to those who bore the loss",
            **{party: Figure(expected[party], partial(_given_back, reviewer, path, turn, party)) for party in PARTIES},
        )


def cost_of(recovered: Decimal) -> Decimal:
    """A sixth of what came back, as in the worked example."""
    return (recovered / 6).quantize(Decimal("0.01"))


def _given_back(reader: Visitor, path: str, turn: int, party: str) -> str:
    shares = reader.get(f"{path}/recoveries")[turn]["shares"]
    return str(next(share["amount"]["amount"] for share in shares if share["party"] == party))


def worked_example(clerk: Visitor) -> None:
    """The case of the published scheme, computed by the same rule."""
    case = {"scheme": "5311", "loss": "3000000", "recovery": "600000", "recovery_cost": "100000"}

    def answers(part: str) -> str:
        computed = clerk.post("/risk-pool-shares", {"case": case})[part]
        return "/".join(computed[party] for party in PARTIES)

    show(
        "the scheme's worked example",
        bears=Figure("1500000.00/900000.00/300000.00/300000.00", lambda: answers("compensation"), _apart),
        gets=Figure("250000.00/150000.00/50000.00/50000.00", lambda: answers("recovery"), _apart),
    )


def _apart(amounts: str) -> str:
    return " / ".join(readable(amount) for amount in amounts.split("/"))
