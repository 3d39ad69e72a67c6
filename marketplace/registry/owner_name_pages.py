"""The review of owner names as a page: what is probably one party, and what was decided."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.http import Waiting, current_actor, dashboard_provider, idempotent, needs, page_form
from marketplace.core.i18n import _, _l
from marketplace.registry import owner_names
from marketplace.registry.blueprints import pages
from marketplace.registry.schemas import NameDecisionIn

REASONS: dict[str, Any] = {
    "same_name": _l("the same words; only case, punctuation, width or script differ"),
    "word_order": _l("the same words in another order"),
    "shortened": _l("a word is shortened"),
    "one_letter": _l("one letter of a long word differs"),
    "form_missing": _l("one of them states no legal form"),
    "form_changed": _l("limited company and company limited by shares: often one company before and after"),
}
VERDICTS: dict[str, Any] = {"same": _l("one party"), "different": _l("two parties")}


@dashboard_provider
def waiting_name_pairs(actor: Actor, _now: datetime) -> list[Waiting]:
    """What the operator finds on the dashboard."""
    count = owner_names.waiting_pairs_count() if actor.may("platform.verify") else 0
    if not count:
        return []
    return [
        Waiting(_("%(count)s pairs of owner names wait for review.", count=count), url_for("registry.owner_name_queue"))
    ]


@pages.get("/owner-names")
@needs("platform.verify")
def owner_name_queue() -> str:
    """Pairs that wait, the surest first, and the latest decisions."""
    return render_template(
        "registry/owner_names.html", waiting=owner_names.name_pairs(), decided=owner_names.name_pairs(decided=True),
        count=owner_names.waiting_pairs_count(), why=_why, verdicts=VERDICTS,
    )  # fmt: skip


def _why(pair: owner_names.OwnerNamePair) -> str:
    return "; ".join(str(REASONS[reason]) for reason in pair.reasons)


@pages.post("/owner-names/<uuid:pair_id>/decision")
@needs("platform.verify")
@idempotent
def decide_owner_names(pair_id: UUID) -> Response:
    """Say whether two names are one party, or open the question again."""
    given = page_form(NameDecisionIn)
    owner_names.decide_names(current_actor(), pair_id, given["verdict"], given["reason"], now())
    flash(_("Your decision is recorded."), "good")
    return redirect(url_for("registry.owner_name_queue"), 303)
