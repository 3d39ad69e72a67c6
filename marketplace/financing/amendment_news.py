"""Telling bank and borrower where a change of their loan stands."""

from datetime import datetime

from marketplace.core.actor import Actor
from marketplace.core.db import find
from marketplace.core.i18n import _l
from marketplace.financing.amendments import Amendment, AmendmentMoved
from marketplace.financing.lenders import lenders_of
from marketplace.financing.loans import find_loan
from marketplace.notices.inbox import tell
from marketplace.notices.wording import say

say(
    "amendment_proposed",
    subject=_l("A change of a loan of %(amount)s waits for a second person"),
    text=_l("Somebody who did not propose it must agree before it counts."),
)
say(
    "amendment_offered",
    subject=_l("The bank offers new terms for your loan of %(amount)s"),
    text=_l("Nothing changes until you accept them on the page of the loan."),
)
say(
    "amendment_in_force",
    subject=_l("The schedule of the loan of %(amount)s has changed"),
    text=_l("The page of the loan shows it as it was and as it is now."),
)
say(
    "amendment_refused",
    subject=_l("A change of the loan of %(amount)s will not happen"),
    text=_l("The loan goes on by its present terms. The reason is on its page."),
)


def tell_amendment(_actor: Actor, fact: AmendmentMoved, now: datetime) -> None:
    """The bank learns of what waits for it, both sides of what took effect or was refused after an offer."""
    loan, amendment = find_loan(fact.loan_id), find(Amendment, fact.amendment_id)
    lenders = lenders_of(loan) if amendment.kind.needs_borrower else [loan.bank_id]
    receivers = {"proposed": lenders, "offered": [loan.borrower_id]}.get(fact.status)
    if receivers is None:
        both = amendment.agreed_by is not None or amendment.kind.value == "rate_reset"
        receivers = [*lenders_of(loan), loan.borrower_id] if both else lenders
    for receiver in receivers:
        tell(receiver, f"amendment_{fact.status}", {"amount": loan.principal}, f"/financing/loans/{loan.id}", now)
