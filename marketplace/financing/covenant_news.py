"""Telling borrower and banks where a covenant stands."""

from datetime import datetime

from marketplace.core.actor import Actor
from marketplace.core.db import find
from marketplace.core.i18n import _l
from marketplace.financing.applications import Application
from marketplace.financing.covenant_tests import CovenantTest, CovenantTestMoved
from marketplace.financing.covenants import Covenant, CovenantAgreed, CovenantDropped
from marketplace.financing.lenders import lenders_of
from marketplace.financing.loans import find_loan
from marketplace.financing.term_sheets import TermSheet, TermSheetStatus
from marketplace.identity.organisations import find_organisation
from marketplace.notices.inbox import tell
from marketplace.notices.wording import say

say(
    "covenants_changed",
    subject=_l("%(bank)s changed the covenants of its offer"),
    text=_l("Read them on the page of your application before you accept."),
)
say(
    "covenant_reported",
    subject=_l("The borrower reported on a covenant: %(promise)s"),
    text=_l("Test day %(day)s. Confirm or dispute the report on the page of the loan."),
)
say(
    "covenant_overdue",
    subject=_l("A report on a covenant is late: %(promise)s"),
    text=_l("It was due on %(day)s. The loan is not in default; the delay counts as a warning sign."),
)
say(
    "covenant_disputed",
    subject=_l("The bank does not take your report as true: %(promise)s"),
    text=_l("The reason: %(reason)s Report anew on the page of the loan."),
)
say(
    "covenant_met",
    subject=_l("A covenant is kept: %(promise)s"),
    text=_l("Test day %(day)s is closed."),
)
say(
    "covenant_breached",
    subject=_l("A covenant is broken: %(promise)s"),
    text=_l("Test day %(day)s. This is not of itself a default; it can be cured or waived."),
)
say(
    "covenant_cured",
    subject=_l("A broken covenant is cured: %(promise)s"),
    text=_l("Test day %(day)s is closed."),
)
say(
    "covenant_waiver_asked",
    subject=_l("A waiver of a covenant waits for a second person: %(promise)s"),
    text=_l("Test day %(day)s. The reason: %(reason)s"),
)
say(
    "covenant_waived",
    subject=_l("The bank waives a covenant for one test day: %(promise)s"),
    text=_l("Test day %(day)s is closed. The reason: %(reason)s"),
)
BORROWER, BANKS = "borrower", "banks"
TOLD = {
    "reported": (BANKS,),
    "overdue": (BORROWER, BANKS),
    "due": (BORROWER,),
    "met": (BORROWER,),
    "breached": (BORROWER, BANKS),
    "cured": (BORROWER, BANKS),
    "waiver_asked": (BANKS,),
    "waived": (BORROWER, BANKS),
}
"""Who learns of which step."""


def tell_offer(_actor: Actor, fact: CovenantAgreed | CovenantDropped, now: datetime) -> None:
    """The borrower learns that an offer it has in hand changed; before the offer is out it learns nothing."""
    sheet = find(TermSheet, fact.term_sheet_id)
    if sheet.status is not TermSheetStatus.OFFERED:
        return
    application, bank = find(Application, sheet.application_id), find_organisation(sheet.bank_id)
    names = {"bank": {"zh": bank.name_zh, "en": bank.name_en}}
    tell(application.borrower_id, "covenants_changed", names, f"/financing/applications/{application.id}", now)


def tell_test(_actor: Actor, fact: CovenantTestMoved, now: datetime) -> None:
    """The side that must act, or that waited, learns of the step."""
    test, loan = find(CovenantTest, fact.test_id), find_loan(fact.loan_id)
    covenant = find(Covenant, test.covenant_id)
    disputed = bool(test.answer) and fact.status in ("due", "overdue", "breached")
    kind, sides = ("disputed", (BORROWER,)) if disputed else (fact.status, TOLD.get(fact.status, ()))
    because = (test.answer if disputed else test.waiver_reason) or "—"
    params = {"promise": covenant.words, "day": test.tested_on, "reason": {"zh": because, "en": because}}
    if kind == "overdue":
        params["day"] = test.due_on
    for side in sides:
        for receiver in lenders_of(loan) if side == BANKS else [loan.borrower_id]:
            tell(receiver, f"covenant_{kind}", params, f"/financing/loans/{loan.id}#covenants", now)
