"""Telling lender and borrower where a call for more security stands."""

from datetime import datetime

from marketplace.core.actor import Actor
from marketplace.core.db import find
from marketplace.core.i18n import _l
from marketplace.financing.lenders import lenders_of
from marketplace.financing.loans import Loan, find_loan
from marketplace.financing.margin_answers import AnswerStatus, MarginAnswer, MarginAnswerMoved
from marketplace.financing.margin_calls import CallStatus, MarginCall, MarginCallMoved
from marketplace.notices.inbox import tell
from marketplace.notices.wording import say
from marketplace.registry.assets import find_asset

say(
    "margin_called",
    subject=_l("The bank calls for more security: %(amount)s is missing, until %(day)s"),
    text=_l(
        "Offer a further right, replace a pledged one or repay; after the last day the bank may call the whole debt."
    ),
)
say(
    "margin_missed",
    subject=_l("The last day of the call for more security has passed: %(day)s"),
    text=_l("It can still be cured until a second person of the bank calls the debt."),
)
say(
    "margin_cured",
    subject=_l("The call for more security is cured"),
    text=_l("The rights cover the debt again."),
)
say(
    "margin_withdrawn",
    subject=_l("The bank took its call for more security back"),
    text=_l("Its reason: %(reason)s"),
)
say(
    "margin_defaulted",
    subject=_l("The bank called the whole debt"),
    text=_l("More security was called for and not given in time. The loan is in default."),
)
say(
    "margin_offered",
    subject=_l("The borrower offers %(asset)s as security"),
    text=_l("Agree to it or decline it on the page of the security."),
)
say(
    "margin_agreed",
    subject=_l("The bank takes %(asset)s as security"),
    text=_l("Sign the pledge contract; the call is cured when the office has registered the pledge."),
)
say(
    "margin_declined",
    subject=_l("%(asset)s will not be pledged"),
    text=_l("The reason: %(reason)s The call for more security stands as before."),
)
BOTH = ("borrower_id", "bank_id")
OF_CALL = {
    CallStatus.ISSUED: ("margin_called", ("borrower_id",)),
    CallStatus.OVERDUE: ("margin_missed", BOTH),
    CallStatus.CURED: ("margin_cured", BOTH),
    CallStatus.WITHDRAWN: ("margin_withdrawn", ("borrower_id",)),
    CallStatus.DEFAULTED: ("margin_defaulted", BOTH),
}
"""The words of each step, and which parties of the loan are told."""


def tell_call(_actor: Actor, fact: MarginCallMoved, now: datetime) -> None:
    """The side that must act, or that waited, learns of the step."""
    call, loan = find(MarginCall, fact.call_id), find_loan(fact.loan_id)
    kind, parties = OF_CALL.get(CallStatus(fact.status), ("", ()))
    because = call.ended_because or "—"
    params = {"amount": call.shortfall, "day": call.due_on, "reason": {"zh": because, "en": because}}
    for party in parties:
        for receiver in lenders_of(loan) if party == "bank_id" else [loan.borrower_id]:
            tell(receiver, kind, params, _page(loan), now)


def tell_answer(_actor: Actor, fact: MarginAnswerMoved, now: datetime) -> None:
    """The bank learns of an offered right, the borrower of the bank's answer."""
    answer = find(MarginAnswer, fact.answer_id)
    loan = find_loan(find(MarginCall, fact.call_id).loan_id)
    label, reason = find_asset(answer.asset_id).label, answer.reason or "—"
    params = {"asset": {"zh": label, "en": label}, "reason": {"zh": reason, "en": reason}}
    status = AnswerStatus(fact.status)
    if status is AnswerStatus.OFFERED:
        tell(loan.bank_id, "margin_offered", params, _page(loan), now)
    elif status is not AnswerStatus.PLEDGED:
        tell(loan.borrower_id, f"margin_{status.value}", params, _page(loan), now)


def _page(loan: Loan) -> str:
    return f"/financing/loans/{loan.id}/security"
