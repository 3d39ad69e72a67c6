"""What bank, pledgor and pool do with a take-over, on the page of the enrolment."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import flash, redirect, url_for
from werkzeug.wrappers import Response

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.errors import NotFound
from marketplace.core.http import current_actor, idempotent, page_form, signed_in
from marketplace.core.i18n import _
from marketplace.risk_pool import take_overs
from marketplace.risk_pool.pages_blueprint import pages
from marketplace.risk_pool.schemas import NothingIn, ReasonIn
from marketplace.risk_pool.take_over_schemas import ReferenceIn, ResaleForm, TakeOverForm

Step = Callable[[Actor, UUID, dict[str, Any], datetime], Any]
STEPS: dict[str, tuple[type[Any], Step]] = {
    "consent": (NothingIn, lambda actor, it, _given, at: take_overs.consent_to_take_over(actor, it, at)),
    "review": (ReasonIn, lambda actor, it, given, at: take_overs.review_take_over(actor, it, given["reason"], at)),
    "approval": (NothingIn, lambda actor, it, _given, at: take_overs.approve_take_over(actor, it, at)),
    "refusal": (ReasonIn, lambda actor, it, given, at: take_overs.refuse_take_over(actor, it, given["reason"], at)),
    "withdrawal": (NothingIn, lambda actor, it, _given, at: take_overs.withdraw_take_over(actor, it, at)),
    "price": (ReferenceIn, lambda actor, it, given, at: take_overs.receive_price(actor, it, given["reference"], at)),
    "recordal": (
        ReferenceIn,
        lambda actor, it, given, at: take_overs.record_recordal(actor, it, given["reference"], at),
    ),
    "resale": (
        ResaleForm,
        lambda actor, it, given, at: take_overs.record_resale(actor, it, given["price"], given["reference"], at),
    ),
}
"""What each side does with a take-over, as its form sends it."""


@pages.post("/risk-pool/enrolments/<uuid:enrolment_id>/take-overs")
@signed_in
@idempotent
def offer_for_take_over(enrolment_id: UUID) -> Response:
    """Offer a pledged right to the pool."""
    given = page_form(TakeOverForm)
    take_overs.offer_for_take_over(current_actor(), enrolment_id, given["pledge_id"], given["price"], now())
    flash(_("Done."), "good")
    return redirect(url_for("risk_pool.show_enrolment", enrolment_id=enrolment_id), 303)


@pages.post("/risk-pool/take-overs/<uuid:take_over_id>/<step>")
@signed_in
@idempotent
def act_on_take_over(take_over_id: UUID, step: str) -> Response:
    """One step of a take-over."""
    if step not in STEPS:
        raise NotFound()
    shape, act = STEPS[step]
    found = act(current_actor(), take_over_id, page_form(shape), now())
    flash(_("Done."), "good")
    return redirect(url_for("risk_pool.show_enrolment", enrolment_id=found.enrolment_id), 303)
