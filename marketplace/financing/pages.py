"""The pages of the holder: what was asked, what was offered, what is owed."""

from datetime import datetime
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.formats import show_money
from marketplace.core.http import Waiting, current_actor, dashboard_provider, idempotent, needs, page_form, signed_in
from marketplace.core.i18n import _
from marketplace.financing import (
    agreements,
    amendment_pages,
    applications,
    bank_pages,
    club_pages,
    clubs,
    consent_pages,
    covenant_pages,
    criteria_pages,
    loan_pages,
    loans,
    monitoring_pages,
    receivable_pages,
    statement_pages,
    term_sheets,
    views,
)
from marketplace.financing.applications import Invitation
from marketplace.financing.asset_values import known_value
from marketplace.financing.club_places import ClubPlace, filled_places
from marketplace.financing.covenants import covenants_of_sheets
from marketplace.financing.pages_blueprint import pages
from marketplace.financing.schemas import AcceptanceIn, NothingIn, WishForm
from marketplace.financing.term_sheets import TermSheet, TermSheetStatus
from marketplace.identity.organisations import names_of
from marketplace.registry.ownership import assets_of

MORE = (
    amendment_pages,
    bank_pages,
    club_pages,
    consent_pages,
    covenant_pages,
    criteria_pages,
    loan_pages,
    monitoring_pages,
    receivable_pages,
    statement_pages,
)


@pages.get("/financing")
@signed_in
def my_financing() -> str:
    """My applications and loans."""
    actor = current_actor()
    own = loans.loans_of_borrower(actor.organisation_id) if actor.organisation_id else []
    asked = views.applications_seen_by(actor)
    names = names_of(loan.bank_id for loan in own)
    return render_template("financing/my_financing.html", applications=asked, loans=own, names=names)


@pages.get("/financing/apply")
@needs("loan.apply")
def apply_form() -> str:
    """Ask for a loan in five fields."""
    actor = current_actor()
    held = assets_of(actor.organisation_id) if actor.organisation_id else []
    usable = [asset for asset in held if asset.is_in_force(now().date())]
    chosen = [asset for asset in usable if str(asset.id) in request.args.getlist("asset")]
    seen = [(asset, known_value(actor, asset)) for asset in chosen]
    return render_template(
        "financing/apply.html",
        assets=usable,
        chosen={str(asset.id) for asset in chosen},
        banks=applications.banks_to_choose(),
        cap=applications.cap_of(seen) if seen else None,
    )


@pages.post("/financing/apply")
@needs("loan.apply")
@idempotent
def file_application() -> Response:
    """File the application."""
    wish = applications.Wish(**page_form(WishForm))
    application = applications.file_application(current_actor(), wish, now())
    flash(_("The banks you chose have been asked."), "good")
    return redirect(url_for("financing.show_application", application_id=application.id), 303)


@pages.get("/financing/applications/<uuid:application_id>")
@signed_in
def show_application(application_id: UUID) -> str:
    """One application: the security, the banks' answers, the offers side by side."""
    actor = current_actor()
    application = applications.find_application(actor, application_id)
    offers = term_sheets.offers_on(actor, application_id)
    invitations = applications.invitations_of(application_id)
    proposed = clubs.places_to_allow(actor, application.id)
    live = [sheet for sheet in offers if sheet.status is TermSheetStatus.OFFERED]
    return render_template(
        "financing/application.html",
        proposed=proposed,
        application=application,
        collateral=applications.collateral_of(application_id),
        invitations=invitations,
        offers=offers,
        promises=covenants_of_sheets(sheet.id for sheet in offers),
        clubs={sheet.id: filled_places(sheet.id) for sheet in offers if sheet.is_club},
        names=names_of(_banks_named(invitations, offers, proposed)),
        grounds=agreements.grounds_before_signing(live[0], now()) if live else [],
    )


def _banks_named(
    invitations: list[Invitation], offers: list[TermSheet], proposed: list[tuple[ClubPlace, UUID]]
) -> set[UUID]:
    """Every bank the borrower's page names."""
    joined = [place.bank_id for sheet in offers if sheet.is_club for place in filled_places(sheet.id)]
    return {*(one.bank_id for one in invitations), *joined, *(place.bank_id for place, _lead in proposed)}


@pages.post("/financing/applications/<uuid:application_id>/withdrawal")
@needs("loan.apply")
@idempotent
def withdraw_application(application_id: UUID) -> Response:
    """Ask no longer."""
    page_form(NothingIn)
    applications.withdraw_application(current_actor(), application_id, now())
    flash(_("The application is withdrawn."), "good")
    return redirect(url_for("financing.my_financing"), 303)


@pages.post("/financing/term-sheets/<uuid:term_sheet_id>/acceptance")
@needs("loan.apply")
@idempotent
def accept_term_sheet(term_sheet_id: UUID) -> Response:
    """Take one offer."""
    given = page_form(AcceptanceIn)
    loan = agreements.accept_term_sheet(current_actor(), term_sheet_id, given["informed"], now(), given["covenants"])
    flash(_("The offer is accepted. Sign the two contracts next."), "good")
    return redirect(url_for("financing.show_loan", loan_id=loan.id), 303)


@dashboard_provider
def waiting(actor: Actor, at: datetime) -> list[Waiting]:
    """Offers to compare, instalments to pay, invitations to answer, acts of a second person."""
    if actor.organisation_id is None:
        return []
    return bank_pages.waiting_for_bank(actor) if views.lends(actor) else _waiting_for_holder(actor, at)


def _waiting_for_holder(actor: Actor, at: datetime) -> list[Waiting]:
    found = []
    for application in views.applications_seen_by(actor):
        if application.status is not applications.ApplicationStatus.OPEN:
            continue
        live = [one for one in term_sheets.offers_on(actor, application.id) if one.status is TermSheetStatus.OFFERED]
        if live:
            link = url_for("financing.show_application", application_id=application.id)
            found.append(Waiting(_("Loan offers to compare: %(count)s", count=len(live)), link))
    for loan in loans.loans_of_borrower(actor.organisation_id) if actor.organisation_id else []:
        row = views.next_due(loans.instalments_of(loan.id)) if loan.status in loans.RUNNING else None
        if row is not None:
            text = _("Pay loan instalment %(nr)s: %(amount)s", nr=row.nr, amount=show_money(row.money(row.open_minor)))
            due = datetime(row.due_on.year, row.due_on.month, row.due_on.day, tzinfo=at.tzinfo)
            found.append(Waiting(text, url_for("financing.show_loan", loan_id=loan.id), due))
    return found
