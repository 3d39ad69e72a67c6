"""Telling the pool, and the organisation that paid, what became of money put into the pool."""

from datetime import datetime
from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.core.db import find
from marketplace.core.i18n import _l
from marketplace.notices.inbox import tell
from marketplace.notices.wording import say
from marketplace.risk_pool.pools import find_pool
from marketplace.risk_pool.replenishment_boards import sponsors_of
from marketplace.risk_pool.replenishments import (
    PoolReplenished,
    Replenishment,
    ReplenishmentRecorded,
    ReplenishmentRefused,
)

say(
    "pool_money_recorded",
    subject=_l("%(amount)s from %(sponsor)s is recorded for %(pool)s"),
    text=_l("It counts when a second person has looked at the account statement and confirmed it."),
)
say(
    "pool_money_confirmed",
    subject=_l("%(amount)s from %(sponsor)s has reached %(pool)s"),
    text=_l("Two people confirmed it under the bank reference %(reference)s."),
)
say(
    "pool_money_refused",
    subject=_l("%(amount)s recorded for %(pool)s was found wrong"),
    text=_l("The reason: %(reason)s It does not count; the right transfer can be recorded."),
)


def tell_recorded(_actor: Actor, fact: ReplenishmentRecorded, now: datetime) -> None:
    """The pool's people learn that money waits for the second person."""
    _tell(fact.replenishment_id, "pool_money_recorded", "", now)


def tell_confirmed(_actor: Actor, fact: PoolReplenished, now: datetime) -> None:
    """The pool, and the organisation that paid, learn that it counts."""
    _tell(fact.replenishment_id, "pool_money_confirmed", "", now)


def tell_refused(_actor: Actor, fact: ReplenishmentRefused, now: datetime) -> None:
    """The pool learns that a record was wrong."""
    _tell(fact.replenishment_id, "pool_money_refused", fact.reason, now)


def _tell(replenishment_id: UUID, kind: str, reason: str, now: datetime) -> None:
    money = find(Replenishment, replenishment_id)
    pool = find_pool(money.pool_id)
    params = {
        "amount": money.amount, "sponsor": sponsors_of([money])[money.id], "reason": {"zh": reason, "en": reason},
        "pool": {"zh": pool.name_zh, "en": pool.name_en},
        "reference": {"zh": money.bank_reference, "en": money.bank_reference},
    }  # fmt: skip
    link = f"/risk-pool/pools/{pool.id}/replenishments"
    tell(pool.administrator_id, kind, params, link, now)
    if kind == "pool_money_confirmed" and money.sponsor_id not in (None, pool.administrator_id):
        assert money.sponsor_id is not None
        tell(money.sponsor_id, kind, params, "/risk-pool", now)
