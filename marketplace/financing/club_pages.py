"""Loans of several banks in the browser: the place a bank is asked to take, and the lenders on a loan's page."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from marketplace.core.actor import Actor
from marketplace.core.clock import market_day, now
from marketplace.core.db import find
from marketplace.core.errors import NotFound
from marketplace.core.http import current_actor, idempotent, needs, page_form, signed_in
from marketplace.core.i18n import _
from marketplace.financing import (
    applications,
    club_decisions,
    clubs,
    exposure,
    lenders,
    loans,
    underwriting,
    underwriting_files,
)
from marketplace.financing.club_places import ClubPlace, filled_places
from marketplace.financing.club_schemas import AnswerIn, NoteIn, PlaceForm
from marketplace.financing.covenants import covenants_of_sheet
from marketplace.financing.pages_blueprint import pages
from marketplace.financing.panels import loan_panels
from marketplace.financing.schemas import NothingIn, ReasonIn
from marketplace.financing.term_sheets import TermSheet, TermSheetStatus
from marketplace.identity.organisations import find_organisation, names_of
from marketplace.registry.rights import Instrument, check_instrument

Step = Callable[[Actor, UUID, dict[str, Any], datetime], ClubPlace]

STEPS: dict[str, tuple[type[Any], str, Step]] = {
    "dropping": (NothingIn, "lead", lambda actor, it, _given, at: clubs.drop_place(actor, it, at)),
    "permission": (NothingIn, "borrower", lambda actor, it, _given, at: clubs.allow_place(actor, it, at)),
    "prohibition": (
        ReasonIn, "borrower", lambda actor, it, given, at: clubs.forbid_place(actor, it, given["reason"], at),
    ),
    "recommendation": (NoteIn, "asked", lambda actor, it, given, at: clubs.recommend_place(actor, it, given["note"], at)),
    "joining": (NothingIn, "asked", lambda actor, it, _given, at: clubs.join_club(actor, it, at)),
    "declination": (
        ReasonIn, "asked", lambda actor, it, given, at: clubs.decline_place(actor, it, given["reason"], at),
    ),
}  # fmt: skip
"""What is done with a place, by whom, as its form sends it."""


@loan_panels.add(order=30)
def lenders_panel(actor: Actor | None, loan: Any) -> Markup | None:
    """On the page of a loan lent together: who lends how much, and what the banks are asked to decide."""
    if actor is None or not loan.is_club:
        return None
    shares = lenders.shares_of(loan)
    banks = [share.bank_id for share in shares]
    return Markup(
        render_template(
            "financing/_lenders.html",
            loan=loan,
            shares=shares,
            names=names_of(banks),
            inside=actor.organisation_id in banks,
            other=actor.organisation_id in banks[1:],
            matters=club_decisions.open_matters(loan) if actor.organisation_id in banks else [],
        )
    )


@pages.get("/financing/club-places/<uuid:place_id>")
@needs("loan.underwrite")
def show_club_place(place_id: UUID) -> str:
    """The file of a bank that is asked to lend a part: the borrower, the security, the lead's terms, our limits."""
    place = clubs.find_place(current_actor(), place_id)
    sheet = find(TermSheet, place.term_sheet_id)
    application = find(applications.Application, sheet.application_id)
    collateral = applications.collateral_of(application.id)
    today = now().date()
    others = filled_places(sheet.id)
    return render_template(
        "financing/club_place.html",
        place=place,
        sheet=sheet,
        application=application,
        borrower=find_organisation(application.borrower_id),
        collateral=collateral,
        verdicts={
            asset.id: check_instrument(Instrument("pledge", asset.id, grantor_id=application.borrower_id), today)
            for _one, asset in collateral
        },
        limits=exposure.exposures_of(place.bank_id, application, place.id) if place.part.currency == "CNY" else [],
        others=others,
        file=underwriting_files.file_of(application, market_day(now())),
        checks_seen=underwriting.checks_seen,
        promises=covenants_of_sheet(sheet.id),
        names=names_of([sheet.bank_id, *(one.bank_id for one in others)]),
        open=sheet.status is TermSheetStatus.PREPARED,
    )


@pages.post("/financing/term-sheets/<uuid:term_sheet_id>/places")
@needs("loan.underwrite")
@idempotent
def propose_club_place(term_sheet_id: UUID) -> Response:
    """Propose that another bank lends a part."""
    given = page_form(PlaceForm)
    place = clubs.propose_place(current_actor(), term_sheet_id, given["bank_id"], given["part"], now())
    flash(_("The borrower is asked to allow that this bank reads its application."), "good")
    return redirect(_page_of(place, "lead"), 303)


@pages.post("/financing/club-places/<uuid:place_id>/<step>")
@signed_in
@idempotent
def act_on_club_place(place_id: UUID, step: str) -> Response:
    """One act of the lead, the borrower or the asked bank on a place."""
    if step not in STEPS:
        raise NotFound()
    shape, side, act = STEPS[step]
    place = act(current_actor(), place_id, page_form(shape), now())
    flash(_("Done. The page shows what changed."), "good")
    return redirect(_page_of(place, side), 303)


@pages.post("/financing/loans/<uuid:loan_id>/answers")
@needs("loan.approve")
@idempotent
def answer_club(loan_id: UUID) -> Response:
    """Agree or disagree with what the agent is about to do."""
    club_decisions.answer_club(current_actor(), loan_id, club_decisions.Answer(**page_form(AnswerIn)), now())
    flash(_("Your bank's answer is recorded."), "good")
    return redirect(url_for("financing.show_loan", loan_id=loans.find_loan(loan_id).id), 303)


def _page_of(place: ClubPlace, side: str) -> str:
    sheet = find(TermSheet, place.term_sheet_id)
    if side == "lead":
        return url_for("financing.show_invitation", invitation_id=sheet.invitation_id)
    if side == "borrower":
        return url_for("financing.show_application", application_id=sheet.application_id)
    return url_for("financing.show_club_place", place_id=place.id)
