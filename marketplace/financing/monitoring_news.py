"""Telling the lender what its watch found."""

from datetime import datetime

from marketplace.core.actor import Actor
from marketplace.core.i18n import _l
from marketplace.financing.lenders import lenders_of
from marketplace.financing.loans import find_loan
from marketplace.financing.monitoring import SecurityWeakened
from marketplace.identity.organisations import find_organisation
from marketplace.notices.inbox import tell
from marketplace.notices.wording import say

say(
    "security_weakened",
    subject=_l("The loan to %(borrower)s needs your attention: early warning %(score)s of 100"),
    text=_l("New signs: %(count)s. The page of its security shows each with its weight, and the value over the debt."),
)


def tell_weakened(_actor: Actor, fact: SecurityWeakened, now: datetime) -> None:
    """The lender learns that a loan or its security became weaker."""
    loan = find_loan(fact.loan_id)
    borrower = find_organisation(loan.borrower_id)
    params = {
        "borrower": {"zh": borrower.name_zh, "en": borrower.name_en},
        "score": fact.score,
        "count": len(fact.signs.split(",")),
    }
    for lender in lenders_of(loan):
        tell(lender, "security_weakened", params, f"/financing/loans/{loan.id}/security", now)
