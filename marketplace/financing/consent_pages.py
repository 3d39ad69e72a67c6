"""Asking for and giving consent to a sale on the page of the loan."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import flash, redirect, url_for
from werkzeug.wrappers import Response

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.errors import NotFound
from marketplace.core.http import Waiting, current_actor, dashboard_provider, idempotent, page_form, signed_in
from marketplace.core.i18n import _
from marketplace.financing import pledges, sale_consents
from marketplace.financing.consent_schemas import ConsentForm, ConsentRequestIn
from marketplace.financing.pages_blueprint import pages
from marketplace.financing.sale_consents import ConsentStatus, ConsentTerms
from marketplace.financing.schemas import NothingIn, ReasonIn
from marketplace.registry.assets import find_asset

ANSWERS: dict[str, tuple[type[Any], Callable[[Actor, UUID, dict[str, Any], datetime], Any]]] = {
    "approval": (NothingIn, lambda actor, it, _given, at: sale_consents.approve_consent(actor, it, at)),
    "declination": (
        ReasonIn,
        lambda actor, it, given, at: sale_consents.decline_consent(actor, it, given["reason"], at),
    ),
    "withdrawal": (NothingIn, lambda actor, it, _given, at: sale_consents.withdraw_sale_consent(actor, it, at)),
}
"""What the bank does with a request or a consent, as its form sends it."""


@pages.post("/financing/pledges/<uuid:pledge_id>/consent-requests")
@signed_in
@idempotent
def ask_consent(pledge_id: UUID) -> Response:
    """Ask the bank to agree to a sale or licence."""
    given, actor = page_form(ConsentRequestIn), current_actor()
    sale_consents.ask_consent(actor, pledge_id, given["act"], given["reason"], now())
    flash(_("The bank has been asked."), "good")
    return _back(actor, pledge_id)


@pages.post("/financing/pledges/<uuid:pledge_id>/consents")
@signed_in
@idempotent
def agree_to_sale(pledge_id: UUID) -> Response:
    """Agree, as the bank, to a sale or licence."""
    actor = current_actor()
    sale_consents.agree_to_sale(actor, pledge_id, ConsentTerms(**page_form(ConsentForm)), now())
    flash(_("Done. The pledge shows what changed."), "good")
    return _back(actor, pledge_id)


@pages.post("/financing/consents/<uuid:consent_id>/<step>")
@signed_in
@idempotent
def answer_consent(consent_id: UUID, step: str) -> Response:
    """Approve, decline or withdraw."""
    actor = current_actor()
    shape, act = _answer(step)
    consent = act(actor, consent_id, page_form(shape), now())
    flash(_("Done. The pledge shows what changed."), "good")
    return _back(actor, consent.pledge_id)


@dashboard_provider
def consents_to_answer(actor: Actor, _at: datetime) -> list[Waiting]:
    """Requests of borrowers, and answers that wait for a second person."""
    if actor.organisation_id is None or not (actor.may("loan.underwrite") or actor.may("loan.approve")):
        return []
    found = []
    for consent, pledge in sale_consents.consents_waiting(actor.organisation_id):
        link = url_for("financing.show_loan", loan_id=pledge.loan_id)
        label = find_asset(pledge.asset_id).label
        if consent.status is ConsentStatus.ASKED:
            found.append(Waiting(_("Agree to a sale of %(asset)s, or decline", asset=label), link))
        elif actor.may("loan.approve") and consent.prepared_by != actor.person_id:
            found.append(Waiting(_("Approve the consent to a sale of %(asset)s", asset=label), link))
    return found


def _answer(step: str) -> tuple[type[Any], Callable[[Actor, UUID, dict[str, Any], datetime], Any]]:
    if step not in ANSWERS:
        raise NotFound()
    return ANSWERS[step]


def _back(actor: Actor, pledge_id: UUID) -> Response:
    loan_id = pledges.pledge_for_party(actor, pledge_id).loan_id
    return redirect(url_for("financing.show_loan", loan_id=loan_id), 303)
