"""Telling bank and borrower where pledged licence fees stand, and the bank what the licensee paid."""

from datetime import datetime

from marketplace.core.actor import Actor
from marketplace.core.db import find
from marketplace.core.i18n import _l
from marketplace.deals.royalties import RoyaltyPaid, RoyaltyPeriod
from marketplace.financing.lenders import lenders_of
from marketplace.financing.loans import find_loan
from marketplace.financing.receivables import Receivable, ReceivableMoved, ReceivableStatus, pledged_royalties
from marketplace.notices.inbox import tell
from marketplace.notices.wording import say

say(
    "receivable_offered",
    subject=_l("The borrower offers licence fees of %(amount)s as security"),
    text=_l("Take them or say why not on the page of the loan."),
)
say(
    "receivable_agreed",
    subject=_l("The bank takes licence fees of %(amount)s as security"),
    text=_l("Sign the contract; the pledge exists from its registration."),
)
say(
    "receivable_declined",
    subject=_l("The bank does not take licence fees of %(amount)s as security"),
    text=_l("The reason: %(reason)s"),
)
say(
    "receivable_cancelled",
    subject=_l("Licence fees of %(amount)s will not be pledged"),
    text=_l("The offer was taken back, or its contract was not signed."),
)
say(
    "receivable_registered",
    subject=_l("The pledge of licence fees of %(amount)s is registered"),
    text=_l("From now on they may not be assigned, waived or deferred without the bank."),
)
say(
    "receivable_released",
    subject=_l("Licence fees of %(amount)s are free again"),
    text=_l("The bank let them go."),
)
say(
    "receivable_paid",
    subject=_l("A pledged licence paid %(amount)s for a period"),
    text=_l("The page of the loan shows what was expected and what has come so far."),
)
TO_BANK = (ReceivableStatus.OFFERED, ReceivableStatus.CANCELLED)


def tell_receivable(_actor: Actor, fact: ReceivableMoved, now: datetime) -> None:
    """The side that must act, or that waited, learns of the step."""
    receivable, loan = find(Receivable, fact.receivable_id), find_loan(fact.loan_id)
    because = receivable.reason or "—"
    params = {"amount": receivable.expected, "reason": {"zh": because, "en": because}}
    receivers = lenders_of(loan) if ReceivableStatus(fact.status) in TO_BANK else [loan.borrower_id]
    for receiver in receivers:
        tell(receiver, f"receivable_{fact.status}", params, f"/financing/loans/{loan.id}", now)


def tell_royalty(_actor: Actor, fact: RoyaltyPaid, now: datetime) -> None:
    """The lenders learn of a payment on pledged licence fees."""
    receivable = pledged_royalties(fact.deal_id)
    period = find(RoyaltyPeriod, fact.period_id)
    paid = period.royalty if fact.purpose == "royalty" else period.interest
    if receivable is not None and paid is not None:
        for lender in lenders_of(find_loan(receivable.loan_id)):
            tell(lender, "receivable_paid", {"amount": paid}, f"/financing/loans/{receivable.loan_id}", now)
