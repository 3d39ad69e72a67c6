"""Telling pledgor, pool and bank where a take-over stands."""

from datetime import datetime

from marketplace.core.actor import Actor
from marketplace.core.db import find
from marketplace.core.i18n import _l
from marketplace.financing.pledges import Pledge
from marketplace.notices.inbox import tell
from marketplace.notices.wording import say
from marketplace.registry.assets import find_asset
from marketplace.risk_pool.enrolments import Enrolment
from marketplace.risk_pool.pools import find_pool
from marketplace.risk_pool.take_overs import TakeOver, TakeOverMoved, TakeOverStatus

T = TakeOverStatus
say(
    "take_over_offered",
    subject=_l("Your bank offers %(asset)s to the pool for %(amount)s"),
    text=_l("The right passes only if you agree; the price pays your debt, what is left over is yours."),
)
say(
    "take_over_consented",
    subject=_l("%(asset)s is offered to the pool for %(amount)s; the pledgor agrees"),
    text=_l("One person reviews the purchase, another decides."),
)
say(
    "take_over_approved",
    subject=_l("The pool buys %(asset)s for %(amount)s"),
    text=_l("The bank confirms when the price has arrived; the right passes with the office's recordal."),
)
say(
    "take_over_refused",
    subject=_l("The pool does not buy %(asset)s"),
    text=_l("The reason: %(reason)s"),
)
say(
    "take_over_held",
    subject=_l("%(asset)s has passed to the pool"),
    text=_l("The office recorded the change of ownership."),
)
TOLD = {
    T.OFFERED: "pledgor",
    T.CONSENTED: "pool",
    T.APPROVED: "bank pledgor",
    T.REFUSED: "bank pledgor",
    T.HELD: "bank pledgor",
}
"""Who is told of a step."""


def tell_take_over(_actor: Actor, fact: TakeOverMoved, now: datetime) -> None:
    """The side that must act, or that waited, learns of the step."""
    status = T(fact.status)
    if status not in TOLD:
        return
    found, enrolment = find(TakeOver, fact.take_over_id), find(Enrolment, fact.enrolment_id)
    pledge, pool = find(Pledge, found.pledge_id), find_pool(enrolment.pool_id)
    sides = {"pledgor": pledge.pledgor_id, "pool": pool.administrator_id, "bank": enrolment.bank_id}
    label, reason = find_asset(pledge.asset_id).label, found.reason or "—"
    params = {
        "asset": {"zh": label, "en": label}, "amount": found.price, "reason": {"zh": reason, "en": reason},
    }  # fmt: skip
    for side in TOLD[status].split():
        tell(sides[side], f"take_over_{status.value}", params, f"/risk-pool/enrolments/{enrolment.id}", now)
