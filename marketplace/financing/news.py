"""Telling holder and bank what happened to their loan; a bank is told nothing of another bank."""

from datetime import datetime
from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.core.db import find
from marketplace.core.i18n import _l
from marketplace.financing.agreements import LoanCancelled, TermSheetAccepted
from marketplace.financing.applications import (
    Application,
    ApplicationFiled,
    ApplicationWithdrawn,
    Invitation,
    InvitationDeclined,
    invitations_of,
)
from marketplace.financing.enforcement import PledgeRealised, Realisation
from marketplace.financing.lenders import lenders_of
from marketplace.financing.loans import InstalmentMissed, Loan, LoanDefaulted, LoanDisbursed, LoanPaidOff, find_loan
from marketplace.financing.pledges import Pledge, PledgeRefused, PledgeRegistered, PledgeReleased
from marketplace.financing.term_sheets import TermSheet, TermSheetOffered, TermSheetPrepared, TermSheetWithdrawn
from marketplace.identity.four_eyes import needs_second_person
from marketplace.identity.organisations import find_organisation
from marketplace.notices.inbox import tell
from marketplace.notices.wording import say
from marketplace.registry.assets import find_asset

say(
    "loan_asked",
    subject=_l("%(borrower)s asks your bank for a loan of %(amount)s"),
    text=_l("Open the application to see the rights offered as security, then make an offer or decline."),
)
say(
    "loan_no_longer_asked",
    subject=_l("%(borrower)s withdrew its loan application"),
    text=_l("The application is closed. Offers that were out have ended."),
)
say(
    "loan_declined",
    subject=_l("%(bank)s makes no offer"),
    text=_l("The bank declined your loan application. Its reason: %(reason)s"),
)
say(
    "loan_offer_to_approve",
    subject=_l("An offer of %(amount)s waits for a second person"),
    text=_l("Somebody who did not prepare it must approve the offer before the borrower sees it."),
)
say(
    "loan_offered",
    subject=_l("%(bank)s offers you a loan of %(amount)s"),
    text=_l("Compare it with your other offers by its real yearly cost. It is valid until %(day)s."),
)
say(
    "loan_offer_withdrawn",
    subject=_l("%(bank)s took its offer back"),
    text=_l("The offer can no longer be accepted."),
)
say(
    "loan_agreed",
    subject=_l("%(borrower)s accepted your offer of %(amount)s"),
    text=_l("Sign the loan contract and the pledge contract, then file the pledge."),
)
say(
    "loan_given_up",
    subject=_l("The loan of %(amount)s will not be paid out"),
    text=_l("The agreement ended before the loan was paid out; rights that were only promised are free again."),
)
say(
    "pledge_registered",
    subject=_l("The pledge of %(asset)s is registered"),
    text=_l("From now on the right cannot be transferred or licensed without the lender's recorded consent."),
)
say(
    "pledge_refused",
    subject=_l("The pledge of %(asset)s was not registered"),
    text=_l("The office's reason: %(reason)s The loan cannot be paid out as things stand."),
)
say(
    "pledge_released",
    subject=_l("%(asset)s is no longer pledged"),
    text=_l("The lender released the right; it can be transferred and licensed freely again."),
)
say(
    "pledge_realised",
    subject=_l("The sale of %(asset)s brought the lender %(proceeds)s"),
    text=_l(
        "Costs %(costs)s, debt paid %(applied)s, due back to the pledgor %(surplus)s. Principal still owed: %(owed)s."
    ),
)
say(
    "loan_disbursed",
    subject=_l("Your loan of %(amount)s was paid out"),
    text=_l("The schedule with every due date is on the page of the loan."),
)
say(
    "instalment_missed",
    subject=_l("Instalment %(nr)s was not paid in full"),
    text=_l("Interest on arrears runs from the day after the due date until it is paid."),
)
say(
    "loan_defaulted",
    subject=_l("The loan of %(amount)s is in default"),
    text=_l("It is more than ninety days past due. The bank may now enforce the pledge."),
)
say(
    "loan_paid_off",
    subject=_l("The loan of %(amount)s is paid off"),
    text=_l("Nothing is owed any longer. The bank releases the pledged rights."),
)


def tell_asked(_actor: Actor, fact: ApplicationFiled, now: datetime) -> None:
    """Each bank asked learns of it, and of no other bank."""
    application = find(Application, fact.application_id)
    params = {"borrower": _names(application.borrower_id), "amount": application.amount}
    for invitation in invitations_of(application.id):
        tell(invitation.bank_id, "loan_asked", params, f"/financing/invitations/{invitation.id}", now)


def tell_withdrawn(_actor: Actor, fact: ApplicationWithdrawn, now: datetime) -> None:
    """The banks asked learn that the holder no longer asks."""
    application = find(Application, fact.application_id)
    params = {"borrower": _names(application.borrower_id)}
    for invitation in invitations_of(application.id):
        tell(invitation.bank_id, "loan_no_longer_asked", params, f"/financing/invitations/{invitation.id}", now)


def tell_declined(_actor: Actor, fact: InvitationDeclined, now: datetime) -> None:
    """The holder learns that a bank makes no offer."""
    invitation = find(Invitation, fact.invitation_id)
    application = find(Application, invitation.application_id)
    params = {"bank": _names(invitation.bank_id), "reason": _both(invitation.reason or "—")}
    tell(application.borrower_id, "loan_declined", params, f"/financing/applications/{application.id}", now)


def tell_prepared(_actor: Actor, fact: TermSheetPrepared, now: datetime) -> None:
    """The bank's own people learn that an offer waits for a second person."""
    sheet = find(TermSheet, fact.term_sheet_id)
    if needs_second_person(sheet.bank_id, sheet.amount):
        link = f"/financing/invitations/{sheet.invitation_id}"
        tell(sheet.bank_id, "loan_offer_to_approve", {"amount": sheet.amount}, link, now)


def tell_offered(_actor: Actor, fact: TermSheetOffered, now: datetime) -> None:
    """The holder learns of an offer."""
    sheet = find(TermSheet, fact.term_sheet_id)
    params = {"bank": _names(sheet.bank_id), "amount": sheet.amount, "day": sheet.valid_until}
    tell(_borrower(sheet), "loan_offered", params, f"/financing/applications/{sheet.application_id}", now)


def tell_offer_withdrawn(_actor: Actor, fact: TermSheetWithdrawn, now: datetime) -> None:
    """The holder learns that an offer it saw is gone."""
    sheet = find(TermSheet, fact.term_sheet_id)
    if sheet.was_offered:
        link = f"/financing/applications/{sheet.application_id}"
        tell(_borrower(sheet), "loan_offer_withdrawn", {"bank": _names(sheet.bank_id)}, link, now)


def tell_agreed(_actor: Actor, fact: TermSheetAccepted, now: datetime) -> None:
    """The chosen bank, and whoever lends with it, learns that its offer was taken."""
    loan = find_loan(fact.loan_id)
    params = {"borrower": _names(loan.borrower_id), "amount": loan.principal}
    for lender in lenders_of(loan):
        tell(lender, "loan_agreed", params, _page(loan), now)


def tell_given_up(_actor: Actor, fact: LoanCancelled, now: datetime) -> None:
    """Both parties learn that the loan will not be paid out."""
    loan = find_loan(fact.loan_id)
    _tell_both(loan, "loan_given_up", now)


def tell_registered(_actor: Actor, fact: PledgeRegistered, now: datetime) -> None:
    """The pledgor learns that its right is burdened."""
    _tell_pledgor(fact.pledge_id, "pledge_registered", now)


def tell_refused(_actor: Actor, fact: PledgeRefused, now: datetime) -> None:
    """The pledgor learns that the office refused."""
    _tell_pledgor(fact.pledge_id, "pledge_refused", now)


def tell_released(_actor: Actor, fact: PledgeReleased, now: datetime) -> None:
    """The pledgor learns that its right is free."""
    _tell_pledgor(fact.pledge_id, "pledge_released", now)


def tell_realised(_actor: Actor, fact: PledgeRealised, now: datetime) -> None:
    """Both parties learn what the right brought and what it paid."""
    pledge, sold = find(Pledge, fact.pledge_id), find(Realisation, fact.realisation_id)
    loan = find_loan(pledge.loan_id)
    params = {
        "asset": _both(find_asset(pledge.asset_id).label), "proceeds": sold.proceeds, "costs": sold.costs,
        "applied": sold.applied, "surplus": sold.surplus, "owed": loan.outstanding,
    }  # fmt: skip
    for party in (pledge.pledgor_id, pledge.lender_id):
        tell(party, "pledge_realised", params, _page(loan), now)


def tell_disbursed(_actor: Actor, fact: LoanDisbursed, now: datetime) -> None:
    """The borrower learns that the money is out."""
    loan = find_loan(fact.loan_id)
    tell(loan.borrower_id, "loan_disbursed", {"amount": loan.principal}, _page(loan), now)


def tell_missed(_actor: Actor, fact: InstalmentMissed, now: datetime) -> None:
    """Both parties learn of a missed instalment."""
    loan = find_loan(fact.loan_id)
    for party in (loan.borrower_id, *lenders_of(loan)):
        tell(party, "instalment_missed", {"nr": fact.nr}, _page(loan), now)


def tell_defaulted(_actor: Actor, fact: LoanDefaulted, now: datetime) -> None:
    """Both parties learn of the default."""
    _tell_both(find_loan(fact.loan_id), "loan_defaulted", now)


def tell_paid_off(_actor: Actor, fact: LoanPaidOff, now: datetime) -> None:
    """Both parties learn that nothing is owed."""
    _tell_both(find_loan(fact.loan_id), "loan_paid_off", now)


def _tell_both(loan: Loan, kind: str, now: datetime) -> None:
    for party in (loan.borrower_id, *lenders_of(loan)):
        tell(party, kind, {"amount": loan.principal}, _page(loan), now)


def _tell_pledgor(pledge_id: UUID, kind: str, now: datetime) -> None:
    pledge = find(Pledge, pledge_id)
    params = {"asset": _both(find_asset(pledge.asset_id).label), "reason": _both(pledge.refusal_reason or "—")}
    tell(pledge.pledgor_id, kind, params, f"/financing/loans/{pledge.loan_id}", now)


def _borrower(sheet: TermSheet) -> UUID:
    return find(Application, sheet.application_id).borrower_id


def _page(loan: Loan) -> str:
    return f"/financing/loans/{loan.id}"


def _names(organisation_id: UUID) -> dict[str, str | None]:
    organisation = find_organisation(organisation_id)
    return {"zh": organisation.name_zh, "en": organisation.name_en}


def _both(text: str) -> dict[str, str]:
    return {"zh": text, "en": text}
