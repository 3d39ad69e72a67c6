"""The figures of the journey beside the rows of the database itself, read without the API."""

from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from demo.report import Figure, chapter, show
from demo.stage import Stage
from demo.visitors import Visitor

SALE = "SELECT price_minor FROM deals WHERE id = :id AND status = 'released'"
PAID = "SELECT sum(amount_minor) FROM collections WHERE subject_id = :id AND status = 'collected'"
HIGH_BID = "SELECT max(high_minor) FROM auction_events WHERE auction_id = :id"
LENT = "SELECT principal_minor FROM loans WHERE id = :id AND status = 'paid_off' AND outstanding_minor = 0"
REPAID = "SELECT sum(amount_minor) FROM repayments WHERE loan_id = :id"
LOSS = "SELECT loss_minor FROM risk_pool_claims WHERE id = :id AND status = 'compensated'"
BORNE = "SELECT sum(amount_minor) FROM risk_pool_claim_shares WHERE claim_id = :id"
RECOVERED = "SELECT sum(received_minor) FROM risk_pool_recoveries WHERE claim_id = :id"
GIVEN_BACK = (
    "SELECT sum(s.amount_minor) FROM risk_pool_recovery_shares s "
    "JOIN risk_pool_recoveries r ON r.id = s.recovery_id WHERE r.claim_id = :id"
)


@dataclass(frozen=True)
class Announced:
    """What the API answered about the main acts."""

    deal: dict[str, Any]
    bid: dict[str, Any]
    repaid: dict[str, Any]
    claim: dict[str, Any]


def compare_with_rows(stage: Stage, people: dict[str, Visitor], announced: Announced) -> None:
    """Sale, bid, repaid loan, loss and recovery: what was announced over HTTP is what the rows say."""
    chapter("The same in the rows of the database")
    deal, repaid, claim = announced.deal, announced.repaid, announced.claim
    price, loss = _amount(deal["price"]), _amount(claim["loss"])

    def row(announced: Decimal, query: str, identity: str) -> Figure:
        return Figure(announced, partial(_read, stage, query, identity))

    show(
        "the sale, and what was collected for it", price=row(price, SALE, deal["id"]), paid=row(price, PAID, deal["id"])
    )
    show("the lot", high_bid=row(_amount(announced.bid["amount"]), HIGH_BID, announced.bid["auction_id"]))
    payments = people["clerk"].get(f"/financing/loans/{repaid['id']}/repayments")["items"]
    show(
        "the repaid loan, and all that was paid on it",
        principal=row(_amount(repaid["principal"]), LENT, repaid["id"]),
        repaid=row(sum((_amount(each["amount"]) for each in payments), Decimal(0)), REPAID, repaid["id"]),
    )
    back = people["clerk"].get(f"/claims/{claim['id']}/recoveries")
    received = sum((_amount(each["received"]) for each in back), Decimal(0))
    show(
        "the compensated loss, wholly borne; the recovery, wholly shared",
        loss=row(loss, LOSS, claim["id"]),
        borne=row(loss, BORNE, claim["id"]),
        recovered=row(received, RECOVERED, claim["id"]),
        cost_and_shares=row(received, GIVEN_BACK, claim["id"]),
    )


def _amount(money: dict[str, str]) -> Decimal:
    return Decimal(money["amount"])


def _read(stage: Stage, query: str, identity: str) -> Decimal:
    return Decimal(stage.row(query, id=identity)[0]) / 100
