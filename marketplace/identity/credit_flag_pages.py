"""The verifier's page of credit flags."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from marketplace.core.clock import market_day, now
from marketplace.core.errors import NotFound
from marketplace.core.http import current_actor, idempotent, needs, page_form
from marketplace.core.i18n import _
from marketplace.identity import credit_flags
from marketplace.identity.blueprints import pages
from marketplace.identity.schemas import DecisionIn, EmptyIn, ReasonIn

STEPS: dict[str, tuple[type[Any], Callable[..., Any]]] = {
    "confirmation": (EmptyIn, lambda actor, it, _given, at: credit_flags.confirm_flag(actor, it, at)),
    "refusal": (ReasonIn, lambda actor, it, given, at: credit_flags.refuse_flag(actor, it, given["reason"], at)),
    "repair": (ReasonIn, lambda actor, it, given, at: credit_flags.repair_flag(actor, it, given["reason"], at)),
}


@pages.get("/credit-flags")
@needs("platform.verify")
def credit_flag_list() -> str:
    """Decisions of authorities that wait for a second person or are in force, and the form for another."""
    return render_template(
        "identity/credit_flags.html",
        rows=credit_flags.flags_to_decide(current_actor()),
        acts=[(act.value, act.label) for act in credit_flags.DishonestAct],
        today=market_day(now()),
    )


@pages.post("/credit-flags")
@needs("platform.verify")
@idempotent
def record_credit_flag() -> Response:
    """Write an authority's decision down."""
    credit_flags.record_flag(current_actor(), credit_flags.Decision(**page_form(DecisionIn)), now())
    flash(_("Recorded. It counts when a second verifier has confirmed it."), "good")
    return redirect(url_for("identity.credit_flag_list"), 303)


@pages.post("/credit-flags/<uuid:flag_id>/<step>")
@needs("platform.verify")
@idempotent
def act_on_credit_flag(flag_id: UUID, step: str) -> Response:
    """Confirm, refuse or end a flag."""
    if step not in STEPS:
        raise NotFound()
    shape, act = STEPS[step]
    act(current_actor(), flag_id, page_form(shape), now())
    flash(_("Done. The list shows what changed."), "good")
    return redirect(url_for("identity.credit_flag_list"), 303)
