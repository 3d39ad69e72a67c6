"""The pages of the bank: the queue, the underwriting file with the offer, the loan book, the pledge register."""

import csv
import io
from uuid import UUID

from flask import Response as Download
from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from marketplace.core.actor import Actor
from marketplace.core.clock import market_day, now
from marketplace.core.db import find
from marketplace.core.formats import show_money
from marketplace.core.http import Waiting, current_actor, idempotent, needs, page_form
from marketplace.core.i18n import _
from marketplace.financing import (
    applications,
    club_decisions,
    clubs,
    exposure,
    loans,
    pledges,
    term_sheets,
    underwriting,
    underwriting_files,
    views,
)  # fmt: skip
from marketplace.financing.club_places import ClubPlaceStatus, places_of
from marketplace.financing.covenants import covenants_of_sheets
from marketplace.financing.loan_terms import yuan
from marketplace.financing.pages_blueprint import pages
from marketplace.financing.schemas import NothingIn, OfferForm, ReasonIn
from marketplace.financing.term_sheets import TermSheetStatus
from marketplace.identity.organisations import find_organisation, names_of
from marketplace.registry.rights import Instrument, check_instrument


@pages.get("/financing/desk")
@needs("loan.underwrite")
def bank_desk() -> str:
    """The applications my bank was invited to, and offers that wait for a second person."""
    actor = current_actor()
    assert actor.organisation_id is not None
    queue = applications.invitations_to(actor.organisation_id)
    waiting = term_sheets.sheets_awaiting_approval(actor.organisation_id)
    asked = clubs.places_for(actor.organisation_id)
    people = [application.borrower_id for _invitation, application in queue]
    for _place, sheet, application in asked:
        people += [sheet.bank_id, application.borrower_id]
    return render_template(
        "financing/desk.html", queue=queue, waiting=waiting, asked=asked, names=names_of(people)
    )  # fmt: skip


@pages.get("/financing/invitations/<uuid:invitation_id>")
@needs("loan.underwrite")
def show_invitation(invitation_id: UUID) -> str:
    """The underwriting file: the borrower, the security with its title and value, our offer."""
    actor = current_actor()
    invitation = applications.find_invitation(actor, invitation_id)
    application = find(applications.Application, invitation.application_id)
    collateral = applications.collateral_of(application.id)
    today = now().date()
    verdicts = {
        asset.id: check_instrument(Instrument("pledge", asset.id, grantor_id=application.borrower_id), today)
        for _one, asset in collateral
    }
    own = term_sheets.sheets_of_invitation(invitation)
    places = {sheet.id: places_of(sheet.id) for sheet in own if sheet.together}
    return render_template(
        "financing/invitation.html",
        invitation=invitation,
        application=application,
        borrower=find_organisation(application.borrower_id),
        collateral=collateral,
        verdicts=verdicts,
        sheets=own,
        places=places,
        promised=covenants_of_sheets(sheet.id for sheet in own),
        banks=[bank for bank in applications.banks_to_choose() if bank.id != invitation.bank_id] if places else [],
        names=names_of(place.bank_id for one in places.values() for place in one),
        limits=exposure.exposures_of(invitation.bank_id, application) if application.amount.currency == "CNY" else [],
        file=underwriting_files.file_of(application, market_day(now())),
        checks_seen=underwriting.checks_seen,
        may_offer=not any(sheet.status in term_sheets.LIVE for sheet in own)
        and invitation.status in (applications.InvitationStatus.INVITED, applications.InvitationStatus.OFFERED),
    )


@pages.post("/financing/invitations/<uuid:invitation_id>/offers")
@needs("loan.underwrite")
@idempotent
def prepare_term_sheet(invitation_id: UUID) -> Response:
    """Make an offer."""
    offer = term_sheets.Offer(**page_form(OfferForm))
    sheet = term_sheets.prepare_term_sheet(current_actor(), invitation_id, offer, now())
    words = (
        _("The offer is out. It costs the borrower %(rate)s a year.", rate=f"{sheet.effective_cost_bps / 100:.2f}%")
        if sheet.status is TermSheetStatus.OFFERED
        else _(
            "The offer waits for a second person. It costs the borrower %(rate)s a year.",
            rate=f"{sheet.effective_cost_bps / 100:.2f}%",
        )
    )
    flash(words, "good")
    return redirect(url_for("financing.show_invitation", invitation_id=invitation_id), 303)


@pages.post("/financing/invitations/<uuid:invitation_id>/declination")
@needs("loan.underwrite")
@idempotent
def decline_invitation(invitation_id: UUID) -> Response:
    """Make no offer."""
    applications.decline_invitation(current_actor(), invitation_id, page_form(ReasonIn)["reason"], now())
    flash(_("The application is declined."), "good")
    return redirect(url_for("financing.bank_desk"), 303)


@pages.post("/financing/term-sheets/<uuid:term_sheet_id>/approval")
@needs("loan.approve")
@idempotent
def approve_term_sheet(term_sheet_id: UUID) -> Response:
    """Agree to an offer as the second person."""
    page_form(NothingIn)
    sheet = term_sheets.approve_term_sheet(current_actor(), term_sheet_id, now())
    flash(_("The offer is out."), "good")
    return redirect(url_for("financing.show_invitation", invitation_id=sheet.invitation_id), 303)


@pages.post("/financing/term-sheets/<uuid:term_sheet_id>/withdrawal")
@needs("loan.underwrite")
@idempotent
def withdraw_term_sheet(term_sheet_id: UUID) -> Response:
    """Take an offer back."""
    page_form(NothingIn)
    sheet = term_sheets.withdraw_term_sheet(current_actor(), term_sheet_id, now())
    flash(_("The offer is withdrawn."), "good")
    return redirect(url_for("financing.show_invitation", invitation_id=sheet.invitation_id), 303)


@pages.get("/financing/book")
@needs("loan.underwrite")
def loan_book() -> str:
    """Every loan of my bank, by class."""
    actor = current_actor()
    assert actor.organisation_id is not None
    book = views.book_of(actor.organisation_id, loans.loans_of_bank(actor.organisation_id))
    return render_template(
        "financing/loan_book.html",
        book=book,
        strip=views.classification_strip(book),
        names=names_of(line.loan.borrower_id for line in book),
    )


@pages.get("/financing/book.csv")
@needs("loan.underwrite")
def export_loan_book() -> Download:
    """My bank's loans as a table for a spreadsheet."""
    actor = current_actor()
    assert actor.organisation_id is not None
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(
        ["loan", "status", "class", "days_past_due", "currency", "principal", "outstanding", "rate_bps", "matures_on"]
    )
    for line in views.book_of(actor.organisation_id, loans.loans_of_bank(actor.organisation_id)):
        loan = line.loan
        amounts = [yuan(money.amount_minor, loan.currency) for money in (line.committed, line.outstanding)]
        table.writerow(
            [
                loan.id,
                loan.status.value,
                loan.loan_class.value,
                loan.days_past_due,
                loan.currency,
                *amounts,
                loan.rate_bps,
                loan.matures_on or "",
            ]
        )
    headers = {"Content-Disposition": "attachment; filename=loan-book.csv"}
    return Download("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


@pages.get("/financing/pledges")
@needs("loan.underwrite")
def pledge_register() -> str:
    """Every right pledged to my bank."""
    actor = current_actor()
    assert actor.organisation_id is not None
    rows = pledges.pledges_of_lender(actor.organisation_id)
    names = names_of(pledge.pledgor_id for pledge, _asset, _loan in rows)
    return render_template("financing/pledge_register.html", rows=rows, names=names)


def waiting_for_bank(actor: Actor) -> list[Waiting]:
    """Invitations to answer, offers and releases for a second person, loans to pay out."""
    assert actor.organisation_id is not None
    found = []
    queue = applications.invitations_to(actor.organisation_id)
    fresh = sum(invitation.status is applications.InvitationStatus.INVITED for invitation, _application in queue)
    if fresh and actor.may("loan.underwrite"):
        found.append(Waiting(_("Loan applications to answer: %(count)s", count=fresh), url_for("financing.bank_desk")))
    answers = (ClubPlaceStatus.ASKED, ClubPlaceStatus.RECOMMENDED)
    for place, _sheet, _application in clubs.places_for(actor.organisation_id):
        if place.status in answers and (place.status is ClubPlaceStatus.ASKED or actor.may("loan.approve")):
            link = url_for("financing.show_club_place", place_id=place.id)
            found.append(
                Waiting(_("Lend a part of %(amount)s together with another bank", amount=show_money(place.part)), link)
            )
    if actor.may("loan.approve"):
        for loan in club_decisions.loans_awaiting(actor.organisation_id):
            link = url_for("financing.show_loan", loan_id=loan.id)
            found.append(
                Waiting(_("Answer the agent of the loan of %(amount)s", amount=show_money(loan.principal)), link)
            )
        sheets = term_sheets.sheets_awaiting_approval(actor.organisation_id)
        others = [sheet for sheet in sheets if sheet.prepared_by != actor.person_id]
        if others:
            found.append(Waiting(_("Offers to approve: %(count)s", count=len(others)), url_for("financing.bank_desk")))
    for pledge, asset, loan in pledges.pledges_of_lender(actor.organisation_id):
        link = url_for("financing.show_loan", loan_id=loan.id)
        if pledge.status is pledges.PledgeStatus.AGREED and pledge.signed_at is not None:
            found.append(Waiting(_("File the pledge of %(asset)s", asset=asset.label), link))
        elif pledge.status is pledges.PledgeStatus.REGISTERED and loan.status is loans.LoanStatus.APPROVED:
            found.append(Waiting(_("Pay out the loan secured by %(asset)s", asset=asset.label), link))
        elif pledge.status is pledges.PledgeStatus.REGISTERED and loan.status is loans.LoanStatus.PAID_OFF:
            found.append(Waiting(_("Release the pledge of %(asset)s", asset=asset.label), link))
    return found
