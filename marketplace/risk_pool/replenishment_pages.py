"""The page of what is put into a pool: the list, recording, and the second person's confirmation."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from marketplace.core.actor import Actor
from marketplace.core.clock import market_day, now
from marketplace.core.errors import Malformed, NotFound
from marketplace.core.http import Waiting, current_actor, dashboard_provider, idempotent, needs, page_form, signed_in
from marketplace.core.i18n import _, _l, pick
from marketplace.core.money import Money
from marketplace.identity.organisations import organisation_by_number
from marketplace.ledger.accounts import balance
from marketplace.risk_pool import policy, replenishment_boards, replenishments
from marketplace.risk_pool.pages_blueprint import pages
from marketplace.risk_pool.pools import Pool, find_pool
from marketplace.risk_pool.replenishment_schemas import ReplenishmentForm
from marketplace.risk_pool.replenishments import Told
from marketplace.risk_pool.schemas import NothingIn, ReasonIn

Step = Callable[[Actor, UUID, dict[str, Any], datetime], Any]
STEPS: dict[str, tuple[type[Any], Step]] = {
    "confirmation": (NothingIn, lambda actor, it, _given, at: replenishments.confirm_replenishment(actor, it, at)),
    "refusal": (
        ReasonIn,
        lambda actor, it, given, at: replenishments.refuse_replenishment(actor, it, given["reason"], at),
    ),
}
"""What is done with recorded money, as its form sends it."""


@pages.get("/risk-pool/pools/<uuid:pool_id>/replenishments")
@signed_in
def list_replenishments(pool_id: UUID) -> str:
    """What was put into a pool, by whom and why, and what the account held after it."""
    actor = current_actor()
    listed = replenishment_boards.replenishments_seen(actor, pool_id, request.args.get("after"), 50)
    pool = find_pool(pool_id)
    return render_template(
        "risk_pool/replenishments.html",
        pool=pool,
        listed=listed,
        sponsors=replenishment_boards.sponsors_of(listed["items"]),
        after=replenishment_boards.balances_after(pool, listed["items"]),
        words=replenishment_boards,
        choices=_choices(),
        held={one: balance(pool.account(one.value), pool.currency).available for one in replenishments.Purpose},
        may_record=policy.may_review(actor, pool) or policy.may_decide(actor, pool),
        decides=policy.may_decide(actor, pool),
        me=actor.person_id,
        today=market_day(now()),
    )


@pages.post("/risk-pool/pools/<uuid:pool_id>/replenishments")
@needs("pool.review")
@idempotent
def record_replenishment(pool_id: UUID) -> Response:
    """Record money that reached the pool."""
    told = _told(find_pool(pool_id), page_form(ReplenishmentForm))
    replenishments.record_replenishment(current_actor(), pool_id, told, now())
    flash(_("Recorded. It counts when a second person has confirmed it."), "good")
    return redirect(url_for("risk_pool.list_replenishments", pool_id=pool_id), 303)


@pages.post("/risk-pool/replenishments/<uuid:replenishment_id>/<step>")
@signed_in
@idempotent
def decide_replenishment(replenishment_id: UUID, step: str) -> Response:
    """Confirm recorded money, or find it wrong."""
    if step not in STEPS:
        raise NotFound()
    schema, act = STEPS[step]
    found = act(current_actor(), replenishment_id, page_form(schema), now())
    flash(_("Done."), "good")
    return redirect(url_for("risk_pool.list_replenishments", pool_id=found.pool_id), 303)


def _choices() -> dict[str, list[tuple[str, str]]]:
    """What the form offers to choose from, in the page's language."""
    lists: dict[str, Mapping[Any, dict[str, str]]] = {
        "sponsors": replenishment_boards.SPONSORS,
        "reasons": replenishment_boards.REASONS,
        "purposes": replenishment_boards.PURPOSES,
    }
    return {name: [(str(key), pick(words)) for key, words in known.items()] for name, known in lists.items()}


def _told(pool: Pool, given: dict[str, Any]) -> Told:
    """The form's words as particulars: the amount in the pool's currency, the payer by its registration number."""
    number, amount = given.pop("sponsor_number"), given.pop("amount")
    payer = organisation_by_number(number) if number else None
    if number and payer is None:
        raise Malformed("sponsor_number", _l("No verified organisation has this registration number."))
    return Told(**given, amount=Money.typed(amount, pool.currency), sponsor_id=payer.id if payer else None)


@dashboard_provider
def replenishments_waiting(actor: Actor, _now: datetime) -> list[Waiting]:
    """Recorded money that waits for the reader's confirmation."""
    return [
        Waiting(
            _("%(amount)s put into the pool waits for your confirmation", amount=each.amount),
            url_for("risk_pool.list_replenishments", pool_id=each.pool_id),
        )
        for each in replenishment_boards.waiting_replenishments(actor)
    ]
